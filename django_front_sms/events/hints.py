"""Hints that wake a worker, published to Celery's broker from a background thread; callers never block."""

import atexit
import logging
import os
import threading
import time
from typing import Any, Literal

from celery import current_app

from django_front_sms.schedule import HINTS_LAST

logger = logging.getLogger(__name__)


class HintPublisher:
    """A thread of this process that passes hints on to Celery's broker, so that nobody else waits for it."""

    PAUSE = 0.05  # seconds between two sends: hints that come meanwhile become one
    PATIENCE = 0.2  # so much longer where it is events alone: each hint costs as much CPU as a webhook, and a task

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wanted: set[str] = set()
        self._sending = False
        self._thread: threading.Thread | None = None
        self._app: Any = None
        self._failing = False
        self._way = threading.Lock()  # held by a hint that is on its way, or by who keeps hints from going
        self._is_paused = False

    def hint(self, task: str, app: Any) -> None:
        """Have `task` put into the broker of `app`; never waits."""
        with self._changed:
            self._wanted.add(task)
            self._app = app
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="front-sms-hints", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def will_send(self, task: str) -> bool:
        """Whether a hint for `task` is still to be sent; then another would only wake the thread."""
        return task in self._wanted and self._thread is not None and self._thread.is_alive()

    def flush(self, timeout: float) -> bool:
        """Wait until every hint was passed on, `timeout` seconds at most; gives whether all were."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._wanted and not self._sending, timeout)

    def pause(self, timeout: float) -> bool:
        """Let no hint go until `resume`; the one on its way is waited for, `timeout` seconds at most. Gives whether
        none is on its way."""
        if self._way.acquire(timeout=timeout):
            self._is_paused = True
            return True
        return False

    def resume(self) -> None:
        """End what `pause` began."""
        if self._is_paused:
            self._is_paused = False
            self._way.release()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted)
                tasks, self._wanted, self._sending = sorted(self._wanted), set(), True
            for task in tasks:
                with self._way:
                    self._send(task)
            with self._changed:
                self._sending = False
                self._changed.notify_all()
            time.sleep(self.PAUSE)
            with self._changed:
                self._changed.wait_for(lambda: self._wanted - {"deliver_events"}, self.PATIENCE)

    def _send(self, task: str) -> None:
        try:
            send_hint(self._app, task)
        except Exception as error:
            if not self._failing:  # the kind of error alone: its words can hold the broker's address and password
                logger.warning(
                    "Celery's broker takes no hints (%s). Nothing is lost: the next sweep does what is due, a little "
                    "later. Check that the broker runs and that CELERY_BROKER_URL is right.",
                    type(error).__name__,
                )
            self._failing = True
        else:
            if self._failing:
                logger.info("Celery's broker takes hints again.")
            self._failing = False


def send_hint(app: Any, task: str) -> None:
    """Put `task`, such as "dispatch", into the broker of `app`; raises what the broker's client raises.

    Over a connection of its own, closed at once. A process that is forked in that moment can hang for ever: kombu
    cleans up what it inherits, and waits for a lock that nobody holds there.
    """
    with app.connection_for_write() as connection:
        if connection.transport.driver_type == "redis":  # a silent server must not keep the thread for ever
            limits = {"socket_timeout": 10, "socket_connect_timeout": 5}
            connection.transport_options = {**limits, **connection.transport_options}
        connection.ensure_connection(max_retries=1, timeout=5)
        name = f"django_front_sms.tasks.{task}"
        app.send_task(name, connection=connection, retry=False, ignore_result=True, expires=HINTS_LAST)


_publisher = HintPublisher()


Task = Literal["dispatch", "deliver_events", "sweep"]


def hint(task: Task) -> None:
    """Wake a worker. Never blocks and never raises; a hint that is lost costs one sweep interval. Call it on commit."""
    try:
        if not _publisher.will_send(task):
            _publisher.hint(task, current_app._get_current_object())  # type: ignore[attr-defined]  # the caller's own
    except Exception as error:  # no thread can be started: the process is ending, or is out of them
        logger.warning(
            "A hint to the worker was not passed on (%s); the next sweep does its work.", type(error).__name__
        )


def publish(task: Task) -> bool:
    """Wake a worker, from a worker: waits for the broker, and gives whether it took the hint."""
    try:
        send_hint(current_app, task)
    except Exception as error:
        logger.warning("Celery's broker takes no hints (%s); this worker goes on by itself.", type(error).__name__)
        return False
    return True


def _renew() -> None:
    global _publisher
    _publisher = HintPublisher()


# No process is forked while a hint is on its way (see `send_hint`); a broker that hangs is not waited for long.
# The child gets a hinter of its own: the thread stays behind in the parent.
os.register_at_fork(
    before=lambda: _publisher.pause(2), after_in_parent=lambda: _publisher.resume(), after_in_child=_renew
)
atexit.register(lambda: _publisher.flush(2))
