"""What the run's processes start with: the engine as it is, in a world that the conductor can bend.

`celery -A tests.faults.worker:app worker`; `python -m tests.faults.worker`: a sweeper that needs no broker; and
`python -m tests.faults.worker command`: `front_sms worker`.
"""

import dataclasses
import mmap
import os
import struct
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django
from celery.signals import worker_ready

from tests.faults.app import app

__all__ = ["app"]

FOLDER = Path(os.environ["FAULTS_FOLDER"])
CLOCKS = struct.Struct("<dd")  # seconds that the database's clock, and the wall clock, are wrong by


def bend() -> None:
    django.setup()
    from django.conf import settings

    from django_front_sms.db import clock
    from tests.faults import plain, points, removed

    clock.source = _stepped(FOLDER / "clocks")
    _scale(settings.PLAN.scale)
    _tag()
    points.install(FOLDER)
    if settings.PLAN.removed:
        removed.remove(settings.PLAN.removed)
    if settings.PLAN.plain:
        plain.replace_engine(app, settings.PLAN)


def engine(name: str) -> Any:
    """A module of the engine. Not by attribute: `outbox.sweep` is a function as well."""
    return sys.modules[f"django_front_sms.{name}"]


def _stepped(path: Path) -> Any:
    from django_front_sms.db.clock import SystemClocks

    with path.open("rb") as file:
        wrong = mmap.mmap(file.fileno(), CLOCKS.size, access=mmap.ACCESS_READ)

    class SteppedClocks(SystemClocks):
        def database(self, using: str) -> datetime:
            return super().database(using) + timedelta(seconds=CLOCKS.unpack(wrong[:])[0])

        def wall(self) -> float:
            return super().wall() + CLOCKS.unpack(wrong[:])[1]

    return SteppedClocks()


def _scale(scale: float) -> None:
    """The pauses that are no settings, scaled like those that are."""
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
    ):
        setattr(engine(module), name, getattr(engine(module), name) * scale)
    if scale < 1:  # so that a repetition falls into every part of the window
        engine("outbox.rules").LONGEST_DELAY = timedelta(seconds=10 * scale)


def _tag() -> None:
    """The password, which this gateway does not ask for, tells it which message, which attempt, and when it began."""
    from tests.faults.gateway import now

    claim = engine("outbox.claim")
    original = claim.request_of

    def tagged(message: Any, *args: Any) -> Any:
        return dataclasses.replace(
            original(message, *args), password=f"{message.pk}:{message.attempts + 1}:{now():.3f}"
        )

    claim.request_of = tagged


@worker_ready.connect
def tell(**kwargs: Any) -> None:
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

    tell()
    call_command("front_sms", "worker")


bend()
if __name__ == "__main__":
    command() if sys.argv[1:] == ["command"] else main()
