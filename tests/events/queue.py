"""The table of events as a queue."""

from datetime import timedelta

from django.db.models import F

from django_front_sms.models import Event


def add(*events: Event) -> list[Event]:
    """Store the events."""
    return Event.objects.bulk_create(events)


def end_pauses() -> None:
    """Make waiting events due: retry pauses and leases are over."""
    Event.objects.filter(next_at__isnull=False).update(next_at=F("next_at") - timedelta(days=1))
