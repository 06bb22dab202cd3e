"""Messages and their attempts as plain objects: what the engine reads of them, and nothing more.

Building model instances of these costs about as much as sending the message. `_meta` is the model's: `rows.py` writes
either kind.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from django.db.models import QuerySet

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
