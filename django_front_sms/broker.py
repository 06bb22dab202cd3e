"""The way to Celery's broker: a thread that nobody waits for, and a connection that serves many hints."""

import logging
import threading
import time
from contextlib import suppress
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
        self._line = Line()
        self._failing = False

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

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted)
                tasks, self._wanted, self._sending = sorted(self._wanted), set(), True
            for task in tasks:
                self._send(task)
            with self._changed:
                self._sending = False
                self._changed.notify_all()
            time.sleep(self.PAUSE)
            with self._changed:
                self._changed.wait_for(lambda: self._wanted - {"deliver_events"}, self.PATIENCE)

    def _send(self, task: str) -> None:
        try:
            self._line.publish(self._app, task)
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


class Line:
    """A connection to the broker, kept while hints follow each other: making one takes seven times what a hint does.

    It must not be used in a process that was forked from its own.
    """

    KEPT = 5.0  # seconds without a hint, after which it may have been cut without a word

    def __init__(self) -> None:
        self._connection: Any = None
        self._app: Any = None
        self._used = 0.0

    def publish(self, app: Any, task: str) -> None:
        """Put `task`, such as "dispatch", into the broker of `app`; raises what the broker's client raises.

        What fails on a kept connection is tried once more on a new one. A hint that comes twice does no harm.
        """
        if not self._usable(app):
            self.close()
        kept = self._connection is not None
        try:
            self._put(app, f"django_front_sms.tasks.{task}")
        except Exception:
            self.close()
            if not kept:
                raise
            self.publish(app, task)
        self._used = time.monotonic()

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # whatever a client raises where the other side is gone
                connection.release()

    def _usable(self, app: Any) -> bool:
        if self._connection is None or app is not self._app or time.monotonic() - self._used > self.KEPT:
            return False
        return bool(self._connection.connected)  # otherwise sending would first reconnect, and try that for ever

    def _put(self, app: Any, name: str) -> None:
        if self._connection is None:
            self._app, self._connection = app, app.connection_for_write()
            if self._connection.transport.driver_type == "redis":  # a silent server must not keep the thread for ever
                limits = {"socket_timeout": 10, "socket_connect_timeout": 5}
                self._connection.transport_options = {**limits, **self._connection.transport_options}
            self._connection.ensure_connection(max_retries=1, timeout=5)
        app.send_task(name, connection=self._connection, retry=False, ignore_result=True, expires=HINTS_LAST)
