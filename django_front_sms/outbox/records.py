"""Messages and attempts as dataclasses with only the columns that sending reads.

Building model instances costs about as much as sending the message. `_meta` is the model's, so that `db.bulk` writes
records and model instances alike.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from django.db.models import F, QuerySet

from django_front_sms.db.bulk import update_rows
from django_front_sms.db.lookups import AnyOf
from django_front_sms.models import OutboundMessage, SendAttempt


@dataclass(slots=True)
class Attempt:
    """A `SendAttempt`; without a `pk` until it is stored."""

    _meta: ClassVar = SendAttempt._meta

    message_id: int
    number: int
    token: str
    twin_key: str
    wire_recipient: str
    wire_sender: str
    wire_digest: str
    claimed_at: datetime
    finished_at: datetime | None = None
    duration: float | None = None
    outcome: str = SendAttempt.Outcome.PENDING
    http_status: int | None = None
    error_code: int | None = None
    gateway_id: int | None = None
    detail: str = ""
    voided: bool = False
    pk: int = 0


@dataclass(slots=True)
class Message:
    """The columns of an `OutboundMessage` that decide about its state."""

    _meta: ClassVar = OutboundMessage._meta

    pk: int
    account: str
    recipient: str
    price: int | None
    bulk_id: int | None
    expires_at: datetime | None
    attempts: int
    state: str
    gateway_id: int | None
    risk_at: datetime | None
    token: str


@dataclass(slots=True)
class LeasedMessage(Message):
    """A message with the end of its claim's lease."""

    lease_until: datetime | None


@dataclass(slots=True)
class DueMessage(Message):
    """A message with everything that a claim needs in order to send it."""

    priority: int
    sender: str
    text: str
    unicode: bool
    on_duplicate: str
    ignore_opt_out: bool


Record = TypeVar("Record", Attempt, Message, LeasedMessage, DueMessage)


def read(rows: "QuerySet[Any]", kind: type[Record]) -> list[Record]:
    """The rows of the query, as objects of `kind`."""
    return [kind(*values) for values in rows.values_list(*(each.name for each in fields(kind)))]


_OUTCOME_FIELDS = ("outcome", "finished_at", "duration", "http_status", "error_code", "gateway_id", "detail")


def attempts_of(messages: Iterable[Message]) -> dict[int, list[Attempt]]:
    """The attempts of each message in their order, by the message's key; an empty list for a message without any."""
    attempts: dict[int, list[Attempt]] = defaultdict(list)
    pks = [message.pk for message in messages]
    if not pks:
        return attempts
    found = SendAttempt.objects.filter(AnyOf(F("message_id"), pks))
    for attempt in read(found.order_by("message_id", "number"), Attempt):
        attempts[attempt.message_id].append(attempt)
    return attempts


def write_outcomes(attempts: Sequence[Attempt]) -> None:
    """Store the outcomes of these attempts. Their messages are locked by the caller."""
    update_rows(attempts, _OUTCOME_FIELDS)


def mark_lost(attempts: Iterable[Attempt], now: datetime, reason: str) -> None:
    """Stop waiting for those of `attempts` that are pending. They may have reached Front, and a late answer to them
    still counts."""
    write_outcomes(lose_pending(attempts, now, reason))


def lose_pending(attempts: Iterable[Attempt], now: datetime, reason: str) -> list[Attempt]:
    """As `mark_lost`, without storing them; returns the attempts that were pending."""
    pending = [attempt for attempt in attempts if attempt.outcome == SendAttempt.Outcome.PENDING]
    for attempt in pending:
        attempt.outcome, attempt.finished_at, attempt.detail = SendAttempt.Outcome.LOST, now, reason
    return pending
