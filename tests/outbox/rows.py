"""Messages that are made by `send_sms`, and rows read from the database."""

from datetime import datetime
from typing import Any

from django_front_sms import send_sms
from django_front_sms.conf import get_settings
from django_front_sms.models import AccountState, OutboundMessage, SendAttempt
from tests.factories import NUMBER


def message(text: str = "Test æøå", **options: Any) -> OutboundMessage:
    return send_sms(options.pop("to", NUMBER), text, **options)


def reloaded(row: OutboundMessage) -> OutboundMessage:
    """The row, read from the database again."""
    return OutboundMessage.objects.get(pk=row.pk)


def outcomes(row: OutboundMessage) -> list[str]:
    return list(SendAttempt.objects.filter(message=row).order_by("number").values_list("outcome", flat=True))


def account_state(account: str = "default") -> AccountState:
    return AccountState.objects.get(key=get_settings().account(account).gateway)


def with_expiry(row: OutboundMessage, at: datetime) -> OutboundMessage:
    """The message, with an expiry time that has passed already, which `send_sms` would refuse."""
    OutboundMessage.objects.filter(pk=row.pk).update(expires_at=at)
    row.refresh_from_db()
    return row
