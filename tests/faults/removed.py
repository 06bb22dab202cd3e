"""The rules of sending and receiving, each of which can be removed: without any of them the tests must fail."""

import dataclasses
import secrets
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


def remove(names: str) -> None:
    """Remove one rule, or several joined by +."""
    for name in names.split("+"):
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
    """A 5xx is treated as a refusal."""
    from django_front_sms.gateway.outcome import ResultKind
    from django_front_sms.gateway.submit import Answer

    exchange = engine("outbox.executor")
    original = exchange.attempt

    def trusting(*args: Any) -> Any:
        outcome = original(*args)
        if outcome.kind is ResultKind.AMBIGUOUS and (outcome.http_status or 0) >= 500:
            answer = Answer(id=None, errorcode=outcome.http_status, description="HTTP error")
            return dataclasses.replace(outcome, kind=ResultKind.ANSWERED, answer=answer)
        return outcome

    exchange.attempt = trusting


@rule("margin")
def _margin() -> None:
    """`WINDOW_MARGIN` is 0, which settings.py sets."""


@rule("end of the window")
def _end_of_the_window() -> None:
    """Ambiguous messages are sent again after the window has passed."""
    from django_front_sms.conf import FrontSMSSettings

    FrontSMSSettings.resend_limit = property(lambda self: timedelta(days=1))


@rule("boot-time clock")
def _boot_time_clock() -> None:
    """The database's clock is compared with the highest time seen alone, and not with the machine's boot-time clock."""
    engine("outbox.clock_skew")._with = lambda reading, readings: {}


@rule("rescue")
def _rescue() -> None:
    """A message whose worker was killed stays in `sending`."""
    engine("outbox.sweep").rescue = lambda *args, **kwargs: 0


@rule("an answer is its own message's")
def _own_answer() -> None:
    """Each message gets the id of the previous message."""
    executor = engine("outbox.executor")
    original = executor.attempt
    ids: list[int] = []

    def mistaken(*args: Any) -> Any:
        result = original(*args)
        if result.answer is None or not result.answer.id:
            return result
        ids.append(result.answer.id)
        return dataclasses.replace(result, answer=dataclasses.replace(result.answer, id=ids[-2:][0]))

    executor.attempt = mistaken


@rule("4 beats -1")
def _precedence() -> None:
    """Status 4 does not change a message that has status -1."""
    statuses = engine("outbox.statuses")
    original = statuses.by_statuses
    statuses.by_statuses = lambda state, seen: original(state, {-1} if -1 in seen else seen)


@rule("an event for each change")
def _event() -> None:
    """Some events are not stored, as if they were stored after the commit, by processes that were killed."""
    records = engine("events.records")
    original = records.states_changed
    records.states_changed = lambda pks, *args: original([pk for pk in pks if pk % 5], *args)


@rule("one event for each change")
def _one_event() -> None:
    """Some statuses have two events, as if two workers had folded them at once."""
    records = engine("events.records")
    original = records.statuses_received
    records.statuses_received = lambda statuses: original([*statuses, *(each for each in statuses if not each[0] % 5)])


@rule("stored, then acknowledged")
def _stored_first() -> None:
    """Some inbound messages are acknowledged but not stored, as if the process had been killed in between."""
    from django_front_sms import inbox

    original = inbox.store_inbound
    inbox.store_inbound = lambda account, push, raw: bool(push.counter % 3) and original(account, push, raw)


@rule("an inbound message's identity")
def _identity() -> None:
    """A repeated push is not recognised."""
    engine("inbox.store")._identity = lambda *args: secrets.token_hex(16)
