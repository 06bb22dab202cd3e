"""Receiving: how fast a delivery status is stored and answered while Celery's broker is alive, dead, or silent."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/9"
DEAD = "redis://127.0.0.1:9/0"  # the discard port: nothing listens there
_QUEUE = "front-sms-benchmark"


@contextmanager
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@contextmanager
def alive() -> Iterator[str]:
    """The address of a Redis server; what was put there is removed. Raises `redis.RedisError` where there is none."""
    import redis

    server = redis.Redis.from_url(REDIS_URL)
    server.ping()
    try:
        yield REDIS_URL
    finally:
        server.delete(_QUEUE)


def webhook(broker: str, count: int) -> Callable[[], float]:
    """Gives a run: statuses answered a second, one after the other, through all of Django, with this broker."""

    def run() -> float:
        from celery import Celery
        from django.test import Client

        from django_front_sms.models import DeliveryStatus
        from django_front_sms.signing import webhook_path

        app = Celery("benchmark", broker=broker)
        app.conf.task_default_queue = _QUEUE
        app.set_default()
        client, path, before = Client(), webhook_path("status"), DeliveryStatus.objects.count()
        began = time.perf_counter()
        for number in range(count):
            client.get(path, {"status": "4", "origid": str(number)})
        took = time.perf_counter() - began
        if DeliveryStatus.objects.count() != before + count:
            raise RuntimeError("not every status was stored")
        return count / took

    return run
