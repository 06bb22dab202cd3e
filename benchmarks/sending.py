"""Sending: the whole product (rows, claims, twins, attempts, events) against the bare HTTP client with no database."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import urllib3

CONCURRENCY = 64
_texts = itertools.count()


@contextmanager
def gateway(latency: float) -> Iterator[str]:
    """A gateway stand-in in a process of its own; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.gateway", "0", str(latency)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/psk/"
    finally:
        process.terminate()
        process.wait()


def bare(url: str, count: int) -> float:
    """Messages a second of a urllib3 pool with the same concurrency, and nothing else."""
    pool = urllib3.PoolManager(maxsize=CONCURRENCY, block=True, retries=False)
    body = json.dumps({"serviceid": 1, "phoneno": "004799999999", "fromid": "x", "txt": "Test", "unicode": False})

    def send(_: int) -> None:
        answer = pool.request("POST", url + "push.php", body=body, headers={"Content-Type": "application/json"})
        if json.loads(answer.data)["errorcode"] != 0:
            raise RuntimeError("the stand-in refused a message")

    began = time.perf_counter()
    with ThreadPoolExecutor(CONCURRENCY) as threads:
        list(threads.map(send, range(count)))
    return count / (time.perf_counter() - began)


def product(url: str, count: int) -> float:
    """Messages a second from rows that are due to rows that are sent."""
    from django.conf import settings
    from django.test import override_settings

    from django_front_sms import send_many_sms
    from django_front_sms.models import OutboundMessage
    from django_front_sms.tasks import dispatch

    ours: dict[str, Any] = settings.FRONT_SMS
    account = {**ours["ACCOUNTS"]["default"], "GATEWAY_URL": url}
    with override_settings(FRONT_SMS={**ours, "ACCOUNTS": {"default": account}}):
        rows = send_many_sms({"to": "+4799999999", "text": f"Test {next(_texts)}"} for _ in range(count))
        began = time.perf_counter()
        dispatch()
        took = time.perf_counter() - began
    sent = OutboundMessage.objects.filter(pk__in=[row.pk for row in rows], state="sent").count()
    if sent != count:
        raise RuntimeError(f"only {sent} of {count} messages were sent")
    return count / took


@contextmanager
def database() -> Iterator[str]:
    """A test database of the kind that DATABASE_URL names; gives its vendor."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.db import connection

    name: Any = connection.creation.create_test_db(verbosity=0)
    try:
        yield connection.vendor
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
