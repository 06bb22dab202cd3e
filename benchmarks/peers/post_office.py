"""django-post_office with a backend that makes the same POST for each message."""

import json
import os
import resource
import time
from typing import Any

import urllib3
from django.core.mail.backends.base import BaseEmailBackend

from benchmarks.processes import Cost, cpu_of_family, database_server

_pool = urllib3.PoolManager(maxsize=64, block=True, retries=False)


class Backend(BaseEmailBackend):
    """Sends each message to the gateway that BENCHMARK_GATEWAY names."""

    def send_messages(self, messages: Any) -> int:
        for message in messages:
            fields = {"serviceid": 1, "phoneno": "004799999999", "fromid": "x", "txt": message.body, "unicode": False}
            answer = _pool.request("POST", os.environ["BENCHMARK_GATEWAY"] + "push.php", body=json.dumps(fields))
            if json.loads(answer.data)["errorcode"] != 0:
                raise RuntimeError("the benchmark's gateway refused a message")
        return len(messages)


def send_all(url: str, count: int, processes: int) -> Cost:
    from django.db import connections
    from post_office.mail import send_queued
    from post_office.models import STATUS, Email

    os.environ["BENCHMARK_GATEWAY"] = url
    Email.objects.all().delete()
    Email.objects.bulk_create(
        Email(from_email="x@example.com", to=["y@example.com"], subject="", message=f"Test {n}", status=STATUS.queued)
        for n in range(count)
    )
    server = database_server()
    connections.close_all()
    began, worker, database = time.perf_counter(), _cpu(), cpu_of_family(server)
    sent, _failed, _requeued = send_queued(processes=processes, log_level=0)
    took = time.perf_counter() - began
    connections.close_all()  # its processes closed the one that they inherited
    if sent != count:
        raise RuntimeError(f"post_office sent {sent} of {count}")
    return Cost(took, _cpu() - worker, cpu_of_family(server) - database)


def _cpu() -> float:
    """CPU seconds of this process and of its finished children, without the gateway, which keeps running."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
