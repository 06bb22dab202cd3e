"""Celery's way in. Each task runs with no argument, for all accounts, and can be called as a plain function.

The rows are the queue: a task that is lost, late or run twice changes nothing. Hence no results, no retries, no
countdowns, and acknowledgement before the work.
"""

import threading
from typing import Any

from celery import Task, shared_task
from celery.signals import worker_ready, worker_shutting_down

from django_front_sms import events, inbox, outbox, retention
from django_front_sms.error_reports import redacted_errors
from django_front_sms.schedule import BEAT_SCHEDULE, SWEEP_EVERY

__all__ = ["BEAT_SCHEDULE", "deliver_events", "dispatch", "purge", "sweep"]

CLAIM_FOR = 5.0  # seconds until a dispatch gives way to a new one
_OPTIONS: dict[str, Any] = {"ignore_result": True, "acks_late": False}


@shared_task(bind=True, **_OPTIONS)
@redacted_errors
def dispatch(self: "Task[Any, Any]") -> int:
    """Send what is due; gives the number of attempts. Called as a function, it returns when nothing is due."""
    outbox.sweep()
    if self.request.called_directly:
        attempts = outbox.run()
    else:
        attempts = outbox.run(CLAIM_FOR, hand_over=lambda: events.publish("dispatch"))
    if events.has_due():
        events.hint("deliver_events")
    return attempts


@shared_task(**_OPTIONS)  # type: ignore[untyped-decorator]  # celery's own types leave it open
@redacted_errors
def sweep() -> None:
    """Rescue, expire, fold; then wake whoever has something to do."""
    outbox.sweep()
    outbox.fold_statuses()
    inbox.process()
    if outbox.has_due():
        events.hint("dispatch")
    if events.has_due():
        events.hint("deliver_events")


@shared_task(**_OPTIONS)  # type: ignore[untyped-decorator]  # celery's own types leave it open
@redacted_errors
def deliver_events() -> int:
    """Fold statuses, process what came in, and hand events to their receivers; gives the number of events."""
    outbox.fold_statuses()
    inbox.process()
    return events.deliver()


@shared_task(**_OPTIONS)  # type: ignore[untyped-decorator]  # celery's own types leave it open
@redacted_errors
def purge() -> dict[str, int]:
    """Take what is personal out of whatever is older than `RETENTION_DAYS`; gives how many rows of each kind."""
    return dict(retention.purge().counts)


_stopping = threading.Event()


@worker_ready.connect
def _start_timer(**kwargs: Any) -> None:
    """A worker sees to the sweep itself, so that a site without beat heals as well."""
    _stopping.clear()
    threading.Thread(target=_keep_sweeping, name="front-sms-sweep", daemon=True).start()


@worker_shutting_down.connect
def _stop_timer(**kwargs: Any) -> None:
    _stopping.set()


def _keep_sweeping() -> None:
    while True:
        events.hint("sweep")
        if _stopping.wait(SWEEP_EVERY):
            return
