"""Handlers for keywords: a router on top of `signals.message_received`.

    @on_keyword("JA", "YES")
    def confirm(message, **kwargs): ...

    @on_keyword()          # messages that no other handler takes
    def explain(message, **kwargs): ...

A handler is a receiver: it gets `message` and `event_id`, runs in a worker, at least once, and is called again if it
raises. Case does not matter, and punctuation ends a word. On a short code, which many customers share, the word after
our keyword counts; if no handler takes it, the keyword itself.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast

from django_front_sms import optouts
from django_front_sms.gateway.keywords import first_word, normalized, own_text
from django_front_sms.gateway.numbers import normalize
from django_front_sms.models import InboundMessage
from django_front_sms.signals import message_received

Handler = TypeVar("Handler", bound=Callable[..., Any])

_HEAD = 500  # characters of a text that can hold its first two words


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """The messages that a handler is called for. Without words: those that no other handler is called for."""

    words: frozenset[str]
    account: str | None
    recipient: str | None
    sender: str | None

    def admits(self, message: InboundMessage) -> bool:
        """Whether account, recipient and sender match; the words are not checked."""
        return (
            self.account in (None, message.account)
            and self.recipient in (None, message.recipient)
            and self.sender in (None, message.sender)
        )


_routes: list[Route] = []


def on_keyword(
    *words: str, account: str | None = None, recipient: str | None = None, sender: str | None = None
) -> Callable[[Handler], Handler]:
    """Register the decorated function for messages that begin with one of `words`.

    Without words: for messages that no other handler takes, except STOP and START. `account`, `recipient` (the number
    that was written to) and `sender` (the number of the person) restrict it further. All handlers of a word are called.
    Raises `ValueError` for an argument that is not exactly one word.
    """
    for word in words:
        if not normalized(word) or " " in normalized(word):
            raise ValueError(
                f"on_keyword({word!r}): the argument is not one word. Give single words, each as its own argument."
            )
    route = Route(
        frozenset(map(normalized, words)),
        account,
        optouts.sender_form(recipient, account or "default") if recipient else None,
        normalize(sender) if sender else None,
    )

    def connect(handler: Handler) -> Handler:
        message_received.connect(_receiver(handler, route), sender=InboundMessage, weak=False)
        _routes.append(route)
        return handler

    return connect


def fallback(handler: Handler) -> Handler:
    """The same as `on_keyword()`."""
    return on_keyword()(handler)


def _receiver(handler: Callable[..., Any], route: Route) -> Callable[..., Any]:
    if iscoroutinefunction(handler):
        coroutine = cast(Callable[..., Awaitable[Any]], handler)

        @wraps(handler)
        async def receive(message: InboundMessage, **kwargs: Any) -> None:
            if route in _takers(message):
                await coroutine(message=message, **kwargs)

    else:

        @wraps(handler)
        def receive(message: InboundMessage, **kwargs: Any) -> None:
            if route in _takers(message):
                handler(message=message, **kwargs)

    return receive


def _takers(message: InboundMessage) -> list[Route]:
    text = message.text[:_HEAD]
    own = first_word(own_text(text, message.keyword, message.recipient))
    for word in dict.fromkeys((own, first_word(text))):
        takers = [route for route in _routes if word in route.words and route.admits(message)]
        if takers:
            return takers
    if optouts.is_keyword(message.text, message.keyword, message.recipient):
        return []
    return [route for route in _routes if not route.words and route.admits(message)]
