"""The cost of the most expensive requests to the REST API: the largest that are accepted, and that are refused."""

import json
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

from benchmarks.measurement import Options, Row

MIB = 2**20


def bodies() -> Iterator[tuple[str, str, Any, int]]:
    """Name, address, body and expected status."""
    from django_front_sms.rest.serializers.input import MAX_MESSAGES, MAX_NUMBERS

    metadata = {"list": [{"n": n} for n in range(400)]}
    numbers = [f"+479{n:07}" for n in range(10_000)]
    texts = [{"to": number, "text": f"{number}: " + "æ" * 300} for number in numbers[:MAX_MESSAGES]]
    yield "many messages", "messages/many/", {"messages": texts}, 201
    yield "a bulk send", "bulk/", {"to": numbers[:MAX_NUMBERS], "text": "æ" * 300, "metadata": metadata}, 201
    yield "one message", "messages/", {"to": numbers[0], "text": "😀" * 1024, "metadata": metadata}, 201
    yield "a preview", "preview/", {"text": "x€" * 5_000}, 200
    yield "200,000 empty messages", "messages/many/", {"messages": [{}] * 200_000}, 400
    yield "invalid messages", "messages/many/", {"messages": [{}] * MAX_MESSAGES}, 400
    yield "unknown names", "messages/", {str(n): 0 for n in range(40_000)}, 400
    yield "the deepest metadata", "messages/", {"to": numbers[0], "text": "x", "metadata": {"a": [[]] * 100_000}}, 400


def measure(options: Options) -> Iterator[Row]:
    from django.contrib.auth.models import User
    from django.test import override_settings
    from rest_framework.test import APIClient

    user = User.objects.create_superuser("benchmark-rest")
    client = APIClient()
    client.force_login(user)
    throttles = dict.fromkeys(("front_sms_read", "front_sms_send", "front_sms_send_many"))
    lifted = {"TEST_REQUEST_DEFAULT_FORMAT": "json", "DEFAULT_THROTTLE_RATES": throttles}
    costs: list[tuple[float, float]] = []
    with override_settings(ROOT_URLCONF="tests.rest.urls", REST_FRAMEWORK=lifted):
        for name, path, body, status in bodies():
            options.step(f"REST: {name}")
            costs.append(cost(client, path, body, status))
        for path in ("messages/", "conversations/", "bulk/"):
            options.step(f"REST: {path}")
            costs.append(cost(client, f"{path}?page_size=200", None, 200))
    clean_up(user)
    yield Row(
        "CPU of the most expensive request to the REST API", [max(cpu for cpu, _memory in costs)], unit=" s", at_most=1
    )
    yield Row(
        "memory of the largest request to the REST API",
        [max(memory for _cpu, memory in costs)],
        unit=" MiB",
        at_most=50,
    )


def cost(client: Any, path: str, body: Any, status: int) -> tuple[float, float]:
    """Seconds of CPU, and the peak of memory in MiB in a second request, because tracing slows the first."""
    began = time.process_time()
    request(client, path, body, status)
    cpu = time.process_time() - began
    tracemalloc.start()
    request(client, path, body, status)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return cpu, peak / MIB


def request(client: Any, path: str, body: Any, status: int) -> None:
    method = "GET" if body is None else "POST"
    data = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    response = client.generic(method, f"/api/sms/{path}", data, content_type="application/json")
    if response.status_code != status:
        raise RuntimeError(
            f"{method} {path} gave {response.status_code} instead of {status}: {response.content[:300]!r}"
        )


def clean_up(user: Any) -> None:
    from django_front_sms.models import BulkSend, OutboundMessage

    OutboundMessage.objects.filter(created_by=user).delete()
    BulkSend.objects.filter(created_by=user).delete()
    user.delete()
