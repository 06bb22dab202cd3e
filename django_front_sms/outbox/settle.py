"""Recording what came of attempts: step 3 of sending, and step 4, the rescue of those that never came back.

Each answer lands in its own attempt, once; where the message then stands is a fold over all its attempts.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.models import BigIntegerField, F

from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.db.clock import database_now
from django_front_sms.db.lookups import AnyOf
from django_front_sms.db.transactions import short_transaction
from django_front_sms.gateway.client import ExchangeResult, Fate
from django_front_sms.gateway.codes import ACCOUNT_CODES, ErrorCode
from django_front_sms.gateway.submit import Answer
from django_front_sms.models import (
    Decision,
    DeliveryStatus,
    OutboundMessage,
    SendAttempt,
    Wait,
)
from django_front_sms.outbox import accounts
from django_front_sms.outbox.claim import Job
from django_front_sms.outbox.records import Attempt, LeasedMessage, Message, attempts_of, mark_lost, write
from django_front_sms.outbox.rules import Verdict, fold, is_accepted, leaves_doubt
from django_front_sms.outbox.transitions import Move, apply, locked, locked_with_lease
from django_front_sms.states import State

logger = logging.getLogger(__name__)

_OPEN = (SendAttempt.Outcome.PENDING, SendAttempt.Outcome.LOST)
_BIGGEST = BigIntegerField.MAX_BIGINT
# Besides what the database refuses: what Python cannot hand to it, such as 2**70 to SQLite.
_UNSTORABLE = (DatabaseError, AttributeError, OverflowError, TypeError, ValueError)
_OUTCOMES = {
    Fate.NOT_SENT: SendAttempt.Outcome.NOT_SENT,
    Fate.AMBIGUOUS: SendAttempt.Outcome.AMBIGUOUS,
    Fate.ANSWERED: SendAttempt.Outcome.ANSWERED,
}


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a job. `took`: seconds from before its claim to its answer."""

    job: Job
    exchange: ExchangeResult
    took: float


def settle(results: Sequence[Result], conf: FrontSMSSettings) -> None:
    """Record these results; none can keep another from being recorded. Raises only where the database is away."""
    by_account: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_account[result.job.account.name].append(result)
    for group in by_account.values():
        try:
            _settle(group, conf)
        except (OperationalError, InterfaceError):
            raise
        except _UNSTORABLE as error:  # no traceback: a database quotes the values that it refuses
            logger.error(
                "A batch of %d answers could not be stored (%s); now one by one", len(group), type(error).__name__
            )
            for result in group:
                _settle_alone(result, conf)


def _settle_alone(result: Result, conf: FrontSMSSettings) -> None:
    try:
        _settle([result], conf)
    except (OperationalError, InterfaceError):
        raise
    except _UNSTORABLE:
        unstorable = ExchangeResult(fate=Fate.AMBIGUOUS, detail="the answer could not be stored")
        _settle([Result(result.job, unstorable, result.took)], conf)


@short_transaction
def _settle(results: Sequence[Result], conf: FrontSMSSettings) -> None:
    account = results[0].job.account
    _pause_or_end_probe(account, results)
    messages = locked(result.job.message_id for result in results)
    attempts = attempts_of(messages)
    by_id = {attempt.pk: attempt for of_message in attempts.values() for attempt in of_message}
    has_ids = {message.pk: message.bulk_id is None for message in messages}
    landed = [
        attempt
        for result in results
        if (attempt := by_id.get(result.job.attempt_id)) is not None
        and _land(attempt, result, has_ids[attempt.message_id])
    ]
    write(landed)
    now = database_now()
    _refold(messages, attempts, account, conf, now)
    ids = [attempt.gateway_id for attempt in landed if is_accepted(attempt) and attempt.gateway_id is not None]
    if ids:  # a status may have come before its message had its id
        DeliveryStatus.objects.filter(AnyOf(F("gateway_id"), ids), account=account.name).unmatched().update(
            process_at=now
        )


def _land(attempt: Attempt, result: Result, has_id: bool) -> bool:
    """Write the answer into its attempt; False where one was there before. `has_id`: an acceptance names one."""
    if attempt.outcome not in _OPEN:
        return False
    exchange, answer = result.exchange, result.exchange.answer
    attempt.outcome = _OUTCOMES[exchange.fate]
    attempt.finished_at = result.job.claimed_at + timedelta(seconds=result.took)
    attempt.duration = exchange.duration
    attempt.http_status = exchange.http_status
    attempt.detail = exchange.detail
    if isinstance(answer, Answer):
        attempt.error_code = answer.errorcode
        attempt.gateway_id = answer.id if answer.id is not None and 0 < answer.id <= _BIGGEST else None
        attempt.detail = answer.description if answer.errorcode else ""
    if attempt.outcome == SendAttempt.Outcome.ANSWERED and (problem := _unusable(attempt, has_id)):
        attempt.outcome, attempt.error_code, attempt.gateway_id = SendAttempt.Outcome.AMBIGUOUS, None, None
        attempt.detail = problem
    attempt.detail = attempt.detail.replace("\0", "\ufffd")[:300]
    return True


def _unusable(attempt: Attempt, has_id: bool) -> str:
    """Why this answer settles nothing, whatever the client took it for; empty where it does."""
    if attempt.error_code is None:
        return "an answer without a code"
    if abs(attempt.error_code) > _BIGGEST:
        return "an error code beyond any number that can be stored"
    if attempt.error_code == ErrorCode.OK and has_id and attempt.gateway_id is None:
        return "accepted, but without a usable id"
    return ""


def _refold(
    messages: Iterable[Message],
    attempts: Mapping[int, Sequence[Attempt]],
    account: Account,
    conf: FrontSMSSettings,
    now: datetime,
) -> None:
    moves = []
    for message in messages:
        verdict = fold(message, attempts[message.pk], account, conf, now)
        if not _says_anything_new(message, verdict, attempts[message.pk]):
            continue
        if message.state == State.UNCONFIRMED and verdict.state == State.QUEUED and _is_unwanted(message):
            if not leaves_doubt(attempts[message.pk]):
                moves.append(Move(message, State.CANCELLED, {"risk_at": None}))
        elif message.state == State.SENT and verdict.state == State.REJECTED:  # too many 17s: one more shall decide
            wait = {"next_at": now + conf.twin_gap, "waits_for": Wait.TWIN}
            moves.append(Move(message, State.QUEUED, verdict.changes() | wait))
        else:
            moves.append(Move(message, verdict.state, verdict.changes()))
    apply(moves, are_locked=True)


def _says_anything_new(message: Message, verdict: Verdict, attempts: Sequence[Attempt]) -> bool:
    """Whether a verdict changes anything of a message that may have gone on since the attempt."""
    match message.state:
        case State.SENDING:
            return True
        case State.QUEUED:  # a late answer; it does not touch the due time of a message that is still at risk
            return verdict.state != State.QUEUED or message.risk_at != verdict.risk_at
        case State.UNCONFIRMED:
            return verdict.state != State.UNCONFIRMED and verdict.risk_at is None
        case State.SENT if message.gateway_id is None:
            # Believed on the strength of a 17, whose ground may fall away, or of a person's word, which stands.
            by_a_person = all(attempt.voided for attempt in attempts)
            fell = verdict.state in (State.QUEUED, State.REJECTED) and not by_a_person
            return verdict.gateway_id is not None or fell
        case _:
            return False


def _is_unwanted(message: Message) -> bool:
    """Whether a person's last word is that it was taken back, or given up; who said so may have had it sent later."""
    last = Decision.objects.filter(message=message.pk).order_by("pk").last()
    return last is not None and last.action in (Decision.Action.CANCEL, Decision.Action.GIVE_UP)


def _pause_or_end_probe(account: Account, results: Sequence[Result]) -> None:
    refusals = [(result.job.generation, code) for result in results if (code := _code(result)) in ACCOUNT_CODES]
    if refusals:
        accounts.pause(account, refusals)
        return
    probe = next((result.job for result in results if result.job.is_probe and _code(result) == ErrorCode.OK), None)
    if probe:
        accounts.end_probe(account, probe.generation)


def _code(result: Result) -> int | None:
    answer = result.exchange.answer
    return answer.errorcode if isinstance(answer, Answer) else None


@short_transaction
def rescue(account: Account, conf: FrontSMSSettings, limit: int = 500) -> int:
    """Take back messages whose claim is past its lease: the attempt may have reached Front. Gives how many."""
    now = database_now()
    lost = OutboundMessage.objects.filter(account=account.name).lost(now).order_by("pk")
    messages = [m for m in locked_with_lease(lost.values_list("pk", flat=True)[:limit]) if _is_lost(m, now)]
    attempts = attempts_of(messages)
    under_way = [attempt for message in messages for attempt in attempts[message.pk]]
    mark_lost(under_way, now, "the worker that had it did not come back in time")
    _refold(messages, attempts, account, conf, now)
    return len(messages)


def _is_lost(message: LeasedMessage, now: datetime) -> bool:
    return message.state == State.SENDING and message.lease_until is not None and message.lease_until <= now
