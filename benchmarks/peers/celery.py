"""A Celery task for each message, as a site would write it at first: load the row, make the POST, save the row."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import urllib3
from celery import Celery, shared_task

QUEUE = "front-sms-benchmark"
_pool = urllib3.PoolManager(maxsize=64, block=True, retries=False)

app = Celery("benchmarks")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["django_front_sms"])
app.conf.task_default_queue = QUEUE


@shared_task(ignore_result=True)
def send(key: int) -> None:
    from django.utils import timezone

    from django_front_sms.models import OutboundMessage

    row = OutboundMessage.objects.get(pk=key)
    fields = {"serviceid": 1, "phoneno": row.recipient, "fromid": row.sender, "txt": row.text, "unicode": row.unicode}
    answer = _pool.request("POST", os.environ["BENCHMARK_GATEWAY"] + "push.php", body=json.dumps(fields))
    row.gateway_id, row.state, row.sent_at = json.loads(answer.data)["id"], "sent", timezone.now()
    row.save(update_fields=["gateway_id", "state", "sent_at"])


def environment(gateway: str) -> dict[str, str]:
    """What a worker needs in order to work on this run's database and Redis."""
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
def worker(gateway: str, processes: int) -> Iterator[None]:
    """A Celery worker with so many processes, ready; asked to stop at the end."""
    command = [sys.executable, "-m", "celery", "-A", "benchmarks.peers.celery:app", "worker", "-c", str(processes)]
    command += ["-Q", QUEUE, "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    with subprocess.Popen(
        command, env=environment(gateway), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "ready." in line:
                break
        import threading

        threading.Thread(target=process.stderr.read, daemon=True).start()
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def queue() -> Iterator[Any]:
    """The queue in Redis, empty before and after; this process's tasks and hints go to it."""
    import redis
    from django.conf import settings

    server = redis.Redis.from_url(settings.REDIS_URL)
    server.delete(QUEUE)
    app.conf.broker_url = settings.REDIS_URL
    app.set_default()
    try:
        yield server
    finally:
        server.delete(QUEUE)


def until(condition: Any, seconds: float = 600) -> None:
    """Wait until `condition()`, looking ten times a second; raises `TimeoutError`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("what was waited for did not come")
        time.sleep(0.1)
