"""Messages and attempts as plain objects: the columns that the engine reads, and no more.

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
    """What of an `OutboundMessage` says where it stands."""

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
    """With the time after which nobody can come back from its claim."""

    lease_until: datetime | None


@dataclass(slots=True)
class DueMessage(Message):
    """What a claim must know besides, in order to send it."""

    priority: int
    sender: str
    text: str
    unicode: bool
    on_duplicate: str
    ignore_opt_out: bool


Plain = TypeVar("Plain", Attempt, Message, LeasedMessage, DueMessage)


def read(rows: "QuerySet[Any]", kind: type[Plain]) -> list[Plain]:
    """The rows that the query gives, as objects of `kind`."""
    return [kind(*values) for values in rows.values_list(*(each.name for each in fields(kind)))]


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


def mark_lost(attempts: Iterable[Attempt], now: datetime, why: str) -> None:
    """Those of `attempts` that are still under way are no longer waited for; they may have reached Front, and an answer
    of theirs that comes late still counts."""
    pending = [attempt for attempt in attempts if attempt.outcome == SendAttempt.Outcome.PENDING]
    for attempt in pending:
        attempt.outcome, attempt.finished_at, attempt.detail = SendAttempt.Outcome.LOST, now, why
    write(pending)
