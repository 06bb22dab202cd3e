"""Celery tasks. Each runs without arguments, for all accounts, and can be called as a plain function.

They have no results, no retries and no countdowns, and are acknowledged before the work: see `jobs.py`.
"""

import threading
from typing import Any

from celery import Celery, Task, shared_task
from celery.signals import task_prerun, worker_ready, worker_shutting_down

from django_front_sms import events, jobs
from django_front_sms.db.connections import close_broken_connections
from django_front_sms.jobs import CLAIM_FOR
from django_front_sms.schedule import BEAT_SCHEDULE, SWEEP_EVERY

__all__ = ["BEAT_SCHEDULE", "deliver_events", "dispatch", "purge", "sweep"]

_OPTIONS: dict[str, Any] = {"ignore_result": True, "acks_late": False}


@shared_task(bind=True, **_OPTIONS)
def dispatch(self: "Task[Any, Any]") -> int:
    """Send what is due; returns the number of attempts. Called as a function, it returns when nothing is due."""
    if self.request.called_directly:
        return jobs.dispatch()
    return jobs.dispatch(CLAIM_FOR, hand_over=lambda: events.publish("dispatch"))


@shared_task(bind=True, **_OPTIONS)
def sweep(self: "Task[Any, Any]") -> None:
    """Rescue, expire, fold; then wake a worker for what is due."""
    jobs.sweep(None if self.request.called_directly else jobs.GIVE_WAY_AFTER)


@shared_task(bind=True, **_OPTIONS)
def deliver_events(self: "Task[Any, Any]") -> int:
    """Fold statuses, process inbound messages, and deliver events to their receivers; returns the number of events.
    Called as a function, it returns when nothing is due."""
    if self.request.called_directly:
        return jobs.deliver_events()
    return jobs.deliver_events_in_task(may_send=_may_send(self))


@shared_task(bind=True, **_OPTIONS)
def purge(self: "Task[Any, Any]") -> dict[str, int]:
    """Remove personal data older than `RETENTION_DAYS`; returns the number of rows of each kind."""
    may_send = not self.request.called_directly and _may_send(self)
    return jobs.purge(jobs.GIVE_WAY_AFTER if may_send else None)


def _may_send(task: "Task[Any, Any]") -> bool:
    """Whether dispatches go where this task goes. A site may have them run by certain workers alone, because the others
    do not reach the gateway."""
    return _destination(task.app, task.name) == _destination(task.app, dispatch.name)


def _destination(app: Celery, name: str) -> list[Any]:
    route = app.amqp.router.route({}, name)
    found = [route.get(key) for key in ("queue", "exchange", "routing_key")]
    return found if any(found) else [app.amqp.queues[app.conf.task_default_queue], None, None]


@task_prerun.connect
def _check_connections(task: "Task[Any, Any]", **kwargs: Any) -> None:
    """Celery closes connections around each task, but with `CELERY_DB_REUSE_MAX` it keeps broken ones as well."""
    if task.name.startswith(f"{__name__}.") and not task.request.is_eager:
        close_broken_connections()


_stopping = threading.Event()


@worker_ready.connect
def _start_timer(**kwargs: Any) -> None:
    """Start a timer for the sweep in each worker, so that sites without beat sweep as well."""
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
