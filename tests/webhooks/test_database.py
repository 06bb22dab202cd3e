"""Without a database, Front is asked to try again; the retry stores one row."""

import contextlib

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import Error, OperationalError, connection
from django.test import RequestFactory

from django_front_sms.models import DeliveryStatus, InboundMessage
from django_front_sms.signing import webhook_path
from tests.tcp_proxy import TcpProxy
from tests.webhooks.pushes import MMS, QUERY, SMS, STATUS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql, pytest.mark.mysql]

PUSHES = {
    "status": (DeliveryStatus, lambda: RequestFactory().get(webhook_path("status"), QUERY_STRING=STATUS.decode())),
    "GET": (InboundMessage, lambda: RequestFactory().get(webhook_path("inbound"), QUERY_STRING=QUERY.decode())),
    "JSON": (
        InboundMessage,
        lambda: RequestFactory().post(webhook_path("inbound"), SMS, content_type="application/json"),
    ),
    "MMS": (
        InboundMessage,
        lambda: RequestFactory().post(webhook_path("inbound"), MMS, content_type="application/json"),
    ),
}


@pytest.fixture
def proxy(monkeypatch):
    """A TCP proxy to the database server, for the connection of this test."""
    settings = connection.settings_dict
    port = settings["PORT"] or {"postgresql": 5432, "mysql": 3306}[connection.vendor]
    proxy = TcpProxy((settings["HOST"] or "127.0.0.1", int(port)))
    monkeypatch.setitem(settings, "HOST", "127.0.0.1")
    monkeypatch.setitem(settings, "PORT", str(proxy.port))
    connection.close()
    yield proxy
    with contextlib.suppress(Error):
        connection.close()
    connection.connection = None
    proxy.stop()


def push(kind: str) -> tuple[int, bytes]:
    """Push through the request handler, which closes connections as a server does."""
    seen: list[str] = []
    request = PUSHES[kind][1]()
    answer = WSGIHandler()(request.environ, lambda status, headers: seen.append(status))
    content = b"".join(answer)
    answer.close()
    return int(seen[0].split()[0]), content


@pytest.mark.parametrize("kind", PUSHES)
def test_a_push_during_a_database_outage_is_stored_by_the_retry(kind, proxy, hints):
    connection.ensure_connection()
    proxy.stop()
    assert push(kind) == (503, b"false")
    assert push(kind) == (503, b"false")  # no connection can be made
    assert hints == []
    proxy.start()
    assert push(kind) == (200, b"true")
    assert PUSHES[kind][0].objects.count() == 1
    assert hints == ["deliver_events"]


@pytest.mark.parametrize("kind", PUSHES)
def test_a_persistent_connection_survives_a_restart_of_the_database(kind, proxy, hints, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", None)
    connection.close()
    assert push(kind) == (200, b"true")
    PUSHES[kind][0].objects.all().delete()
    proxy.stop()
    proxy.start()
    assert push(kind) == (200, b"true")
    assert PUSHES[kind][0].objects.count() == 1


def test_a_retry_after_a_lost_answer_gives_one_row(proxy, hints):
    def store_and_cut(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith("INSERT INTO") and "inboundmessage" in sql:
            proxy.stop()
            raise OperationalError("the connection broke before the server's word came through")
        return result

    with connection.execute_wrapper(store_and_cut):
        assert push("JSON") == (503, b"false")
    proxy.start()
    assert InboundMessage.objects.count() == 1
    assert push("JSON") == (200, b"true")
    assert InboundMessage.objects.count() == 1
