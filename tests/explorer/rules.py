"""The engine's decisions on the tuples of `states.py`. Each function converts the tuples to the engine's records, calls
the engine, and converts the result back. No rule of sending is written here."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.gateway.outcome import ExchangeResult, ResultKind
from django_front_sms.gateway.submit import Answer
from django_front_sms.outbox import clock_skew, decisions, duplicates, executor, records, rules, settle, verdicts
from django_front_sms.outbox.duplicates import TwinAttempt
from django_front_sms.outbox.records import Attempt, DueMessage, LeasedMessage, Message
from django_front_sms.outbox.send_checks import SendChecks
from django_front_sms.outbox.transitions import Transition, changes_of
from django_front_sms.outbox.wire import Wire
from django_front_sms.states import State
from tests.explorer.states import NONE, Msg, Try, with_try

sweeping: Any = import_module("django_front_sms.outbox.sweep")  # `outbox.sweep` is the function

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANSWERS = {
    "not sent": ExchangeResult(ResultKind.NOT_SENT, detail="no connection in time"),
    "silence": ExchangeResult(ResultKind.AMBIGUOUS, detail="no complete answer in time"),
}


def at(seconds: int) -> datetime | None:
    return None if seconds == NONE else NOW + timedelta(seconds=seconds)


def seconds_to(time: datetime | None) -> int:
    return NONE if time is None else round((time - NOW).total_seconds())


@dataclass(frozen=True)
class Engine:
    """The engine with these settings."""

    account: Account
    conf: FrontSMSSettings

    # ---- Claim

    def claimed(self, m: Msg, twins: Iterable[Msg], chosen_keys: Iterable[str] = ()) -> Msg:
        """Return a due message after a claim: being sent, or in the state that follows from what prevents it."""
        twin_attempts = [a for pk, twin in enumerate(twins, start=2) for a in _twin_attempts(twin, pk)]
        attempts = sorted([*_twin_attempts(m, 1), *twin_attempts], key=lambda a: a.claimed_at)
        window = duplicates.DuplicateWindow.among(attempts, NOW - self.conf.twin_gap, chosen_keys)
        send_checks = SendChecks(self.account, self.conf, NOW, window, set())
        row = _message(m)
        transition = send_checks.transition_for(row, _wire(m), _attempts(m))
        if transition:
            return _after(m, transition)
        left = round(rules.send_by(row, self.conf, NOW))
        lease = round(self.conf.lease.total_seconds())
        return m._replace(state="sending", lease=lease, tries=(*m.tries, Try(0, "pending", left=left)))

    def may_write(self, t: Try) -> bool:
        """Return whether the worker may write the first byte now."""
        job: Any = SimpleNamespace(began=SimpleNamespace(elapsed=lambda: t.age), send_by=t.left)
        return executor._in_time(job)

    # ---- Settle and rescue

    def recorded(self, m: Msg, place: int, result: ExchangeResult) -> Msg:
        """Return the message after this result of the attempt at that index."""
        attempts = _attempts(m)
        attempt = attempts[place]
        if rules.awaits_answer(attempt):
            job: Any = SimpleNamespace(claimed_at=attempt.claimed_at)
            settle.record_answer(attempt, settle.AttemptResult(job, result, 0.0), has_id=True)
        return self._reevaluated(m, attempts)

    def rescued(self, m: Msg) -> Msg:
        if not rules.is_lost(_leased(m), NOW):
            return m
        attempts = _attempts(m)
        records.lose_pending(attempts, NOW, "")
        return self._reevaluated(m, attempts)

    def _reevaluated(self, m: Msg, attempts: list[Attempt]) -> Msg:
        row = _message(m)
        taken_back = m.taken_back
        transition = verdicts.transition_for(row, attempts, self.account, self.conf, NOW, is_taken_back=taken_back)
        return _after(_with_attempts(m, attempts), transition)

    # ---- Time

    def swept(self, m: Msg) -> Msg:
        """Return the message after the sweep has applied the limits and dates that have passed."""
        transition = sweeping.end_of_risk(_message(m), self.account, self.conf, NOW)
        return _after(m, transition or sweeping.expiry(_message(m), _attempts(m), NOW))

    def after_step_back(self, m: Msg, highest: int) -> Msg:
        """Return the message after the sweep has found that the clock stepped back."""
        if not clock_skew.has_stepped_back(NOW + timedelta(seconds=highest), NOW):
            return m
        row = _message(m)
        if not clock_skew.is_in_question(row):
            return m
        attempts = _attempts(m)
        records.lose_pending(attempts, NOW, "")
        return _after(_with_attempts(m, attempts), clock_skew.after_step_back(row))

    # ---- People

    def cancelled(self, m: Msg) -> Msg:
        return _after(m, decisions.cancellation(_message(m), _attempts(m)))._replace(taken_back=True)

    def given_up(self, m: Msg) -> Msg:
        return _after(m, decisions.end_of_waiting(_message(m)))._replace(taken_back=True)

    def marked_sent(self, m: Msg) -> Msg:
        m = _after(m, decisions.confirmation(_message(m), NOW))
        return _voided(m)._replace(marked_sent=True, taken_back=False)

    def sent_again(self, m: Msg, twins: Iterable[Msg]) -> Msg:
        attempts = [a for pk, each in enumerate([m, *twins], start=1) for a in _twin_attempts(each, pk)]
        m = _after(m, decisions.repetition(_message(m), attempts, self.conf, NOW))
        return _voided(m)._replace(resends=m.resends + 1, taken_back=False)


def answer(code: int, place: int) -> ExchangeResult:
    """Return the answer that a worker receives. The id is unique among the attempts of the message."""
    return ExchangeResult(ResultKind.ANSWERED, Answer(id=0 if code else place + 1, errorcode=code, description=""))


# ---- Between tuples and records


def _message(m: Msg) -> DueMessage:
    return DueMessage(
        pk=1,
        account="default",
        recipient="",
        price=None,
        bulk_id=None,
        expires_at=at(m.expires),
        attempts=len(m.tries),
        state=m.state,
        gateway_id=None if m.id == NONE else m.id,
        risk_at=at(m.risk),
        token="",
        priority=0,
        sender="",
        text="",
        unicode=False,
        on_duplicate="",
        ignore_opt_out=False,
    )


def _leased(m: Msg) -> LeasedMessage:
    row = _message(m)
    return LeasedMessage(**{each.name: getattr(row, each.name) for each in fields(Message)}, lease_until=at(m.lease))


def _wire(m: Msg) -> Wire:
    return Wire("", "", str(m.key), str(m.key))


def _attempts(m: Msg) -> list[Attempt]:
    return [
        Attempt(
            message_id=1,
            number=place + 1,
            token="",
            twin_key=str(m.key),
            wire_recipient="",
            wire_sender="",
            wire_digest=str(m.key),
            claimed_at=NOW + timedelta(seconds=t.claimed),
            finished_at=NOW,
            outcome=t.outcome,
            error_code=None if t.code == NONE else t.code,
            gateway_id=None if t.id == NONE else t.id,
            voided=t.voided,
        )
        for place, t in enumerate(m.tries)
    ]


def _twin_attempts(m: Msg, pk: int) -> list[TwinAttempt]:
    return [TwinAttempt(str(m.key), NOW + timedelta(seconds=t.claimed), t.outcome, pk, m.state) for t in m.tries]


def _with_attempts(m: Msg, attempts: list[Attempt]) -> Msg:
    for place, attempt in enumerate(attempts):
        code = NONE if attempt.error_code is None else int(attempt.error_code)
        gateway_id = NONE if attempt.gateway_id is None else attempt.gateway_id
        t = m.tries[place]._replace(outcome=str(attempt.outcome), code=code, id=gateway_id)
        m = with_try(m, place, t)
    return m


def _voided(m: Msg) -> Msg:
    return m._replace(tries=tuple(t._replace(voided=True) for t in m.tries))


def _after(m: Msg, transition: Transition | None) -> Msg:
    """Return the message after the transition, as `transitions.apply` writes it."""
    if transition is None or not transition.is_allowed:
        return m
    changes = changes_of(State(transition.state), transition.changes)
    return m._replace(
        state=str(State(changes["state"]).value),
        next=seconds_to(changes["next_at"]) if "next_at" in changes else m.next,
        risk=seconds_to(changes["risk_at"]) if "risk_at" in changes else m.risk,
        lease=seconds_to(changes["lease_until"]) if "lease_until" in changes else m.lease,
        id=(changes["gateway_id"] or NONE) if "gateway_id" in changes else m.id,
        given_up=changes.get("given_up", m.given_up),
    )
