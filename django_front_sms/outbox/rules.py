"""The state of a message, evaluated from its attempts. Pure functions: rows in, a verdict out, nothing read or written.

All attempts are evaluated each time, not only the last answer. So a late answer counts, and a late *not sent* of the
only risky attempt takes the risk away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.gateway.codes import Blame, ErrorCode, blame, describe
from django_front_sms.gateway.outcome import CREATED
from django_front_sms.models import SendAttempt, Wait
from django_front_sms.outbox.records import Attempt, LeasedMessage, Message
from django_front_sms.states import NOT_SENT, State

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(seconds=60)
DUPLICATES_UNTIL_REJECTED = 3
CLOCK_TOLERANCE = timedelta(seconds=1)
_DOUBTFUL = (SendAttempt.Outcome.AMBIGUOUS, SendAttempt.Outcome.LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The state that a message's attempts imply, and the fields that follow from it."""

    state: State
    next_at: datetime | None = None
    waits_for: Wait = Wait.NOTHING
    gateway_id: int | None = None
    error_code: int | None = None
    error_text: str = ""
    risk_at: datetime | None = None
    sent_at: datetime | None = None

    def changes(self) -> dict[str, Any]:
        """The fields besides the state, as a `Transition` takes them."""
        return {name: getattr(self, name) for name in _CHANGED}


_CHANGED = tuple(field.name for field in fields(Verdict) if field.name != "state")


def is_risky(attempt: Attempt) -> bool:
    """Whether this attempt may have reached Front without a recorded answer, and no user has voided it."""
    return attempt.outcome in _DOUBTFUL and not attempt.voided


def leaves_doubt(attempts: Iterable[Attempt]) -> bool:
    """Whether any of these attempts may have reached Front. If so, the message must not end as not sent, even after a
    person decided to send it again."""
    return any(attempt.outcome in _DOUBTFUL for attempt in attempts)


def awaits_answer(attempt: Attempt) -> bool:
    """Whether an answer to this attempt still counts: only the first answer does."""
    return attempt.outcome in (SendAttempt.Outcome.PENDING, SendAttempt.Outcome.LOST)


def is_lost(message: LeasedMessage, now: datetime) -> bool:
    """Whether its lease expired while it was being sent."""
    return message.state == State.SENDING and message.lease_until is not None and message.lease_until <= now


def is_accepted(attempt: Attempt) -> bool:
    """Whether Front accepted the message in answer to this attempt (code 0)."""
    return attempt.outcome == SendAttempt.Outcome.ANSWERED and attempt.error_code == ErrorCode.OK


def may_repeat(message: Message, account: Account) -> bool:
    """Whether a request that Front may have accepted may be repeated without a person: only if Front's filter is known
    to catch the repetition. Never for priced messages, which cost the recipient money, nor for bulk, for which no
    filter is documented."""
    return account.duplicate_filter is True and not message.price and not message.bulk_id


def backoff(failures: int) -> timedelta:
    """The pause after so many failures in a row: 5, 10, 20 … s, at most a minute."""
    doublings = min(max(failures - 1, 0), 10)
    return min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)


def send_by(message: Message, conf: FrontSMSSettings, claimed_at: datetime) -> float:
    """Seconds after the claim; no byte is sent after that. T/2, but at risk no longer than Front's filter still catches
    a repetition of the first ambiguous attempt."""
    if message.risk_at is None:
        return conf.timeout / 2
    return min(conf.timeout / 2, (message.risk_at + conf.resend_limit - claimed_at).total_seconds())


def evaluate(
    message: Message, attempts: Sequence[Attempt], account: Account, conf: FrontSMSSettings, now: datetime
) -> Verdict:
    """The verdict on `message`, by its `attempts` in their order."""
    accepted = next(filter(is_accepted, attempts), None)
    if accepted:
        return Verdict(state=State.SENT, gateway_id=accepted.gateway_id, sent_at=accepted.finished_at)
    live = [attempt for attempt in attempts if not attempt.voided]
    first_risk = next(filter(is_risky, live), None)
    risk_at = first_risk.claimed_at if first_risk else None
    if any(attempt.outcome == SendAttempt.Outcome.PENDING for attempt in live):
        return Verdict(state=State.SENDING, risk_at=risk_at)
    if first_risk:
        return _at_risk(message, live[live.index(first_risk) :], account, conf, now)
    verdict = _without_risk(message, live, conf, now)
    if verdict.state in NOT_SENT and leaves_doubt(attempts):
        return replace(verdict, state=State.UNCONFIRMED)
    return verdict


def _at_risk(
    message: Message, since: Sequence[Attempt], account: Account, conf: FrontSMSSettings, now: datetime
) -> Verdict:
    """`since`: the first ambiguous attempt and all after it. Only code 17 or 0 from Front ends the doubt."""
    risk_at = since[0].claimed_at
    echo = next((attempt for attempt in since[1:] if attempt.error_code == ErrorCode.DUPLICATE), None)
    if echo:
        return Verdict(state=State.SENT, sent_at=echo.finished_at)
    due = now + backoff(len(since))
    clock_went_back = risk_at > now + CLOCK_TOLERANCE
    if may_repeat(message, account) and due < risk_at + conf.resend_limit and not clock_went_back:
        return Verdict(state=State.QUEUED, next_at=due, waits_for=Wait.RETRY, risk_at=risk_at)
    last = since[-1]
    return Verdict(state=State.UNCONFIRMED, risk_at=risk_at, error_code=last.error_code, error_text=last.detail)


def _without_risk(message: Message, live: Sequence[Attempt], conf: FrontSMSSettings, now: datetime) -> Verdict:
    """`live`: attempts of which each was answered, or is known as not sent. The last one decides."""
    if not live:
        return Verdict(state=State.QUEUED, next_at=now)
    if live[-1].outcome == SendAttempt.Outcome.NOT_SENT:
        return _not_sent(live, now)
    return _refused(message, live, conf, now)


def _not_sent(live: Sequence[Attempt], now: datetime) -> Verdict:
    failures = 0
    for attempt in reversed(live):
        if attempt.outcome != SendAttempt.Outcome.NOT_SENT:
            break
        failures += 1
    due = now + backoff(failures)
    return Verdict(state=State.QUEUED, next_at=due, waits_for=Wait.RETRY, error_text=live[-1].detail)


def _refused(message: Message, live: Sequence[Attempt], conf: FrontSMSSettings, now: datetime) -> Verdict:
    last = live[-1]
    code = last.error_code if last.error_code is not None else -1
    rejected = Verdict(state=State.REJECTED, error_code=last.error_code, error_text=last.detail or describe(code))
    if message.bulk_id and code == ErrorCode.DUPLICATE and last.http_status == CREATED:
        return replace(rejected, state=State.DUPLICATE)  # §2.4: this number was left out, the others were accepted
    if blame(code) is Blame.ACCOUNT:
        return replace(rejected, state=State.QUEUED, next_at=now)
    duplicates = sum(attempt.error_code == ErrorCode.DUPLICATE for attempt in live)
    if code == ErrorCode.DUPLICATE and duplicates < DUPLICATES_UNTIL_REJECTED:
        # None of our messages can be the twin: another system sent the same text. Wait for the end of its window.
        return replace(rejected, state=State.QUEUED, next_at=now + conf.twin_gap, waits_for=Wait.TWIN)
    return rejected
