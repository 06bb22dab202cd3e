"""TLS: certificates are verified, and the deadline includes the handshake."""

import threading

import pytest

from django_front_sms.gateway.client import Client, ExchangeResult, ResultKind
from django_front_sms.gateway.submit import Sms

from .wire import HANG_TIMEOUT, Clock, Line, Server, always, framed

pytestmark = pytest.mark.timeout(120)

SMS = Sms(service_id=3, sender="26114123450000", recipient="+47999999999", text="Test æøå ÆØÅ", unicode=False)
OK = framed(b'{\n  "id": 145099,\n  "errorcode": 0,\n  "description": "OK"\n}')  # §2.1.1


def send(server: Server, timeout: float = HANG_TIMEOUT, **options) -> ExchangeResult:
    with Client(server.url, timeout=timeout) as client:
        return client.send(SMS, **options)


def test_nothing_is_sent_to_a_server_with_an_untrusted_certificate(tls):
    asked = []
    with Server(always(OK), tls) as server:
        outcome = send(server, may_write=lambda: bool(asked.append(1)))
    assert outcome.kind is ResultKind.NOT_SENT
    assert outcome.detail.startswith("the gateway's certificate was refused: self")
    assert not asked and server.requests == []


def test_a_certificate_for_another_name_is_not_sent_to(tls, trusted):
    with Server(always(OK), tls) as server, Client(f"https://localhost:{server.port}/psk/") as client:
        outcome = client.send(SMS)
    assert outcome.kind is ResultKind.NOT_SENT
    assert "certificate was refused" in outcome.detail and server.requests == []


def test_a_trusted_connection_is_encrypted_and_used_again(tls, trusted):
    with Server(always(OK), tls) as server, Client(server.url) as client:
        assert [client.send(SMS, transport=form).kind for form in ("json", "get", "json")] == [ResultKind.ANSWERED] * 3
    assert [len(line.requests) for line in server.lines] == [3]


def test_a_server_that_speaks_no_tls_is_not_sent_to():
    with Server(lambda line: line.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        outcome = Client(server.url.replace("http:", "https:")).send(SMS)
    assert outcome.kind is ResultKind.NOT_SENT and outcome.detail.startswith("TLS failed")


def test_a_handshake_that_never_ends_is_not_sent():
    with Server(lambda line: line.ending()) as server:
        outcome = Client(server.url.replace("http:", "https:"), timeout=0.3).send(SMS)
    assert (outcome.kind, outcome.detail) == (ResultKind.NOT_SENT, "no connection in time")


def test_a_timeout_over_tls_is_ambiguous(tls, trusted):
    def script(line: Line) -> None:
        line.read()
        server.notes.put(line.ending())

    with Server(script, tls) as server:
        assert send(server, timeout=1).kind is ResultKind.AMBIGUOUS
        assert server.note() == "reset"
    assert len(server.requests) == 1


def test_a_slow_answer_over_tls_does_not_extend_the_deadline(tls, trusted):
    def script(line: Line) -> None:
        line.read()
        line.drip()

    with Server(script, tls) as server, Client(server.url, timeout=10, clock=Clock(step=0.5)) as client:
        outcome = client.send(SMS)
    assert (outcome.kind, outcome.detail) == (ResultKind.AMBIGUOUS, "no complete answer in time")


def test_a_write_that_fails_over_tls_is_ambiguous(tls, trusted):
    close = threading.Event()

    def script(line: Line) -> None:
        close.wait(HANG_TIMEOUT)
        line.reset()
        server.notes.put("reset")

    def may_write() -> bool:
        close.set()
        return server.note() == "reset"

    with Server(script, tls) as server:
        assert send(server, may_write=may_write).kind is ResultKind.AMBIGUOUS
    assert server.requests == []
