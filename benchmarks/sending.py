"""Sending: the complete app (rows, claims, twins, attempts, events), and the bare HTTP client without a database."""

import itertools
import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import urllib3

from benchmarks.gateway import gateway
from benchmarks.processes import Cost, run_in_processes

__all__ = ["CONCURRENCY", "bare", "database", "enqueue", "gateway", "product", "sending_to"]

CONCURRENCY = 64
_texts = itertools.count()


def bare(url: str, count: int, concurrency: int = CONCURRENCY, processes: int = 1) -> Cost:
    """A urllib3 pool alone, with `concurrency` requests at once, in each of the processes; `count` requests in
    total."""

    def work() -> None:
        pool = urllib3.PoolManager(maxsize=concurrency, block=True, retries=False)
        body = json.dumps({"serviceid": 1, "phoneno": "004799999999", "fromid": "x", "txt": "Test", "unicode": False})

        def send(_: int) -> None:
            answer = pool.request("POST", url + "push.php", body=body, headers={"Content-Type": "application/json"})
            if json.loads(answer.data)["errorcode"] != 0:
                raise RuntimeError("the benchmark's gateway refused a message")

        with ThreadPoolExecutor(concurrency) as threads:
            list(threads.map(send, range(count // processes)))

    return run_in_processes(processes, work)


@contextmanager
def sending_to(url: str, worker: str = "celery", **account: Any) -> Iterator[None]:
    """Set FRONT_SMS to a default account with `url` and to workers of this kind."""
    from django.conf import settings
    from django.test import override_settings

    ours: dict[str, Any] = settings.FRONT_SMS
    default = {**ours["ACCOUNTS"]["default"], "GATEWAY_URL": url, **account}
    with override_settings(FRONT_SMS={**ours, "WORKER": worker, "ACCOUNTS": {"default": default}}):
        yield


def texts(count: int, **options: Any) -> Iterator[Mapping[str, Any]]:
    """Messages in the format of `send_many_sms`, all different."""
    return ({"to": "+4799999999", "text": f"Test {next(_texts)}", **options} for _ in range(count))


def enqueue(count: int, **options: Any) -> None:
    from django_front_sms import send_many_sms

    for start in range(0, count, 10_000):
        send_many_sms(texts(min(10_000, count - start), **options))


def product(url: str, count: int, processes: int = 1) -> Cost:
    """Send due rows until all are recorded as sent, by the worker's loop, `outbox.run`."""
    from django_front_sms import outbox
    from django_front_sms.models import OutboundMessage

    with sending_to(url):
        enqueue(count)
        due = OutboundMessage.objects.filter(state="queued").count()
        cost = run_in_processes(processes, outbox.run)
    left = OutboundMessage.objects.exclude(state="sent").filter(state__in=["queued", "sending", "unconfirmed"]).count()
    if due != count or left:
        raise RuntimeError(f"{due - count} messages were left from before, and {left} of {count} were not sent")
    return cost


@contextmanager
def database() -> Iterator[str]:
    """Create a test database of the kind that DATABASE_URL names; yield its vendor."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    import django

    django.setup()
    from django.db import connection

    name: Any = connection.creation.create_test_db(verbosity=0)
    try:
        yield connection.vendor
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
