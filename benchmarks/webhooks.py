"""Webhooks and bare views with one INSERT, in the same server; folding statuses; receiving an MMS.

Each function returns one measurement. The server is Django's WSGI handler in this process, with the middleware of the
tests' site and a kept-alive connection.
"""

import base64
import itertools
import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import cache
from io import BytesIO

from django.contrib.auth.decorators import login_not_required
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

STATUS = "status=4&origid={n}"
QUERY = "fromid=123450000&phonenr=004799999999&txt=Test%20%E6%F8%E5&time={n}&countnr={n}&code=TEST"
numbers = itertools.count(int(time.time()) % 10**8 * 10)


def bare(view: Callable[[HttpRequest], None]) -> Callable[[HttpRequest], HttpResponse]:
    @login_not_required
    @csrf_exempt
    def answering(request: HttpRequest) -> HttpResponse:
        view(request)
        return HttpResponse("true")

    return answering


@bare
def bare_status(request: HttpRequest) -> None:
    from django_front_sms.models import DeliveryStatus

    DeliveryStatus.objects.create(
        account="default",
        gateway_id=int(request.GET["origid"]),
        status=int(request.GET["status"]),
        raw=request.META["QUERY_STRING"].encode(),
    )


@bare
def bare_query(request: HttpRequest) -> None:
    from django_front_sms.models import InboundMessage

    InboundMessage.objects.create(
        account="default",
        api="get",
        sender=request.GET["phonenr"],
        recipient=request.GET["fromid"],
        text=request.GET["txt"],
        counter=int(request.GET["countnr"]),
        raw=request.META["QUERY_STRING"].encode(),
        identity=os.urandom(16).hex(),
    )


@bare
def bare_json(request: HttpRequest) -> None:
    from django_front_sms.models import InboundMessage

    push = json.loads(request.body)
    InboundMessage.objects.create(
        account="default",
        api="json",
        gateway_id=push["id"],
        sender=push["from"],
        recipient=push["to"],
        text=push["text"],
        counter=push["counter"],
        raw=request.body,
        identity=os.urandom(16).hex(),
    )


urlpatterns = [
    path("bare/status/", bare_status),
    path("bare/query/", bare_query),
    path("bare/json/", bare_json),
]


class Server:
    """Django's WSGI handler, called as a server calls it, with the URLs of the tests and of the bare views."""

    def __init__(self) -> None:
        from django.conf import settings
        from django.db import connection

        import tests.urls

        tests.urls.urlpatterns += [route for route in urlpatterns if route not in tests.urls.urlpatterns]
        settings.ALLOWED_HOSTS = ["*"]
        connection.settings_dict["CONN_MAX_AGE"] = None
        self._handler = WSGIHandler()

    def __call__(self, address: str, query: str = "", body: bytes = b"") -> None:
        environ = {
            "REQUEST_METHOD": "POST" if body else "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": address,
            "QUERY_STRING": query,
            "CONTENT_TYPE": "application/json" if body else "",
            "CONTENT_LENGTH": str(len(body)) if body else "",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
        }
        seen: list[str] = []
        answer = self._handler(environ, lambda status, headers: seen.append(status))
        content = b"".join(answer)
        answer.close()
        if (seen[0], content) != ("200 OK", b"true"):
            raise RuntimeError(f"a push was answered with {seen[0]}")


def sms(number: int) -> bytes:
    """§2.5.1."""
    push = {"id": number, "to": "26114", "from": "+4799999999", "text": "Test 123", "sent": "2019-12-31T23:59:59Z"}
    return json.dumps({**push, "counter": number, "keyword": "TEST", "files": []}).encode()


def pushes(kind: str, count: int, *, ours: bool) -> float:
    """Pushes answered per second, one after the other. `kind`: "status", "query" or "json"."""
    from django_front_sms.signing import webhook_path

    server = Server()
    address = webhook_path("status" if kind == "status" else "inbound") if ours else f"/bare/{kind}/"
    template = STATUS if kind == "status" else QUERY
    began = time.perf_counter()
    for _ in range(count):
        number = next(numbers)
        if kind == "json":
            server(address, body=sms(number))
        else:
            server(address, template.format(n=number))
    return count / (time.perf_counter() - began)


def folding(count: int) -> float:
    """Statuses processed per second, each of a different message: matched, applied and signalled."""
    from django_front_sms import outbox
    from django_front_sms.events import records
    from django_front_sms.models import DeliveryStatus, OutboundMessage

    first = next(numbers) * 10_000
    OutboundMessage.objects.bulk_create(
        OutboundMessage(account="default", recipient="+4799999999", text="Test", state="sent", gateway_id=first + n)
        for n in range(count)
    )
    DeliveryStatus.objects.bulk_create(
        DeliveryStatus(account="default", gateway_id=first + n, status=4, raw=b"", process_at=records.due_at_once())
        for n in range(count)
    )
    began = time.perf_counter()
    outbox.fold_statuses()
    took = time.perf_counter() - began
    moved = OutboundMessage.objects.filter(gateway_id__gte=first, gateway_id__lt=first + count, state="delivered")
    if moved.count() != count:
        raise RuntimeError("not every status was folded")
    return count / took


def mms(megabytes: int) -> bytes:
    """A body of about this size, with one new picture."""
    picture = b"\xff\xd8\xff\xe0" + os.urandom(megabytes * 750_000)
    file = {"id": 1, "contentType": "image/jpeg;Name=a.jpg", "fileName": "a.jpg"}
    push = {**json.loads(sms(next(numbers))), "files": [{**file, "fileData": base64.b64encode(picture).decode()}]}
    return json.dumps(push).encode()


_server = cache(Server)  # started before anything is measured, as a site is


def receive_mms(body: bytes) -> None:
    from django_front_sms.signing import webhook_path

    _server()(webhook_path("inbound"), body=body)


def take_apart(body: bytes) -> None:
    """Decode a body with the standard library's `json` and `base64`."""
    base64.b64decode(json.loads(body)["files"][0]["fileData"], validate=True)


def seconds(work: Callable[[bytes], None], megabytes: int) -> float:
    body = mms(megabytes)
    began = time.perf_counter()
    work(body)
    return time.perf_counter() - began


def peak(megabytes: int) -> float:
    """The peak memory of receiving an MMS beyond its body, in multiples of the body."""
    body = mms(megabytes)
    tracemalloc.start()
    try:
        receive_mms(body)
        return tracemalloc.get_traced_memory()[1] / len(body)
    finally:
        tracemalloc.stop()
