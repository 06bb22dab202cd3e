"""Entry point of the run's processes: the package, with scaled times, steppable clocks, and points to be killed at.

`celery -A tests.faults.worker:app worker`; `python -m tests.faults.worker`: a sweeper that needs no broker;
`python -m tests.faults.worker command`: `front_sms worker`; `… tasks`: the worker of Django's tasks.
"""

import dataclasses
import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
from celery.signals import worker_ready

from tests.faults.app import app

__all__ = ["app"]

FOLDER = Path(os.environ["FAULTS_FOLDER"])


def set_up() -> None:
    django.setup()
    from django.conf import settings

    from tests.faults import baseline, clocks, points, removed

    clocks.follow(FOLDER)
    _scale(settings.PLAN.scale)
    _tag()
    points.install(FOLDER)
    if settings.PLAN.mixed:
        _record_events()
    if settings.PLAN.removed:
        removed.remove(settings.PLAN.removed)
    if settings.PLAN.baseline:
        baseline.replace_engine(app, settings.PLAN)


def engine(name: str) -> Any:
    """Return a module of the package. (The attribute `outbox.sweep` is a function.)"""
    return sys.modules[f"django_front_sms.{name}"]


def _scale(scale: float) -> None:
    """Scale the pauses that are not settings."""
    from django_front_sms import jobs, tasks, worker

    for module, name in (
        (tasks, "SWEEP_EVERY"),
        (tasks, "CLAIM_FOR"),
        (jobs, "CLAIM_FOR"),
        (worker, "SWEEP_EVERY"),
        (worker, "LOOK_EVERY"),
        (worker, "LOOK_EVERY_WITH_NOTIFY"),
    ):
        setattr(module, name, getattr(module, name) * scale)
    for module, name in (
        ("outbox.rules", "FIRST_DELAY"),
        ("outbox.rules", "LONGEST_DELAY"),
        ("outbox.duplicates", "RECHECK_AFTER"),
        ("outbox.accounts", "FIRST_PROBE"),
        ("events.delivery", "LEASE"),
    ):
        setattr(engine(module), name, getattr(engine(module), name) * scale)
    if scale < 1:  # so that repetitions occur in every part of the window
        engine("outbox.rules").LONGEST_DELAY = timedelta(seconds=10 * scale)


def _tag() -> None:
    """Put message, attempt and time of the claim into the password field, which this gateway does not check."""
    from tests.faults.gateway import now

    claim = engine("outbox.claim")
    original = claim.request_of

    def tagged(message: Any, *args: Any) -> Any:
        return dataclasses.replace(
            original(message, *args), password=f"{message.pk}:{message.attempts + 1}:{now():.3f}"
        )

    claim.request_of = tagged
    executor = engine("outbox.executor")
    bulk_request = executor._bulk_request

    def all_tagged(jobs: Any) -> Any:
        return dataclasses.replace(bulk_request(jobs), password=",".join(job.sms.password for job in jobs))

    executor._bulk_request = all_tagged


def _record_events() -> None:
    """Log each event that reaches a receiver."""
    from django_front_sms import signals

    file = os.open(FOLDER / "delivered.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def log(*, event_id: str, **_kwargs: Any) -> None:
        os.write(file, (json.dumps({"event": event_id}) + "\n").encode())

    for signal in ("message_received", "reply_received", "state_changed", "status_received"):
        getattr(signals, signal).connect(log, weak=False)


@worker_ready.connect
def mark_ready(**kwargs: Any) -> None:
    (FOLDER / "ready" / str(os.getpid())).touch()


def main() -> None:
    from django.conf import settings
    from django.db import close_old_connections

    from django_front_sms import tasks

    while True:
        try:
            tasks.sweep()
        except Exception as error:
            sys.stderr.write(f"sweeping failed: {type(error).__name__}\n")
        close_old_connections()
        time.sleep(10 * settings.PLAN.scale)


def command() -> None:
    from django.core.management import call_command

    mark_ready()
    call_command("front_sms", "worker")


def tasks_worker() -> None:
    from django.conf import settings
    from django.core.management import call_command

    mark_ready()
    call_command("db_worker", interval=settings.PLAN.scale, startup_delay=False)


set_up()
if __name__ == "__main__":
    {"command": command, "tasks": tasks_worker}.get("".join(sys.argv[1:]), main)()
