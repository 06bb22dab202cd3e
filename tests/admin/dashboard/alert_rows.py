"""Rows that cause the alerts of the dashboard."""

from datetime import timedelta

from django.utils import timezone

from django_front_sms.models import CounterGap, RefusedPush
from django_front_sms.states import State
from tests.factories import (
    AccountStateFactory,
    DeliveryStatusFactory,
    EventFactory,
    InboundMessageFactory,
    OutboundMessageFactory,
)


def create_rows_for_every_alert() -> None:
    """One row or more for each alert."""
    now = timezone.now()
    for _ in range(7):
        OutboundMessageFactory(unconfirmed=True)
        EventFactory(subject="out:1", failed=True, traceback="Traceback\nValueError: 99999999")
        CounterGap.objects.create(account="default", first=1, last=3, shown_at=now, announced_at=now)
        RefusedPush.objects.create(account="default", purpose="inbound", limit=1)
    AccountStateFactory(paused=True)
    AccountStateFactory(account="other", key="other")  # it was in the settings once
    OutboundMessageFactory(account="other", created_at=now)
    InboundMessageFactory(problem="no time", received_at=now, account="another")
    DeliveryStatusFactory(message=None, status=None, problem="no id", gateway_id=None, received_at=now)
    OutboundMessageFactory(state=State.SENT, gateway_id=5, status_missed_at=now, created_at=now)
    OutboundMessageFactory(state=State.REJECTED, error_code=12, created_at=now)
    OutboundMessageFactory(state=State.DELIVERED, created_at=now, sent_at=now, delivered_at=now)


def question(number: str, hours: float, **fields):
    return InboundMessageFactory(sender=number, received_at=timezone.now() - timedelta(hours=hours), **fields)
