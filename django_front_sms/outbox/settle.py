"""Recording the results of attempts: step 3 of sending; and step 4, the rescue of messages whose lease expired.

Each answer is recorded in its own attempt, once. The message's state is then evaluated from all its attempts.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.db.models import BigIntegerField, F

from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.db.clock import database_now
from django_front_sms.db.content import is_refused_content
from django_front_sms.db.lookups import AnyOf
from django_front_sms.db.transactions import short_transaction
from django_front_sms.gateway.client import ExchangeResult, ResultKind
from django_front_sms.gateway.codes import ACCOUNT_CODES, ErrorCode
from django_front_sms.gateway.submit import Answer
from django_front_sms.models import Decision, DeliveryStatus, OutboundMessage, SendAttempt
from django_front_sms.outbox import accounts
from django_front_sms.outbox.claim import Job
from django_front_sms.outbox.records import Attempt, Message, attempts_of, mark_lost, write_outcomes
from django_front_sms.outbox.rules import awaits_answer, is_accepted, is_lost
from django_front_sms.outbox.transitions import apply, locked, locked_with_lease
from django_front_sms.outbox.verdicts import transition_for
from django_front_sms.states import State

logger = logging.getLogger(__name__)

_OUTCOMES = {
    ResultKind.NOT_SENT: SendAttempt.Outcome.NOT_SENT,
    ResultKind.AMBIGUOUS: SendAttempt.Outcome.AMBIGUOUS,
    ResultKind.ANSWERED: SendAttempt.Outcome.ANSWERED,
}
# Besides content that the database refuses: values of a wrong kind, which only a client of a site's own could give.
_VALUE_ERRORS = (IntegrityError, AttributeError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The result of a job. `elapsed`: seconds from before its claim to its answer."""

    job: Job
    exchange: ExchangeResult
    elapsed: float


def settle(results: Sequence[AttemptResult], conf: FrontSMSSettings) -> None:
    """Record these results, in one transaction for each account.

    A value that cannot be stored makes only its own attempt ambiguous. Raises every other database error, such as a
    lost connection or a read-only server: then call it again with the same results.
    """
    by_account: dict[str, list[AttemptResult]] = defaultdict(list)
    for result in results:
        by_account[result.job.account.name].append(result)
    for group in by_account.values():
        try:
            _settle_together(group, conf)
        except Exception as error:  # logged without its message: a database quotes the values that it refuses
            if not _is_about_values(error):
                raise
            logger.error(
                "A batch of %d answers could not be stored (%s). They will be stored one by one.",
                len(group),
                type(error).__name__,
            )
            for result in group:
                _settle_alone(result, conf)


def _is_about_values(error: Exception) -> bool:
    """Whether the error was caused by the values, so that storing them again would fail again."""
    return is_refused_content(error) or isinstance(error, _VALUE_ERRORS)


def _settle_alone(result: AttemptResult, conf: FrontSMSSettings) -> None:
    try:
        _settle_together([result], conf)
    except Exception as error:
        if not _is_about_values(error):
            raise
        unstorable = ExchangeResult(kind=ResultKind.AMBIGUOUS, detail="the answer could not be stored")
        _settle_together([AttemptResult(result.job, unstorable, result.elapsed)], conf)


@short_transaction
def _settle_together(results: Sequence[AttemptResult], conf: FrontSMSSettings) -> None:
    account = results[0].job.account
    _pause_or_end_probe(account, results)
    messages = locked(result.job.message_id for result in results)
    attempts = attempts_of(messages)
    recorded = _record_answers(results, messages, attempts)
    write_outcomes(recorded)
    now = database_now()
    _reevaluate(messages, attempts, account, conf, now)
    _wake_early_statuses(recorded, account, now)


def _record_answers(
    results: Sequence[AttemptResult], messages: Iterable[Message], attempts: Mapping[int, Sequence[Attempt]]
) -> list[Attempt]:
    """Record each answer in its attempt; returns the attempts that had none before. A database that has lost commits
    gives keys of rows that are gone to new rows, which have other tokens."""
    has_ids = {message.pk: message.bulk_id is None for message in messages}
    by_id = {(attempt.pk, attempt.token): attempt for of_message in attempts.values() for attempt in of_message}
    pairs = [(by_id.get((result.job.attempt_id, result.job.token)), result) for result in results]
    recorded = []
    for attempt, result in pairs:
        if attempt is not None and awaits_answer(attempt):
            record_answer(attempt, result, has_id=has_ids[attempt.message_id])
            recorded.append(attempt)
    if gone := sum(attempt is None for attempt, _ in pairs):
        logger.error(
            "%d answers are to attempts that the database does not have. Unless their messages were deleted meanwhile, "
            "it has lost commits, as after a fail-over",
            gone,
        )
    return recorded


def record_answer(attempt: Attempt, result: AttemptResult, *, has_id: bool) -> None:
    """Set the outcome of `attempt`, without storing it. `has_id`: an acceptance names an id, as it does for all but
    bulk."""
    exchange, answer = result.exchange, result.exchange.answer
    attempt.outcome = _OUTCOMES[exchange.kind]
    attempt.finished_at = result.job.claimed_at + timedelta(seconds=result.elapsed)
    attempt.duration = exchange.duration
    attempt.http_status = exchange.http_status
    attempt.detail = exchange.detail
    if isinstance(answer, Answer):
        attempt.error_code = answer.errorcode
        is_usable = answer.id is not None and 0 < answer.id <= BigIntegerField.MAX_BIGINT
        attempt.gateway_id = answer.id if is_usable else None
        attempt.detail = answer.description if answer.errorcode else ""
    if attempt.outcome == SendAttempt.Outcome.ANSWERED and (problem := _unusable(attempt, has_id)):
        attempt.outcome, attempt.error_code, attempt.gateway_id = SendAttempt.Outcome.AMBIGUOUS, None, None
        attempt.detail = problem
    attempt.detail = attempt.detail.replace("\0", "\ufffd")[:300]


def _unusable(attempt: Attempt, has_id: bool) -> str:
    """Why an answer that the client accepted cannot be used; empty if it can."""
    if attempt.error_code is None:
        return "an answer without a code"
    if abs(attempt.error_code) > BigIntegerField.MAX_BIGINT:
        return "an error code beyond any number that can be stored"
    if attempt.error_code == ErrorCode.OK and has_id and attempt.gateway_id is None:
        return "accepted, but without a usable id"
    return ""


def _wake_early_statuses(recorded: Iterable[Attempt], account: Account, now: datetime) -> None:
    """Match statuses again that arrived before their message had its id."""
    ids = [attempt.gateway_id for attempt in recorded if is_accepted(attempt) and attempt.gateway_id is not None]
    if ids:
        statuses = DeliveryStatus.objects.filter(AnyOf(F("gateway_id"), ids), account=account.name).unmatched()
        statuses.update(process_at=now)


def _reevaluate(
    messages: Sequence[Message],
    attempts: Mapping[int, Sequence[Attempt]],
    account: Account,
    conf: FrontSMSSettings,
    now: datetime,
) -> None:
    """Evaluate the attempts of these locked messages, and make the transitions that follow."""
    taken_back = _taken_back([message.pk for message in messages if message.state == State.UNCONFIRMED])
    transitions = []
    for message in messages:
        is_taken_back = message.pk in taken_back
        transition = transition_for(message, attempts[message.pk], account, conf, now, is_taken_back=is_taken_back)
        if transition:
            transitions.append(transition)
    apply(transitions, are_locked=True)


def _taken_back(pks: Sequence[int]) -> set[int]:
    """Which of these messages a person cancelled or gave up with the latest decision. An earlier one may have been
    undone."""
    if not pks:
        return set()
    latest = dict(Decision.objects.filter(message__in=pks).order_by("pk").values_list("message_id", "action"))
    return {pk for pk, action in latest.items() if action in (Decision.Action.CANCEL, Decision.Action.GIVE_UP)}


# ---- Answers that concern the whole account


def _pause_or_end_probe(account: Account, results: Sequence[AttemptResult]) -> None:
    refusals = [(result.job.generation, code) for result in results if (code := _code(result)) in ACCOUNT_CODES]
    if refusals:
        accounts.pause(account, refusals)
        return
    probe = next((result.job for result in results if result.job.is_probe and _code(result) == ErrorCode.OK), None)
    if probe:
        accounts.end_probe(account, probe.generation)


def _code(result: AttemptResult) -> int | None:
    answer = result.exchange.answer
    return answer.errorcode if isinstance(answer, Answer) else None


# ---- Rescue


@short_transaction
def rescue(account: Account, conf: FrontSMSSettings, limit: int = 500) -> int:
    """Take back messages whose lease expired while they were being sent: the attempt may have reached Front. Returns
    the number of messages."""
    now = database_now()
    lost = OutboundMessage.objects.filter(account=account.name).lost(now).order_by("pk")
    messages = [m for m in locked_with_lease(lost.values_list("pk", flat=True)[:limit]) if is_lost(m, now)]
    attempts = attempts_of(messages)
    pending = [attempt for message in messages for attempt in attempts[message.pk]]
    mark_lost(pending, now, "the worker that sent it did not answer in time")
    _reevaluate(messages, attempts, account, conf, now)
    return len(messages)
