"""Celery's broker alive, dead, or silent, and how fast a delivery status is stored and answered meanwhile."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

DEAD = "redis://127.0.0.1:9/0"  # the discard port: nothing listens there


@contextmanager
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@contextmanager
def alive() -> Iterator[str]:
    """The address of a Redis server; what was put there is removed. Raises `redis.RedisError` where there is none."""
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
    """What is received meanwhile gives its hints to this broker, by a thread that has yet to meet it."""
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
    """Milliseconds that 99 of 100 statuses were answered within, one after the other, with this broker."""
    from benchmarks.webhooks import STATUS, Server, numbers
    from django_front_sms.signing import webhook_path

    server, path, took = Server(), webhook_path("status"), []
    with broker(address):
        server(path, STATUS.format(n=next(numbers)))  # the first hint: from here on there is a thread, and a connection
        for _ in range(count):
            began = time.perf_counter()
            server(path, STATUS.format(n=next(numbers)))
            took.append(time.perf_counter() - began)
    return sorted(took)[int(len(took) * 0.99)] * 1000
