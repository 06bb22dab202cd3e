"""Receivers for one test, and something for them to hear."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.dispatch import Signal

from django_front_sms.models import Event, InboundMessage, OutboundMessage


class Receivers:
    """Connects receivers, and remembers what `listen` heard."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.connected: list[tuple[Signal, Callable[..., Any]]] = []

    def connect(self, signal: Signal, receiver: Callable[..., Any] | None = None, **options: Any) -> Callable[..., Any]:
        receiver = receiver or self.listen
        signal.connect(receiver, weak=False, **options)
        self.connected.append((signal, receiver))
        return receiver

    def listen(self, signal: Signal, sender: Any, **what: Any) -> None:
        self.heard.append({"sender": sender, **what})


@contextmanager
def listening() -> Iterator[Receivers]:
    receivers = Receivers()
    try:
        yield receivers
    finally:
        for signal, receiver in receivers.connected:
            signal.disconnect(receiver)


def outbound(**fields: Any) -> OutboundMessage:
    return OutboundMessage.objects.create(recipient="+4799999999", sender="x", text="hei", account="default", **fields)


def inbound(**fields: Any) -> InboundMessage:
    values = {"sender": "+4799999999", "api": "json", "identity": Event().event_id, **fields}
    return InboundMessage.objects.create(account="default", **values)


def happen(*happened: Event) -> list[Event]:
    return Event.objects.bulk_create(happened)


def later() -> None:
    """Lets retry pauses and leases go by."""
    Event.objects.filter(next_at__isnull=False).update(next_at=F("next_at") - timedelta(days=1))
