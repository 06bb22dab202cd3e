"""What a message's attempts say of it, taken together. Pure: rows in, a verdict out, nothing read or written.

Folding all attempts each time, rather than reacting to the last answer, is what lets a late answer count, and lets a
late "not sent" of the only risky attempt take the risk away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.gateway.codes import Blame, ErrorCode, blame, describe
from django_front_sms.gateway.outcome import CREATED
from django_front_sms.models import SendAttempt, Wait
from django_front_sms.outbox.records import Attempt, Message
from django_front_sms.states import NOT_SENT, State

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(seconds=60)
DUPLICATES_UNTIL_REJECTED = 3
CLOCK_TOLERANCE = timedelta(seconds=1)
_DOUBTFUL = (SendAttempt.Outcome.AMBIGUOUS, SendAttempt.Outcome.LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Where a message stands, and the fields of it that follow from that."""

    state: State
    next_at: datetime | None = None
    waits_for: Wait = Wait.NOTHING
    gateway_id: int | None = None
    error_code: int | None = None
    error_text: str = ""
    risk_at: datetime | None = None
    sent_at: datetime | None = None

    def changes(self) -> dict[str, Any]:
        """The fields besides the state, as a move takes them."""
        return {name: getattr(self, name) for name in _CHANGED}


_CHANGED = tuple(field.name for field in fields(Verdict) if field.name != "state")


def is_risky(attempt: Attempt) -> bool:
    """Whether this attempt may have reached Front without our knowing, and no answer of its own can be hoped for."""
    return attempt.outcome in _DOUBTFUL and not attempt.voided


def leaves_doubt(attempts: Iterable[Attempt]) -> bool:
    """Whether any of them may have reached Front. A person can decide that it be sent again all the same; but unless it
    is sent, nobody can call the message "not sent" any more."""
    return any(attempt.outcome in _DOUBTFUL for attempt in attempts)


def is_accepted(attempt: Attempt) -> bool:
    """Whether Front said to this attempt that it has the message (code 0)."""
    return attempt.outcome == SendAttempt.Outcome.ANSWERED and attempt.error_code == ErrorCode.OK


def may_repeat(message: Message, account: Account) -> bool:
    """Whether a machine may repeat a request that Front may have accepted: only where Front's filter is known to catch
    the repetition, and never for what the recipient pays for, nor for bulk, where no filter is documented."""
    return account.duplicate_filter is True and not message.price and not message.bulk_id


def backoff(failures: int) -> timedelta:
    """5, 10, 20 … s, at most a minute."""
    doublings = min(max(failures - 1, 0), 10)
    return min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)


def fold(
    message: Message, attempts: Sequence[Attempt], account: Account, conf: FrontSMSSettings, now: datetime
) -> Verdict:
    """Where `message` stands, by its `attempts` in their order."""
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
    """`since`: the first ambiguous attempt and all after it. Only Front's word that it has the text ends the doubt."""
    risk_at = since[0].claimed_at
    echo = next((a for a in since[1:] if a.error_code == ErrorCode.DUPLICATE), None)
    if echo:
        return Verdict(state=State.SENT, sent_at=echo.finished_at)
    due = now + backoff(len(since))
    clock_went_back = risk_at > now + CLOCK_TOLERANCE
    if may_repeat(message, account) and due < risk_at + conf.resend_limit and not clock_went_back:
        return Verdict(state=State.QUEUED, next_at=due, waits_for=Wait.RETRY, risk_at=risk_at)
    last = since[-1]
    return Verdict(state=State.UNCONFIRMED, risk_at=risk_at, error_code=last.error_code, error_text=last.detail)


def _without_risk(message: Message, live: Sequence[Attempt], conf: FrontSMSSettings, now: datetime) -> Verdict:
    if not live:
        return Verdict(state=State.QUEUED, next_at=now)
    last = live[-1]
    if last.outcome == SendAttempt.Outcome.NOT_SENT:
        failures = next(
            (n for n, a in enumerate(reversed(live)) if a.outcome != SendAttempt.Outcome.NOT_SENT), len(live)
        )
        return Verdict(
            state=State.QUEUED, next_at=now + backoff(failures), waits_for=Wait.RETRY, error_text=last.detail
        )
    code = last.error_code if last.error_code is not None else -1
    refused = Verdict(state=State.REJECTED, error_code=last.error_code, error_text=last.detail or describe(code))
    if message.bulk_id and code == ErrorCode.DUPLICATE and last.http_status == CREATED:
        return replace(refused, state=State.DUPLICATE)  # §2.4: this number was left out, the others were accepted
    if blame(code) is Blame.ACCOUNT:
        return replace(refused, state=State.QUEUED, next_at=now)
    duplicates = sum(attempt.error_code == ErrorCode.DUPLICATE for attempt in live)
    if code == ErrorCode.DUPLICATE and duplicates < DUPLICATES_UNTIL_REJECTED:
        # Nothing of ours can be the twin: another system sent the same text. This one waits for that window's end.
        return replace(refused, state=State.QUEUED, next_at=now + conf.twin_gap, waits_for=Wait.TWIN)
    return refused
