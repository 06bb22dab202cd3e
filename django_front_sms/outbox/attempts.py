"""The attempts of messages: reading them, writing what came of them, and giving up those that nobody came back from."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import F

from django_front_sms.db.bulk import update_rows
from django_front_sms.db.lookups import AnyOf
from django_front_sms.models import SendAttempt
from django_front_sms.outbox.plain import Attempt, Message, read

_FIELDS = ("outcome", "finished_at", "duration", "http_status", "error_code", "gateway_id", "detail")


def attempts_of(messages: Iterable[Message]) -> dict[int, list[Attempt]]:
    """By the message's key, in their order; an empty list for who has none."""
    attempts: dict[int, list[Attempt]] = defaultdict(list)
    found = SendAttempt.objects.filter(AnyOf(F("message_id"), [message.pk for message in messages]))
    for attempt in read(found.order_by("message_id", "number"), Attempt):
        attempts[attempt.message_id].append(attempt)
    return attempts


def write(attempts: Sequence[Attempt]) -> None:
    """Store what came of them. Their messages are locked by the caller."""
    update_rows(attempts, _FIELDS)


def lose(attempts: Iterable[Attempt], now: datetime, why: str) -> None:
    """Those of `attempts` that are still under way are no longer waited for; they may have reached Front, and an answer
    of theirs that comes late still counts."""
    pending = [attempt for attempt in attempts if attempt.outcome == SendAttempt.Outcome.PENDING]
    for attempt in pending:
        attempt.outcome, attempt.finished_at, attempt.detail = SendAttempt.Outcome.LOST, now, why
    write(pending)
