"""A Celery worker on this run's database and Redis: by default with this app."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from celery import Celery

app = Celery("benchmarks")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["django_front_sms"])
app.conf.CELERY_DB_REUSE_MAX = int(os.environ.get("CELERY_DB_REUSE_MAX", 0))
app.conf.task_default_queue = os.environ["BENCHMARK_QUEUE"]  # of `benchmarks.isolation`


def environment(gateway: str) -> dict[str, str]:
    """The environment of a worker for this run's database and Redis."""
    from django.conf import settings
    from django.db import connection

    of = connection.settings_dict
    place = f"{of['USER']}:{of['PASSWORD']}@{of['HOST'] or 'localhost'}:{of['PORT'] or 5432}/{of['NAME']}"
    return {
        **os.environ,
        "DATABASE_URL": f"postgres://{place.removeprefix(':@')}",
        "CELERY_BROKER_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "BENCHMARK_GATEWAY": gateway,
    }


@contextmanager
def worker(
    gateway: str,
    processes: int,
    app: str = "benchmarks.worker:app",
    *,
    keeps_connections: bool = False,
    receiver: float = 0,
) -> Iterator[int]:
    """Start a Celery worker with `processes` processes, and stop it at the end. Yields the process id of the first.

    `keeps_connections`: for a thousand tasks each, as docs/howto/deploy.md recommends for a busy worker. `receiver`:
    how many seconds a receiver of `sending_paused` takes; 0: there is none.
    """
    environ = {
        **environment(gateway),
        "CELERY_DB_REUSE_MAX": "1000" if keeps_connections else "0",
        "BENCHMARK_RECEIVER": str(receiver),
    }
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "-c", str(processes)]
    command += ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "ready." in line:
                break
        threading.Thread(target=process.stderr.read, daemon=True).start()
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def command_worker(gateway: str) -> Iterator[int]:
    """Start `front_sms worker`, and stop it at the end. Yields its process id."""
    command = [sys.executable, "-m", "django", "front_sms", "worker"]
    environ = {**environment(gateway), "BENCHMARK_WORKER": "command"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def queue(app: Celery = app) -> Iterator[None]:
    """Empty the app's queue in Redis before and after; with this app, hints of this process are sent to it."""
    import redis
    from django.conf import settings

    server = redis.Redis.from_url(settings.REDIS_URL)
    server.delete(app.conf.task_default_queue)
    app.conf.broker_url = settings.REDIS_URL
    app.set_default()
    try:
        yield
    finally:
        server.delete(app.conf.task_default_queue)


def until(condition: Callable[[], bool], seconds: float = 600) -> None:
    """Wait until `condition()` is true, checking ten times a second; raises `TimeoutError`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition did not become true in time")
        time.sleep(0.1)
