"""The rules of sending, each of which can be removed. The shortest history that then breaks the promise shows why the
rule exists."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django_front_sms.conf import FrontSMSSettings
from django_front_sms.gateway.outcome import ExchangeResult, ResultKind
from django_front_sms.gateway.submit import Answer
from django_front_sms.models import SendAttempt
from django_front_sms.outbox import (
    clock_skew,
    decisions,
    duplicates,
    executor,
    records,
    rules,
    send_checks,
    settle,
    verdicts,
)
from django_front_sms.outbox.records import Attempt
from django_front_sms.states import State
from tests.explorer.rules import sweeping
from tests.explorer.world import World

ONE = World("one message", keys=(0,))
# Long histories are searched for in worlds with fewer kinds of steps.
REPEATING = replace(
    ONE, without=("crash", "not sent", "refuse 1", "refuse 5", "cancel", "give up", "mark sent", "send anyway")
)
DECIDING = replace(ONE, without=("crash", "rescue", "sweep", "not sent", "refuse 5", "give up", "mark sent"))
TWINS = replace(REPEATING, name="two equal messages", keys=(0, 0))
TAKING_TURNS = replace(TWINS, without=(*TWINS.without, "claim both"))


@dataclass(frozen=True)
class Removal:
    """A rule, as the documentation names it, and a patch that removes it. `world`: the smallest world that needs
    the rule. `promises_only`: whether the history must break the promise itself, not only an invariant."""

    rule: str
    world: World
    patched: Callable[[], AbstractContextManager[Any]]
    promises_only: bool = True


def _no_doubt(module: Any) -> Callable[[], AbstractContextManager[Any]]:
    return lambda: patch.object(module, "leaves_doubt", lambda attempts: False)


@contextmanager
def _from_latest() -> Iterator[None]:
    original = rules._at_risk

    def at_risk(message: Any, since: Any, *args: Any) -> Any:
        latest = [attempt for attempt in since if rules.is_risky(attempt)][-1]
        return original(message, [latest, *since[1:]], *args)

    with patch.object(rules, "_at_risk", at_risk):
        yield


@contextmanager
def _silence_is_refusal() -> Iterator[None]:
    original = settle.record_answer

    def record(attempt: Attempt, result: settle.AttemptResult, **options: Any) -> None:
        if result.exchange.kind is ResultKind.AMBIGUOUS:
            refusal = ExchangeResult(ResultKind.ANSWERED, Answer(id=None, errorcode=500, description=""))
            result = replace(result, exchange=refusal)
        original(attempt, result, **options)

    with patch.object(settle, "record_answer", record):
        yield


def _lost_is_not_sent() -> AbstractContextManager[Any]:
    def lose(attempts: list[Attempt], *args: Any) -> list[Attempt]:
        pending = [attempt for attempt in attempts if attempt.outcome == SendAttempt.Outcome.PENDING]
        for attempt in pending:
            attempt.outcome = SendAttempt.Outcome.NOT_SENT
        return pending

    return patch.object(records, "lose_pending", lose)


@contextmanager
def _one_answer_is_all() -> Iterator[None]:
    original = rules.evaluate

    def evaluate(message: Any, attempts: Any, *args: Any) -> Any:
        return original(message, attempts[-1:], *args)

    with patch.object(verdicts, "evaluate", evaluate):
        yield


def _no_margin() -> AbstractContextManager[Any]:
    limit = property(lambda self: timedelta(seconds=self.duplicate_window - self.timeout))
    return patch.object(FrontSMSSettings, "resend_limit", limit)


def _no_limit() -> AbstractContextManager[Any]:
    return patch.object(FrontSMSSettings, "resend_limit", property(lambda self: timedelta(days=1)))


@contextmanager
def _repeats_always() -> Iterator[None]:
    with ExitStack() as stack:
        for module in (rules, send_checks, sweeping):
            stack.enter_context(patch.object(module, "may_repeat", lambda message, account: True))
        yield


@contextmanager
def _window_of(**changes: Any) -> Iterator[None]:
    original = duplicates.DuplicateWindow.transition_for

    def transition_for(self: Any, message: Any, key: str, *args: Any, **options: Any) -> Any:
        return original(replace(self, **changes), message, key, *args, **options)

    with patch.object(duplicates.DuplicateWindow, "transition_for", transition_for):
        yield


REMOVALS = (
    Removal("an unclear answer is no refusal", ONE, _silence_is_refusal),
    Removal("a lost attempt is an ambiguous one", ONE, _lost_is_not_sent),
    Removal("all attempts are evaluated, not only the last", ONE, _one_answer_is_all),
    Removal("a message in doubt is repeated only if Front's filter is on", replace(ONE, filter=False), _repeats_always),
    Removal("the window begins at the first unclear attempt", REPEATING, _from_latest),
    Removal("the window ends", ONE, _no_limit),
    Removal("a margin is kept for what Front processes late", ONE, _no_margin),
    Removal(
        "the clock is read before the first byte", ONE, lambda: patch.object(executor, "_in_time", lambda job: True)
    ),
    Removal(
        "at risk, `send_by` ends with the window",
        ONE,
        lambda: patch.object(rules, "send_by", lambda message, conf, at: conf.timeout / 2),
    ),
    Removal("in doubt, a cancelled message is unconfirmed", ONE, _no_doubt(decisions)),
    Removal("in doubt, an expired message is unconfirmed", replace(ONE, expires=40), _no_doubt(sweeping)),
    Removal("a doubt outlives a person's decision to send anyway", DECIDING, _no_doubt(rules)),
    Removal(
        "a step back of the clock ends all waiting in doubt",
        replace(REPEATING, steps_back=1),
        lambda: patch.object(clock_skew, "has_stepped_back", lambda highest, now: False),
    ),
    Removal("equal messages wait for each other's window", TAKING_TURNS, lambda: _window_of(attempts={})),
    Removal(
        "of equal messages in one claim, one is sent",
        TWINS,
        lambda: _window_of(chosen_keys=set()),
        promises_only=False,
    ),
    Removal(
        "a message is coalesced only into one that Front has",
        World("two equal messages", keys=(0, 0), policy="coalesce"),
        lambda: patch.object(duplicates, "ACCEPTED", frozenset(State)),
    ),
)
