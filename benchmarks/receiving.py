"""The response time of delivery statuses while Celery's broker is running, down, or silent."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

DEAD = "redis://127.0.0.1:9/0"  # the discard port: nothing listens there


@contextmanager
def silent() -> Iterator[str]:
    """Yield the URL of a server that accepts connections and never sends anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@contextmanager
def alive() -> Iterator[str]:
    """Yield the URL of a Redis server; its database is emptied at the end. Raises `redis.RedisError` if there is
    none."""
    import redis
    from django.conf import settings

    server = redis.Redis.from_url(settings.REDIS_URL)
    server.ping()
    try:
        yield settings.REDIS_URL
    finally:
        server.delete(settings.QUEUE)


@contextmanager
def broker(address: str) -> Iterator[None]:
    """Send the hints of this process to this broker, by a new thread without a connection."""
    from celery import Celery, current_app
    from django.conf import settings

    from django_front_sms.events import hints
    from django_front_sms.events.hints import HintPublisher

    before = current_app._get_current_object()
    app = Celery("benchmark", broker=address)
    app.conf.task_default_queue = settings.QUEUE
    app.set_default()
    hints._publisher = HintPublisher()
    try:
        yield
    finally:
        before.set_default()
        before.set_current()


def slowest(address: str, count: int) -> float:
    """The 99th percentile of the response time in milliseconds, of statuses sent one after the other."""
    from benchmarks.webhooks import STATUS, Server, numbers
    from django_front_sms.signing import webhook_path

    server, path, took = Server(), webhook_path("status"), []
    with broker(address):
        server(path, STATUS.format(n=next(numbers)))  # the first hint starts the thread and opens the connection
        for _ in range(count):
            began = time.perf_counter()
            server(path, STATUS.format(n=next(numbers)))
            took.append(time.perf_counter() - began)
    return sorted(took)[int(len(took) * 0.99)] * 1000
