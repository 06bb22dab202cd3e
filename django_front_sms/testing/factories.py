"""Factories for test data, with factory-boy (extra `testing`): rows as sending and receiving would create them.

    OutboundMessageFactory()                   # a queued message
    OutboundMessageFactory(delivered=True)     # a delivered message with its attempt and its statuses
    InboundMessageFactory(text="JA", in_reply_to=message)

Each state of a message has a trait: `queued`, `sending`, `sent`, `at_operator`, `delivered`, `undelivered`, `rejected`,
`unconfirmed`, `duplicate`, `cancelled`, `expired`. A trait adds the rows that belong to the state; passing `state` as a
field sets only the field. Times follow from `created_at`, and from `received_at` for inbound messages.
"""

import json
import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Any

import factory
from django.core.files.base import ContentFile
from django.utils import timezone
from factory.django import DjangoModelFactory

from django_front_sms.gateway import gsm
from django_front_sms.gateway.codes import ErrorCode, StatusCode
from django_front_sms.models import (
    BulkSend,
    DeliveryStatus,
    InboundMessage,
    MmsFile,
    OptOut,
    OutboundMessage,
    SendAttempt,
)
from django_front_sms.simulator.messages import keyword
from django_front_sms.states import State

FIRST_ID = 145_099  # §2.1.1
FIRST_INBOUND_ID = 999_999  # §2.5.1
FIRST_COUNTER = 7_166  # §2.5.1
LEASE = timedelta(seconds=30)
_HERE = f"{__name__}."


def _number(n: int) -> str:
    return f"+4799{n % 1_000_000:06d}"


def _after(seconds: float, field: str = "created_at") -> Any:
    """Declare a time `seconds` after another field of the row; none if that field is empty."""
    return factory.LazyAttribute(
        lambda row: None if getattr(row, field) is None else getattr(row, field) + timedelta(seconds=seconds)
    )


def _attempt(**fields: Any) -> Any:
    return factory.RelatedFactory(f"{_HERE}SendAttemptFactory", factory_related_name="message", **fields)


def _status(status: int, **fields: Any) -> Any:
    return factory.RelatedFactory(
        f"{_HERE}DeliveryStatusFactory", factory_related_name="message", status=status, **fields
    )


def _add_messages(bulk: BulkSend, create: bool, count: int | None, **fields: Any) -> None:
    if create and count:
        same = {"account": bulk.account, "sender": bulk.sender, "text": bulk.text, "created_at": bulk.created_at}
        OutboundMessageFactory.create_batch(count, **{**same, "sent": True, "gateway_id": None, "bulk": bulk, **fields})
        bulk.recipients = count
        bulk.save(update_fields=["recipients"])


class BulkSendFactory(DjangoModelFactory[BulkSend]):
    """A bulk send. `messages=3` adds that many messages, sent without ids as bulk messages are (§2.4)."""

    class Meta:
        model = BulkSend
        skip_postgeneration_save = True

    account = "default"
    sender = "Mitt Firma"
    text = "Test æøå"
    messages = factory.PostGeneration(_add_messages)


class OutboundMessageFactory(DjangoModelFactory[OutboundMessage]):
    """An outbound message, queued and due by default. Each has a different recipient, so that no two are twins."""

    class Meta:
        model = OutboundMessage
        skip_postgeneration_save = True

    account = "default"
    recipient = factory.Sequence(_number)
    sender = "Mitt Firma"
    text = "Test æøå"
    segments = factory.LazyAttribute(lambda row: gsm.preview(row.text, unicode=row.unicode).segments)
    unicode = False
    state = State.QUEUED
    created_at = factory.LazyFunction(timezone.now)
    next_at = factory.LazyAttribute(lambda row: row.created_at if row.state == State.QUEUED else None)
    lease_until = factory.LazyAttribute(lambda row: row.created_at + LEASE if row.state == State.SENDING else None)

    class Params:
        # A trait overrides those above it.
        queued = factory.Trait(state=State.QUEUED)
        sending = factory.Trait(
            state=State.SENDING,
            attempts=1,
            token=factory.LazyFunction(lambda: secrets.token_hex(16)),
            attempt=_attempt(pending=True, token=factory.SelfAttribute("message.token")),
        )
        sent = factory.Trait(
            state=State.SENT,
            gateway_id=factory.Sequence(lambda n: FIRST_ID + n),
            attempts=1,
            sent_at=_after(1),
            attempt=_attempt(accepted=True),
        )
        at_operator = factory.Trait(sent=True, state=State.AT_OPERATOR, first_status=_status(StatusCode.AT_OPERATOR))
        delivered = factory.Trait(
            at_operator=True,
            state=State.DELIVERED,
            delivered_at=_after(3),
            last_status=_status(StatusCode.DELIVERED, received_at=factory.SelfAttribute("message.delivered_at")),
        )
        undelivered = factory.Trait(at_operator=True, state=State.UNDELIVERED, last_status=_status(StatusCode.FAILED))
        rejected = factory.Trait(
            state=State.REJECTED,
            attempts=1,
            error_code=int(ErrorCode.INVALID_RECIPIENT),
            error_text="Invalid mobile number",
            attempt=_attempt(error_code=factory.SelfAttribute("message.error_code"), http_status=400),
        )
        unconfirmed = factory.Trait(
            state=State.UNCONFIRMED,
            attempts=2,
            risk_at=_after(1),
            attempt=_attempt(ambiguous=True, number=1),
            last_attempt=_attempt(lost=True, number=2, claimed_at=factory.LazyAttribute(
                lambda attempt: attempt.message.created_at + LEASE
            )),
        )  # fmt: skip
        duplicate = factory.Trait(
            state=State.DUPLICATE,
            duplicate_of=factory.SubFactory(
                f"{_HERE}OutboundMessageFactory",
                sent=True,
                account=factory.SelfAttribute("..account"),
                recipient=factory.SelfAttribute("..recipient"),
                sender=factory.SelfAttribute("..sender"),
                text=factory.SelfAttribute("..text"),
                created_at=factory.SelfAttribute("..created_at"),
            ),
        )
        cancelled = factory.Trait(state=State.CANCELLED)
        expired = factory.Trait(state=State.EXPIRED, expires_at=_after(0))


class SendAttemptFactory(DjangoModelFactory[SendAttempt]):
    """An attempt to send a message, answered by default. Without a `number` it is the next attempt of its message.

    Traits: `pending`, `answered`, `accepted` (answered with code 0), `not_sent`, `ambiguous`, `lost`.
    """

    class Meta:
        model = SendAttempt

    message = factory.SubFactory(OutboundMessageFactory)
    number = factory.LazyAttribute(
        lambda attempt: 1 + (attempt.message.send_attempts.count() if attempt.message.pk else 0)
    )
    token = factory.LazyFunction(lambda: secrets.token_hex(16))
    twin_key = factory.LazyFunction(lambda: secrets.token_hex(16))
    wire_digest = factory.LazyFunction(lambda: secrets.token_hex(16))
    wire_recipient = factory.SelfAttribute("message.recipient")
    wire_sender = factory.SelfAttribute("message.sender")
    claimed_at = factory.LazyAttribute(lambda attempt: attempt.message.created_at + timedelta(seconds=1))
    duration = 0.2
    finished_at = factory.LazyAttribute(lambda attempt: attempt.claimed_at + timedelta(seconds=attempt.duration or 0.2))
    outcome = SendAttempt.Outcome.ANSWERED

    class Params:
        pending = factory.Trait(outcome=SendAttempt.Outcome.PENDING, duration=None, finished_at=None)
        answered = factory.Trait(outcome=SendAttempt.Outcome.ANSWERED)
        accepted = factory.Trait(
            error_code=int(ErrorCode.OK), gateway_id=factory.SelfAttribute("message.gateway_id"), http_status=200
        )
        not_sent = factory.Trait(outcome=SendAttempt.Outcome.NOT_SENT, detail="no connection in time")
        ambiguous = factory.Trait(
            outcome=SendAttempt.Outcome.AMBIGUOUS, detail="no complete answer in time", duration=10.0
        )
        lost = factory.Trait(
            outcome=SendAttempt.Outcome.LOST, detail="the lease expired before an answer came", duration=None
        )


class DeliveryStatusFactory(DjangoModelFactory[DeliveryStatus]):
    """A delivery status, 4 by default, already processed. Traits: `at_operator`, `delivered`, `undelivered`.

    With `message=None` it is the status of an unknown message.
    """

    class Meta:
        model = DeliveryStatus

    message = factory.SubFactory(OutboundMessageFactory, sent=True)
    account = factory.LazyAttribute(lambda status: status.message.account if status.message else "default")
    gateway_id = factory.LazyAttribute(lambda status: status.message.gateway_id if status.message else FIRST_ID)
    status = int(StatusCode.DELIVERED)
    received_at = factory.LazyAttribute(
        lambda status: status.message.created_at + timedelta(seconds=2) if status.message else timezone.now()
    )
    process_at = None
    raw = factory.LazyAttribute(lambda status: f"status={status.status}&origid={status.gateway_id}".encode())

    class Params:
        at_operator = factory.Trait(status=int(StatusCode.AT_OPERATOR))
        delivered = factory.Trait(status=int(StatusCode.DELIVERED))
        undelivered = factory.Trait(status=int(StatusCode.FAILED))


class InboundMessageFactory(DjangoModelFactory[InboundMessage]):
    """A message from a phone to the site, already processed unless `process_at` is given.

    Traits: `reply` (to a delivered message), `mms` (with a picture), `unreadable`.
    """

    class Meta:
        model = InboundMessage
        skip_postgeneration_save = True

    account = "default"
    gateway_id = factory.Sequence(lambda n: FIRST_INBOUND_ID + n)
    sender = factory.Sequence(_number)
    recipient = "26114123450000"
    text = "Test 123"
    keyword = factory.LazyAttribute(lambda message: keyword(message.text))
    counter = factory.Sequence(lambda n: FIRST_COUNTER + n)
    received_at = factory.LazyFunction(timezone.now)
    sent_at = _after(-1, "received_at")
    api = InboundMessage.Api.JSON
    raw = factory.LazyAttribute(lambda message: json.dumps({"id": message.gateway_id, "text": message.text}).encode())
    announced = factory.LazyAttribute(lambda message: message.process_at is None)
    process_at = None
    identity = factory.LazyFunction(lambda: secrets.token_hex(16))
    content_digest = factory.LazyFunction(lambda: secrets.token_hex(16))

    class Params:
        reply = factory.Trait(
            in_reply_to=factory.SubFactory(
                OutboundMessageFactory,
                delivered=True,
                account=factory.SelfAttribute("..account"),
                recipient=factory.SelfAttribute("..sender"),
                sender=factory.SelfAttribute("..recipient"),
                created_at=factory.LazyAttribute(lambda row: row.factory_parent.received_at - timedelta(minutes=1)),
            )
        )
        mms = factory.Trait(picture=factory.RelatedFactory(f"{_HERE}MmsFileFactory", factory_related_name="message"))
        unreadable = factory.Trait(
            text="", sender="", recipient="", counter=None, gateway_id=None, sent_at=None, raw=b"{",
            problem="The body is not JSON.",
        )  # fmt: skip


class MmsFileFactory(DjangoModelFactory[MmsFile]):
    """A file of an MMS with the bytes `content`, in the storage that `MMS_STORAGE` names."""

    class Meta:
        model = MmsFile
        exclude = ("content",)

    content = b"\xff\xd8\xff\xe0 a picture"
    message = factory.SubFactory(InboundMessageFactory)
    content_type = "image/jpeg;Name=image01.jpg"
    name = "image01.jpg"
    position = factory.LazyAttribute(lambda file: file.message.files.count() if file.message.pk else 0)
    size = factory.LazyAttribute(lambda file: len(file.content))
    sha256 = factory.LazyAttribute(lambda file: sha256(file.content).hexdigest())
    file = factory.LazyAttribute(lambda file: ContentFile(file.content, name=f"mms/{secrets.token_hex(8)}"))


class OptOutFactory(DjangoModelFactory[OptOut]):
    """An opt-out from all senders of an account. Trait: `by_message`, by an inbound STOP to its recipient."""

    class Meta:
        model = OptOut

    account = "default"
    number = factory.Sequence(_number)
    since = factory.LazyFunction(timezone.now)

    class Params:
        by_message = factory.Trait(
            message=factory.SubFactory(
                InboundMessageFactory,
                text="STOP",
                account=factory.SelfAttribute("..account"),
                sender=factory.SelfAttribute("..number"),
                received_at=factory.SelfAttribute("..since"),
            ),
            sender=factory.SelfAttribute("message.recipient"),
        )
