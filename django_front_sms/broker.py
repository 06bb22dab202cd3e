"""The way to Celery's broker, by a thread that nobody waits for."""

import logging
import threading
import time
from typing import Any

from django_front_sms.schedule import HINTS_LAST

logger = logging.getLogger(__name__)


class Hinter:
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
        self._is_held = False

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

    def hold(self, timeout: float) -> bool:
        """Let no hint go until `go_on`; the one on its way is waited for, `timeout` seconds at most. Gives whether
        none is on its way."""
        if self._way.acquire(timeout=timeout):
            self._is_held = True
            return True
        return False

    def go_on(self) -> None:
        """End what `hold` began."""
        if self._is_held:
            self._is_held = False
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
            publish(self._app, task)
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


def publish(app: Any, task: str) -> None:
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
