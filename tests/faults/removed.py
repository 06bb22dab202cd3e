"""The rules of sending, each taken away: a suite that stays green without a rule does not test it."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.faults.worker import engine

REMOVED: dict[str, Callable[[], None]] = {}


def rule(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def register(function: Callable[[], None]) -> Callable[[], None]:
        REMOVED[name] = function
        return function

    return register


def remove(name: str) -> None:
    REMOVED[name]()


@rule("twin lock")
def _twin_lock() -> None:
    """Equal messages no longer wait for each other."""
    engine("outbox.duplicates").DuplicateWindow.transition_for = lambda self, *args, **kwargs: None


@rule("first attempt")
def _first_attempt() -> None:
    """The window is counted from the latest ambiguous attempt, instead of the first."""
    fold = engine("outbox.rules")
    original = fold._at_risk

    def from_the_latest(message: Any, since: Any, *args: Any) -> Any:
        latest = [attempt for attempt in since if fold.is_risky(attempt)][-1]
        return original(message, [latest, *since[1:]], *args)

    fold._at_risk = from_the_latest


@rule("5xx is ambiguous")
def _5xx() -> None:
    """A 5xx is believed to be a refusal."""
    from django_front_sms.gateway.outcome import ResultKind
    from django_front_sms.gateway.submit import Answer

    exchange = engine("outbox.executor")
    original = exchange.attempt

    def believing(*args: Any) -> Any:
        outcome = original(*args)
        if outcome.kind is ResultKind.AMBIGUOUS and (outcome.http_status or 0) >= 500:
            answer = Answer(id=None, errorcode=outcome.http_status, description="HTTP error")
            return dataclasses.replace(outcome, kind=ResultKind.ANSWERED, answer=answer)
        return outcome

    exchange.attempt = believing


@rule("margin")
def _margin() -> None:
    """`WINDOW_MARGIN` is 0: settings.py sees to it."""


@rule("end of the window")
def _end_of_the_window() -> None:
    """What is in doubt is sent again, however long ago it began."""
    from django_front_sms.conf import FrontSMSSettings

    FrontSMSSettings.resend_limit = property(lambda self: timedelta(days=1))
