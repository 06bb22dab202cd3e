"""The package's factories at a fixed time, with one phone for all; and factories for its internal models."""

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from django_front_sms.conf import get_settings
from django_front_sms.models import AccountState, Event, SendAttempt
from django_front_sms.states import State
from django_front_sms.testing import factories
from django_front_sms.testing.factories import BulkSendFactory, MmsFileFactory, OptOutFactory

__all__ = [
    "NOON", "NUMBER", "AccountStateFactory", "BulkSendFactory", "DeliveryStatusFactory", "EventFactory",
    "InboundMessageFactory", "MmsFileFactory", "OptOutFactory", "OutboundMessageFactory", "SendAttemptFactory", "at",
]  # fmt: skip

NOON = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
NUMBER = "+4799999999"


def at(seconds: float) -> datetime:
    """Return the time `seconds` after noon."""
    return NOON + timedelta(seconds=seconds)


def _after(seconds: float, message: str = "") -> Any:
    """Declare a time `seconds` after the creation of the row, or of the message in its field `message`."""
    return factory.LazyAttribute(
        lambda row: (getattr(row, message) if message else row).created_at + timedelta(seconds=seconds)
    )


def _related(name: str, message: str, seconds: float, time: str, **fields: Any) -> Any:
    """Declare a row of the factory `name` that belongs to the message, with its field `time` so much later."""
    return factory.RelatedFactory(
        f"tests.factories.{name}Factory", message, **{time: _after(seconds, message)}, **fields
    )


class OutboundMessageFactory(factories.OutboundMessageFactory):
    """A message from noon. A queued one is due since noon, whenever it was created."""

    recipient = NUMBER
    created_at = NOON
    next_at = factory.LazyAttribute(lambda row: NOON if row.state == State.QUEUED else None)
    lease_until = factory.LazyAttribute(lambda row: at(30) if row.state == State.SENDING else None)

    class Params:
        # No clear answer, sent again after 16 seconds, accepted, at the operator, delivered, answered.
        retried = factory.Trait(
            state=State.DELIVERED,
            gateway_id=145099,
            attempts=2,
            sent_at=_after(17),
            delivered_at=_after(23),
            attempt=_related(
                "SendAttempt", "message", 1, "claimed_at", number=1, ambiguous=True, http_status=502, duration=1.84,
                detail="HTTP 502",
            ),
            last_attempt=_related(
                "SendAttempt", "message", 16, "claimed_at", number=2, accepted=True, duration=0.21
            ),
            first_status=_related("DeliveryStatus", "message", 19, "received_at", status=-1),
            last_status=_related("DeliveryStatus", "message", 23, "received_at", status=4),
            answer=_related("InboundMessage", "in_reply_to", 95, "received_at", text="JA"),
        )  # fmt: skip


class SendAttemptFactory(factories.SendAttemptFactory):
    """An attempt one second after noon, answered in 0.2 seconds."""

    message = factory.SubFactory(OutboundMessageFactory)
    claimed_at = at(1)
    twin_key, wire_digest = "twin", "digest"
    outcome = SendAttempt.Outcome.ANSWERED


class DeliveryStatusFactory(factories.DeliveryStatusFactory):
    """A status from two seconds after noon."""

    message = factory.SubFactory(OutboundMessageFactory, sent=True)
    received_at = at(2)


class InboundMessageFactory(factories.InboundMessageFactory):
    """A message from one second after noon, with the id and the counter of the manual's example (§2.5.1)."""

    gateway_id = 999999
    sender = NUMBER
    counter = 7166
    received_at = at(1)
    sent_at = NOON


class EventFactory(DjangoModelFactory[Event]):
    """A delivered event."""

    class Meta:
        model = Event

    kind = Event.Kind.STATE_CHANGED
    subject = "out:1"
    attempts = 1
    next_at = None
    created_at = at(2)


def _key(account: str) -> str:
    known = get_settings().accounts.get(account)
    return known.gateway if known else f"key of {account}"


class AccountStateFactory(DjangoModelFactory[AccountState]):
    """The state of an account; an existing one is changed. Trait: `paused`, at noon, for code 5 by default."""

    class Meta:
        model = AccountState

    account = "default"
    key = factory.LazyAttribute(lambda row: _key(row.account))

    class Params:
        paused = factory.Trait(paused_at=NOON, pause_code=5)

    @classmethod
    def _create(cls, model: type[AccountState], *args: Any, **fields: Any) -> AccountState:
        return model.objects.update_or_create(key=fields.pop("key"), defaults=fields)[0]
