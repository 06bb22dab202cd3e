"""A worker without Celery and without a broker: `manage.py front_sms worker`.

The main thread determines which jobs are due: it is woken by NOTIFY if the database is PostgreSQL, and also queries the
database regularly. Other threads run the jobs, with the same functions as Celery's tasks.
"""

import contextlib
import logging
import os
import select
import threading
from collections import Counter
from collections.abc import Callable, Iterator

from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from django_front_sms import events, jobs, outbox
from django_front_sms.conf import get_settings
from django_front_sms.db.clock import Moment, database_now
from django_front_sms.db.connections import close_broken_connections
from django_front_sms.db.routing import connection
from django_front_sms.events.hints import CHANNEL
from django_front_sms.models import DeliveryStatus, InboundMessage
from django_front_sms.schedule import SWEEP_EVERY

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.5  # seconds between queries for due work …
LOOK_EVERY_WITH_NOTIFY = 2.0  # … with NOTIFY: the queries find rows that become due later, such as scheduled messages
_RETRY_AFTER = 1.0  # seconds
_CHECK_STOP_EVERY = 0.5  # seconds between a dispatch's checks whether to stop


class Worker:
    """Runs jobs in `concurrency` threads, until `stop` is called."""

    def __init__(self, concurrency: int) -> None:
        self._jobs: dict[str, Callable[[], object]] = {
            "dispatch": self._dispatch,
            "deliver_events": self._deliver_events,
            "sweep": lambda: jobs.sweep(jobs.GIVE_WAY_AFTER),
        }
        # One dispatch sends with many threads of its own; receivers of signals are what may take long. A thread is left
        # for messages.
        self._limits = {"dispatch": 1, "sweep": 1, "deliver_events": max(1, concurrency - 1)}
        self._changed = threading.Condition()
        self._wanted: set[str] = set()
        self._running: Counter[str] = Counter()
        self._stopping = False
        self._swept: Moment | None = None
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._threads = [
            threading.Thread(target=self._work, name=f"front-sms-worker-{number}") for number in range(concurrency)
        ]

    def stop(self) -> None:
        """Claim no more messages and start no more jobs; `run` returns when the answers in flight were recorded. It
        takes no lock, so it can be called by a signal handler."""
        self._stopping = True
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"!")

    def run(self) -> None:
        """Run jobs until `stop` is called."""
        self._start_threads()
        logger.info("Worker started with %d threads.", len(self._threads))
        try:
            while not self._stopping:
                try:
                    self._serve()
                except Error as error:
                    logger.error(
                        "The worker lost its database connection (%s), and will reconnect. Check the database.",
                        _kind(error),
                    )
                    self._wait([], _RETRY_AFTER)
        finally:
            self._stopping = True
            with self._changed:
                self._changed.notify_all()
            for thread in self._threads:
                thread.join()
            connections.close_all()
            os.close(self._wake_read)
            os.close(self._wake_write)
        logger.info("Worker stopped.")

    def _start_threads(self) -> None:
        """Start as many threads as the system allows; raises `RuntimeError` if it allows none."""
        for number, thread in enumerate(self._threads):
            try:
                thread.start()
            except RuntimeError:
                del self._threads[number:]
                if not self._threads:
                    raise
                logger.error("Only %d threads could be started. Raise the limit of threads or processes.", number)
                return

    # ---- The main thread: finding due jobs

    def _serve(self) -> None:
        """Query for due jobs, and wait until there may be more; raises database errors."""
        with _listener() as listener:
            every = LOOK_EVERY if listener is None else LOOK_EVERY_WITH_NOTIFY
            try:
                while not self._stopping:
                    self._want(self._due())
                    if self._wait([listener], every):
                        self._want(_notifications(listener))
            finally:
                connection().close()

    def _due(self) -> Iterator[str]:
        if self._swept is None or self._swept.elapsed() >= SWEEP_EVERY:
            self._swept = Moment.now()
            yield "sweep"
        if outbox.has_due():
            yield "dispatch"
        if events.has_due() or _pushes_are_due():
            yield "deliver_events"

    def _want(self, names: Iterator[str]) -> None:
        wanted = set(names)
        with self._changed:
            self._wanted |= wanted
            self._changed.notify_all()

    def _wait(self, listeners: list[BaseDatabaseWrapper | None], seconds: float) -> bool:
        """Wait for a notification or for `stop`, at most `seconds`; True if there is a notification."""
        sockets = [listener.connection for listener in listeners if listener is not None]
        ready, _, _ = select.select([self._wake_read, *sockets], [], [], seconds)
        return any(one is not self._wake_read for one in ready)

    # ---- The other threads: running jobs

    def _work(self) -> None:
        while name := self._next():
            try:
                close_broken_connections()
                self._jobs[name]()
            except Exception as error:  # logged without its message: databases quote values
                logger.error('The job "%s" failed (%s), and will be run again.', name, _kind(error))
                connections.close_all()
                threading.Event().wait(_RETRY_AFTER)
            finally:
                with self._changed:
                    self._running[name] -= 1
                    self._changed.notify_all()
        connections.close_all()

    def _next(self) -> str | None:
        """Wait for a job that may run beside the running ones; None when stopping."""
        with self._changed:
            while not self._stopping:
                for name in self._jobs:
                    if name in self._wanted and self._running[name] < self._limits[name]:
                        self._wanted.remove(name)
                        self._running[name] += 1
                        return name
                self._changed.wait()
        return None

    def _dispatch(self) -> int:
        turn = Moment.now()
        return jobs.dispatch(_CHECK_STOP_EVERY, lambda: self._stopping or turn.elapsed() >= jobs.CLAIM_FOR)

    def _deliver_events(self) -> int:
        return jobs.deliver_events(_CHECK_STOP_EVERY, self._another_job_waits)

    def _another_job_waits(self) -> bool:
        """Whether a delivery of events ends here, because the worker stops, or another job is due and may need the
        thread."""
        with self._changed:
            others = self._wanted - {"deliver_events"}
            waits = any(self._running[name] < self._limits[name] for name in others)
            if waits:
                self._wanted.add("deliver_events")  # to be continued
            return self._stopping or waits


def _pushes_are_due() -> bool:
    """Whether a delivery status or an inbound message is to be processed."""
    now = database_now()
    return DeliveryStatus.objects.due(now).exists() or InboundMessage.objects.due(now).exists()


def run_once() -> None:
    """Run all jobs that are due, and return when none is: for sites that start it by cron."""
    jobs.sweep()
    while True:
        jobs.dispatch()
        jobs.deliver_events(jobs.GIVE_WAY_AFTER, hand_over=jobs.dispatch_and_continue)
        if not (outbox.has_due() or events.has_due()):
            return


@contextlib.contextmanager
def _listener() -> Iterator[BaseDatabaseWrapper | None]:
    """A separate connection for notifications; None if the database has no NOTIFY, or none are sent."""
    if connection().vendor != "postgresql" or get_settings().worker != "command":
        yield None
        return
    listener = connection().copy()
    try:
        with listener.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        yield listener
    finally:
        listener.close()


def _notifications(listener: BaseDatabaseWrapper | None) -> Iterator[str]:
    """The jobs named by notifications since the last call. An empty query makes the driver read them."""
    if listener is None:
        return
    received: list[str] = []
    raw = listener.connection
    if hasattr(raw, "pgconn"):  # psycopg 3
        raw.pgconn.consume_input()
        while notification := raw.pgconn.notifies():
            received.append(notification.extra.decode())
    else:
        raw.poll()
        received += [notification.payload for notification in raw.notifies]
        raw.notifies.clear()
    yield from (name for name in received if name in ("dispatch", "deliver_events", "sweep"))


def _kind(error: Exception) -> str:
    return type(error).__name__
