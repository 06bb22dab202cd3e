"""Delivering events to the receivers of their signals.

An event is a row, written in the transaction of the change that it reports. A worker calls the receivers of its signal,
at least once each, until each has returned without an error. Events of one subject keep their order.
"""

import logging
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from asgiref.sync import async_to_sync
from django.core.exceptions import ObjectDoesNotExist
from django.db import Error, close_old_connections, models
from django.db.models import Exists, F, OuterRef
from django.dispatch import Signal
from django.utils.translation import gettext as _

from django_front_sms import signals
from django_front_sms.conf import get_settings
from django_front_sms.db.clock import ENDLESS, Turn, database_now
from django_front_sms.db.routing import atomic, connection, on_commit
from django_front_sms.events import hints
from django_front_sms.events.records import due_at_once
from django_front_sms.exceptions import NotPossible
from django_front_sms.models import AccountState, DeliveryStatus, Event, InboundMessage, OutboundMessage

logger = logging.getLogger(__name__)


class SignalSpec(NamedTuple):
    """An event's signal, the signal's `sender`, and the model of each of its data that is a row's key."""

    signal: Signal
    sender: type[models.Model]
    rows: dict[str, type[models.Model]]


SIGNALS: dict[str, SignalSpec] = {
    Event.Kind.MESSAGE_RECEIVED: SignalSpec(signals.message_received, InboundMessage, {"message": InboundMessage}),
    Event.Kind.REPLY_RECEIVED: SignalSpec(
        signals.reply_received, InboundMessage, {"message": InboundMessage, "in_reply_to": OutboundMessage}
    ),
    Event.Kind.STATE_CHANGED: SignalSpec(signals.state_changed, OutboundMessage, {"message": OutboundMessage}),
    Event.Kind.STATUS_RECEIVED: SignalSpec(signals.status_received, DeliveryStatus, {"status": DeliveryStatus}),
    Event.Kind.COUNTER_GAP: SignalSpec(signals.counter_gap, InboundMessage, {}),
    Event.Kind.SENDING_PAUSED: SignalSpec(signals.sending_paused, AccountState, {}),
}


# ---- Delivery

LEASE = timedelta(seconds=60)
_BATCH = 20
_CLOSED_AT_ONCE = 500
_LONGEST_TRACEBACK = 20_000


def deliver(turn: Turn = ENDLESS) -> int:
    """Deliver due events to their receivers until none is due, or the turn is over; returns the number of events.

    A receiver is called outside of any transaction. One that raises is called again after `RECEIVER_RETRY_DELAY`
    seconds, doubling; the others are not. After `RECEIVER_ATTEMPTS` the event is marked as failed, its traceback is
    kept, and the next event of that subject is delivered. A receiver that needs more than `LEASE` may be called a
    second time meanwhile: long work belongs in a task of its own.
    """
    delivered = 0
    while not turn.is_over():
        _close_without_receivers()  # each time: those that came meanwhile would be delivered one by one
        due = list(_first_of_each_subject(database_now()))
        if not due:
            break
        for event in due:
            if turn.is_over():
                break
            if _claim(event):
                delivered += 1
                _deliver(event)
    return delivered


def has_due() -> bool:
    """Whether an event could be delivered now."""
    return Event.objects.due(database_now()).exists()


def deliver_again(event: Event) -> None:
    """Deliver a failed event once more, to the receivers that it has not been delivered to.

    Raises `NotPossible` if it has not failed.
    """
    failed = Event.objects.failed().filter(pk=event.pk)
    if not failed.update(failed=False, attempts=0, traceback="", next_at=due_at_once()):
        raise NotPossible(_("This event has not failed: it was delivered, or will be. There is nothing to do."))
    on_commit(lambda: hints.hint("deliver_events"))


def _close_without_receivers() -> None:
    """Finish events without receivers, many at once: most sites have receivers for few signals."""
    kinds = [kind for kind, spec in SIGNALS.items() if not spec.signal.has_listeners(spec.sender)]
    if not kinds:
        return
    due = Event.objects.due(database_now()).filter(kind__in=kinds)
    while _close_some(due) >= _CLOSED_AT_ONCE:
        pass


def _close_some(due: models.QuerySet[Event]) -> int:
    if connection().vendor == "postgresql":
        with atomic():  # without the rows that another worker is closing
            keys = due.select_for_update(skip_locked=True).values("pk")[: 10 * _CLOSED_AT_ONCE]
            return Event.objects.filter(pk__in=keys).update(next_at=None)
    # By key, without a subquery: on MySQL an UPDATE over a range would block inserts of new events.
    some = list(due.values_list("pk", flat=True)[:_CLOSED_AT_ONCE])
    return Event.objects.filter(pk__in=some).update(next_at=None) if some else 0


def _first_of_each_subject(now: datetime) -> models.QuerySet[Event]:
    """Due events without an earlier event of the same subject that is still to be delivered."""
    earlier = Event.objects.pending().filter(subject=OuterRef("subject"), pk__lt=OuterRef("pk"))
    return Event.objects.due(now).filter(~Exists(earlier))[:_BATCH]


def _claim(event: Event) -> bool:
    """Take an event for `LEASE`, counting the attempt, unless another worker took it or its attempts are used up."""
    row = Event.objects.filter(pk=event.pk, next_at=event.next_at)
    if event.attempts >= get_settings().receiver_attempts:  # the worker process ended during each call
        if row.update(next_at=None, failed=True):
            logger.error(
                "Event %s (%s) was given up: the worker process ended during each attempt.", event.event_id, event.kind
            )
        return False
    lease = database_now() + LEASE
    if not row.update(next_at=lease, attempts=F("attempts") + 1):
        return False
    event.next_at = lease
    event.attempts += 1
    return True


def _deliver(event: Event) -> None:
    signal, sender, _rows = SIGNALS[event.kind]
    try:
        arguments = _arguments(event)
    except ObjectDoesNotExist:  # erased or purged: there is nothing to report any more
        Event.objects.filter(pk=event.pk).delete()
        return
    failures: list[str] = []
    waiting = {name: call for name, call in _receivers(signal, sender).items() if name not in event.delivered_to}
    for position, (name, receiver) in enumerate(waiting.items(), 1):
        failure = _call(receiver, signal=signal, sender=sender, event_id=event.event_id, **arguments)
        _reset_connection()
        if failure is None:
            event.delivered_to.append(name)
            if failures or position < len(waiting):  # otherwise `_finish` records it, and saves five statements
                _record_delivered(event)
        else:
            failures.append(_describe(failure))
            logger.error(
                "Receiver %s raised %s for event %s (%s), attempt %d; its traceback is kept with the event.",
                name,
                type(failure).__name__,
                event.event_id,
                event.kind,
                event.attempts,
            )
    _finish(event, failures)


def _arguments(event: Event) -> dict[str, Any]:
    """The arguments of the signal, with rows freshly loaded; raises `ObjectDoesNotExist` if one of them is gone."""
    rows = SIGNALS[event.kind].rows
    return {
        key: rows[key]._default_manager.get(pk=value) if key in rows else value for key, value in event.data.items()
    }


def _receivers(signal: Signal, sender: type[models.Model]) -> dict[str, Callable[..., Any]]:
    """The receivers of a signal as synchronous functions, by names that are the same in every process."""
    # Private: Signal has no public way to call some of its receivers. `test_signal_receivers` names the versions tried.
    functions, coroutines = signal._live_receivers(sender)
    named: dict[str, Callable[..., Any]] = {}
    for receiver in [*functions, *coroutines]:
        kind = receiver if hasattr(receiver, "__qualname__") else type(receiver)
        name = unique = f"{kind.__module__}.{kind.__qualname__}"
        number = 1
        while unique in named:  # lambdas, or made by one factory: numbered in the order in which they were connected
            number += 1
            unique = f"{name}#{number}"
        named[unique] = async_to_sync(receiver) if receiver in coroutines else receiver
    return named


def _call(receiver: Callable[..., Any], **arguments: Any) -> Exception | None:
    try:
        receiver(**arguments)
    except Exception as error:
        return error
    return None


def _reset_connection() -> None:
    """Close a connection that a receiver left broken, or in a transaction that it had begun."""
    current = connection()
    if current.in_atomic_block:  # a transaction of the caller's, as in a TestCase
        return
    with suppress(Error):  # a driver may refuse to close a closed connection; Django has dropped it by then
        if current.errors_occurred or current.get_autocommit() is not current.settings_dict["AUTOCOMMIT"]:
            close_old_connections()


def _record_delivered(event: Event) -> None:
    """Record which receivers processed the event, even if another worker holds it now; extend this worker's lease."""
    lease = database_now() + LEASE
    with atomic():
        row = Event.objects.select_for_update().filter(pk=event.pk).first()
        if row is None:
            return
        row.delivered_to = sorted({*row.delivered_to, *event.delivered_to})
        if row.next_at == event.next_at:
            row.next_at = event.next_at = lease
        row.save(update_fields=["delivered_to", "next_at"])


def _finish(event: Event, failures: list[str]) -> None:
    """Finish an event without failures, even if its lease ran out meanwhile; retry any other later, or give it up."""
    row = Event.objects.filter(pk=event.pk)
    if not failures:
        row.update(next_at=None, failed=False, traceback="", delivered_to=sorted(event.delivered_to))
        return
    text = "\n".join(failures)[-_LONGEST_TRACEBACK:]
    ours = row.filter(next_at=event.next_at)
    settings = get_settings()
    if event.attempts >= settings.receiver_attempts:
        ours.update(next_at=None, failed=True, traceback=text)
    else:
        pause = timedelta(seconds=settings.receiver_retry_delay * 2 ** (event.attempts - 1))
        ours.update(next_at=database_now() + pause, traceback=text)


def _describe(error: Exception) -> str:
    """The traceback, without the values of variables, in characters that every database takes."""
    text = "".join(traceback.format_exception(error))
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
