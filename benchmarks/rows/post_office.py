"""Sending against django-post_office with a backend that makes the same POST: two processes, 0 ms gateway."""

import os
import time
from collections.abc import Iterator

from benchmarks.row import Options, Row
from benchmarks.sending import gateway, product

PROCESSES = 2


def theirs(count: int) -> float:
    from django.db import connections
    from post_office.mail import send_queued
    from post_office.models import STATUS, Email

    Email.objects.all().delete()
    Email.objects.bulk_create(
        Email(from_email="x@example.com", to=["y@example.com"], subject="", message=f"Test {n}", status=STATUS.queued)
        for n in range(count)
    )
    connections.close_all()
    began = time.perf_counter()
    sent, _failed, _requeued = send_queued(processes=PROCESSES, log_level=0)
    took = time.perf_counter() - began
    connections.close_all()  # its processes closed the one that they inherited
    if sent != count:
        raise RuntimeError(f"post_office sent {sent} of {count}")
    return count / took


def measure(options: Options) -> Iterator[Row]:
    what = f"sending, {PROCESSES} processes, of django-post_office (0 ms)"
    with gateway(0) as url:
        os.environ["BENCHMARK_GATEWAY"] = url
        a, b = options.in_turn(
            what,
            lambda: options.count / product(url, options.count, PROCESSES).seconds,
            lambda: theirs(options.count),
        )
    yield Row(what, a, b, at_least=3)
