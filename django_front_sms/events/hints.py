"""Hints that wake a worker, in the way that `FRONT_SMS["WORKER"]` names. Callers never wait for a broker.

"celery"     a Celery task, published by a background thread
"tasks"      a task of Django's own framework, enqueued by a background thread
"command"    NOTIFY on PostgreSQL, as a statement of the caller; nothing on other databases, where
             `front_sms worker` polls
"""

import atexit
import functools
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

from django.db import connections
from django.utils.module_loading import import_string

from django_front_sms.conf import get_settings
from django_front_sms.db.routing import connection
from django_front_sms.schedule import HINTS_LAST

logger = logging.getLogger(__name__)

CHANNEL = "front_sms"  # of NOTIFY

Send = Callable[[str], None]


class HintPublisher:
    """Sends hints from a background thread of this process; callers never block."""

    PAUSE = 0.05  # seconds between two sends: hints for one task given meanwhile are sent once
    EVENTS_PAUSE = 0.2  # further seconds if only events are due: a hint and its task cost as much CPU as a webhook

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wanted: set[str] = set()
        self._sending = False
        self._thread: threading.Thread | None = None
        self._send_one: Send = lambda task: None
        self._failing = False
        self._send_lock = threading.Lock()  # held while a hint is being sent, and between `pause` and `resume`
        self._is_paused = False

    def hint(self, task: str, send: Send) -> None:
        """Call `send` with `task` soon, from the background thread; never blocks."""
        with self._changed:
            self._wanted.add(task)
            self._send_one = send
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="front-sms-hints", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def will_send(self, task: str) -> bool:
        """Whether a hint for `task` is still to be sent; another one would only wake the thread."""
        return task in self._wanted and self._thread is not None and self._thread.is_alive()

    def flush(self, timeout: float) -> bool:
        """Wait until every hint was sent, at most `timeout` seconds; returns whether all were."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._wanted and not self._sending, timeout)

    def pause(self, timeout: float) -> bool:
        """Send no hint until `resume`. Waits at most `timeout` seconds for the hint that is being sent, and returns
        whether it is done."""
        if self._send_lock.acquire(timeout=timeout):
            self._is_paused = True
            return True
        return False

    def resume(self) -> None:
        """End what `pause` began."""
        if self._is_paused:
            self._is_paused = False
            self._send_lock.release()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted)
                tasks, self._wanted, self._sending = sorted(self._wanted), set(), True
            for task in tasks:
                with self._send_lock:
                    self._send(task)
            with self._changed:
                self._sending = False
                self._changed.notify_all()
            time.sleep(self.PAUSE)
            with self._changed:
                self._changed.wait_for(lambda: self._wanted - {"deliver_events"}, self.EVENTS_PAUSE)

    def _send(self, task: str) -> None:
        try:
            self._send_one(task)
        except Exception as error:
            if not self._failing:  # only the error's type: its message can hold the broker's password
                logger.error(
                    "A hint to the worker was refused (%s). Nothing is lost, but messages wait for the next sweep. "
                    "Check the broker that CELERY_BROKER_URL names, or the backend of TASKS.",
                    type(error).__name__,
                )
            self._failing = True
        else:
            if self._failing:
                logger.info("Hints to the worker were accepted again.")
            self._failing = False


# ---- Celery


def send_hint(app: Any, task: str) -> None:
    """Put `task`, such as "dispatch", into the broker of the Celery app `app`; raises what the broker's client raises.

    It opens a connection and closes it at once. A process forked meanwhile can hang for ever: kombu cleans up the
    inherited connection, and waits for a lock that no thread of the child holds.
    """
    with app.connection_for_write() as link:
        if link.transport.driver_type == "redis":  # a silent server must not keep the thread for ever
            limits = {"socket_timeout": 10, "socket_connect_timeout": 5}
            link.transport_options = {**limits, **link.transport_options}
        link.ensure_connection(max_retries=1, timeout=5)
        name = f"django_front_sms.tasks.{task}"
        app.send_task(name, connection=link, retry=False, ignore_result=True, expires=HINTS_LAST)


def _celery_app() -> Any:
    """The caller's current Celery app. Celery is imported here, so that it is not loaded on sites that do not use
    it."""
    from celery.app import app_or_default

    return app_or_default()


def has_broker_url() -> bool:
    """Whether the caller's Celery app has a broker URL. Without one, Celery uses `amqp://guest@localhost`.

    Does not import Celery: if it has not been imported, the site has no app."""
    if "celery" not in sys.modules:
        return False
    conf = _celery_app().conf
    return bool(conf.broker_write_url or conf.broker_url)


# ---- Django's tasks, and NOTIFY


def enqueue(task: str) -> None:
    """Enqueue `task` on the backend that `TASKS["default"]` names."""
    import_string(f"django_front_sms.task_backend.{task}").enqueue()


def _enqueue_in_thread(task: str) -> None:
    try:
        enqueue(task)
    finally:
        connections.close_all()  # of this thread: a backend may keep its tasks in the database


def notify(task: str) -> None:
    """Notify the listening workers when the transaction commits. Does nothing on databases other than PostgreSQL."""
    here = connection()
    if here.vendor == "postgresql":
        with here.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, task])


# ---- The two ways to give a hint

_publisher: HintPublisher

Task = Literal["dispatch", "deliver_events", "sweep"]


def hint(task: Task) -> None:
    """Wake a worker. Never blocks and never raises; a hint that is lost costs one sweep interval. Call it on commit."""
    try:
        way = get_settings().worker
        if way == "command":
            notify(task)
        elif not _publisher.will_send(task):
            app = _celery_app() if way == "celery" else None
            _publisher.hint(task, functools.partial(send_hint, app) if app else _enqueue_in_thread)
    except Exception as error:  # no thread can be started: the process is exiting, or has reached its limit of threads
        logger.warning("A hint to the worker was not sent (%s). The next sweep will do its work.", type(error).__name__)


def publish(task: Task) -> bool:
    """Wake another worker from a worker: waits for the broker, and returns whether it accepted the hint."""
    try:
        way = get_settings().worker
        if way == "command":
            return False
        if way == "tasks":
            enqueue(task)
        else:
            send_hint(_celery_app(), task)
    except Exception as error:
        logger.warning("A hint was not accepted (%s); this worker continues without another one.", type(error).__name__)
        return False
    return True


def _renew() -> None:
    global _publisher
    _publisher = HintPublisher()


_renew()
# No process is forked while a hint is being sent (see `send_hint`); the wait for a broker that hangs is short.
# The child gets a new publisher, because threads do not survive a fork.
os.register_at_fork(
    before=lambda: _publisher.pause(2), after_in_parent=lambda: _publisher.resume(), after_in_child=_renew
)
atexit.register(lambda: _publisher.flush(2))
