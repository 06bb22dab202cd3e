"""Events as rows of `Event`. The caller saves them in the transaction of the change that they report.

Each function has the name and arguments of its signal (`signals.py`), with keys of rows in place of the rows.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from django_front_sms.conf import get_settings
from django_front_sms.models import Event
from django_front_sms.models.event import new_event_id, new_event_ids

# Many events are made as tuples of these fields: building an instance costs more than writing its row.
FIELDS = ("event_id", "kind", "subject", "data")
EventValues = tuple[str, str, str, dict[str, Any]]


def message_received(message_id: int) -> Event:
    """`message_id`: the key of an `InboundMessage`."""
    return _event(Event.Kind.MESSAGE_RECEIVED, f"in:{message_id}", message=message_id)


def reply_received(message_id: int, in_reply_to_id: int) -> Event:
    """The keys of an `InboundMessage` and of the `OutboundMessage` that it answers."""
    return _event(Event.Kind.REPLY_RECEIVED, f"in:{message_id}", message=message_id, in_reply_to=in_reply_to_id)


def state_changed(message_id: int, old: str, new: str) -> Event:
    """The key of an `OutboundMessage`, and two values of `State`."""
    return _row(*states_changed([message_id], old, new))


def status_received(status_id: int, message_id: int | None = None) -> Event:
    """`message_id`: the message that the status was matched to; without one, the status is a subject of its own."""
    return _row(*statuses_received([(status_id, message_id)]))


def counter_gap(account: str, missing: list[int]) -> Event:
    """`missing`: the numbers of Front's counter (§2.5) that no message of the account came with."""
    return _event(Event.Kind.COUNTER_GAP, f"account:{account}", account=account, missing=list(missing))


def sending_paused(account: str, error_code: int) -> Event:
    """`error_code`: Front's (§2.2), one of those about the account."""
    return _event(Event.Kind.SENDING_PAUSED, f"account:{account}", account=account, error_code=int(error_code))


def _event(kind: Event.Kind, subject: str, **data: Any) -> Event:
    return _row((new_event_id(), kind, subject, data))


def _row(values: EventValues) -> Event:
    return Event(**dict(zip(FIELDS, values, strict=True)), next_at=due_at_once())


def states_changed(message_ids: Sequence[int], old: str, new: str) -> list[EventValues]:
    """As `state_changed`, for many messages with the same transition."""
    kind, old, new = Event.Kind.STATE_CHANGED.value, str(old), str(new)
    return [
        (event_id, kind, f"out:{pk}", {"message": pk, "old": old, "new": new})
        for event_id, pk in zip(new_event_ids(len(message_ids)), message_ids, strict=True)
    ]


def statuses_received(statuses: Sequence[tuple[int, int | None]]) -> list[EventValues]:
    """`statuses`: the key of each, and that of its message, or None, as in `status_received`."""
    kind = Event.Kind.STATUS_RECEIVED.value
    return [
        (event_id, kind, f"status:{pk}" if message is None else f"out:{message}", {"status": pk})
        for event_id, (pk, message) in zip(new_event_ids(len(statuses)), statuses, strict=True)
    ]


def due_at_once() -> datetime:
    """A due time that has come on the database's clock too, which may be behind this process's."""
    return timezone.now() - timedelta(seconds=get_settings().window_margin)
