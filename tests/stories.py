"""Messages with a past, for tests and pictures: rows as the engine would have left them."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile

from django_front_sms.conf import get_settings
from django_front_sms.models import (
    AccountState,
    DeliveryStatus,
    Event,
    InboundMessage,
    MmsFile,
    OutboundMessage,
    SendAttempt,
)
from django_front_sms.models.inbound import mms_storage
from django_front_sms.states import State

NOON = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
NUMBER = "+4799999999"


def at(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def message(**fields: Any) -> OutboundMessage:
    state = fields.setdefault("state", State.QUEUED)
    if state == State.SENDING:
        fields.setdefault("lease_until", at(30))
    fields.setdefault("next_at", NOON if state == State.QUEUED else None)
    defaults = {
        "account": "default",
        "recipient": NUMBER,
        "sender": "Mitt Firma",
        "text": "Test æøå",
        "created_at": NOON,
    }
    return OutboundMessage.objects.create(**{**defaults, **fields})


def attempt(message: OutboundMessage, number: int, seconds: float, **fields: Any) -> SendAttempt:
    defaults = {
        "token": secrets.token_hex(16),
        "twin_key": "twin",
        "wire_digest": "digest",
        "wire_recipient": message.recipient,
        "wire_sender": message.sender,
        "claimed_at": at(seconds),
        "finished_at": at(seconds + (fields.get("duration") or 0.2)),
        "duration": 0.2,
        "outcome": SendAttempt.Outcome.ANSWERED,
    }
    return SendAttempt.objects.create(message=message, number=number, **{**defaults, **fields})


def status(message: OutboundMessage | None, value: int | None, seconds: float, **fields: Any) -> DeliveryStatus:
    gateway_id = message.gateway_id if message else fields.get("gateway_id")
    defaults = {
        "account": "default",
        "gateway_id": gateway_id,
        "received_at": at(seconds),
        "process_at": None,
        "raw": f"status={value}&origid={gateway_id}".encode(),
    }
    return DeliveryStatus.objects.create(message=message, status=value, **{**defaults, **fields})


def inbound(**fields: Any) -> InboundMessage:
    defaults = {
        "account": "default",
        "gateway_id": 999999,
        "sender": NUMBER,
        "recipient": "26114123450000",
        "text": "Test 123",
        "keyword": "TEST",
        "counter": 7166,
        "sent_at": at(0),
        "received_at": at(1),
        "api": "json",
        "raw": b'{"id": 999999, "text": "Test 123"}',
        "process_at": None,
        "identity": secrets.token_hex(16),
        "content_digest": secrets.token_hex(16),
    }
    return InboundMessage.objects.create(**{**defaults, **fields})


def file(message: InboundMessage, name: str, content_type: str, content: bytes, position: int = 0) -> MmsFile:
    stored = mms_storage().save(f"mms/{secrets.token_hex(8)}", ContentFile(content))
    return MmsFile.objects.create(
        message=message, name=name, content_type=content_type, size=len(content), file=stored, position=position
    )


def event(subject: str, **fields: Any) -> Event:
    defaults = {"kind": Event.Kind.STATE_CHANGED, "next_at": None, "attempts": 1, "created_at": at(2)}
    return Event.objects.create(subject=subject, **{**defaults, **fields})


def paused(code: int = 5, account: str = "default") -> AccountState:
    return account_state(account, paused_at=at(0), pause_code=code)


def worker_seen(now: datetime, account: str = "default") -> AccountState:
    """A worker recorded the time at the account."""
    return account_state(account, clock=now)


def account_state(account: str, **fields: Any) -> AccountState:
    known = get_settings().accounts.get(account)
    key = known.gateway if known else f"key of {account}"
    return AccountState.objects.update_or_create(key=key, defaults={"account": account, **fields})[0]


def delivered(**fields: Any) -> OutboundMessage:
    """Queued, no clear answer, tried again, taken, at the operator, on the phone, and answered."""
    defaults = {
        "state": State.DELIVERED,
        "gateway_id": 145099,
        "attempts": 2,
        "sent_at": at(17),
        "delivered_at": at(23),
    }
    sms = message(**{**defaults, **fields})
    attempt(
        sms, 1, 1, outcome=SendAttempt.Outcome.AMBIGUOUS, http_status=502, detail="the answer was HTML", duration=1.84
    )
    attempt(sms, 2, 16, error_code=0, gateway_id=sms.gateway_id, http_status=200, duration=0.21)
    status(sms, -1, 19)
    status(sms, 4, 23)
    inbound(in_reply_to=sms, received_at=at(95), sent_at=at(93), text="JA", keyword="JA")
    return sms


def unconfirmed(**fields: Any) -> OutboundMessage:
    """No clear answer until it was too late to ask again."""
    sms = message(**{"state": State.UNCONFIRMED, "attempts": 2, "risk_at": at(1), **fields})
    attempt(sms, 1, 1, outcome=SendAttempt.Outcome.AMBIGUOUS, detail="no answer within 10 s", duration=10.0)
    attempt(
        sms,
        2,
        30,
        outcome=SendAttempt.Outcome.LOST,
        detail="the worker that had it did not come back in time",
        duration=None,
    )
    return sms
