"""When a connection is reused."""

import threading

import pytest

from django_front_sms.gateway.client import Client, ResultKind
from django_front_sms.gateway.submit import Sms

from .wire import HANG_TIMEOUT, Clock, Line, Server, always, answers, framed

pytestmark = pytest.mark.timeout(120)

SMS = Sms(service_id=3, sender="26114123450000", recipient="+47999999999", text="Test æøå ÆØÅ", unicode=False)
OK = framed(b'{\n  "id": 145099,\n  "errorcode": 0,\n  "description": "OK"\n}')  # §2.1.1
GET_OK = framed(b"ErrorCode=0, ID=145099")  # §2.1.2


def test_a_connection_is_used_again():
    with Server(always(OK)) as server, Client(server.url) as client:
        assert [client.send(SMS).kind for _ in range(5)] == [ResultKind.ANSWERED] * 5
    assert [len(line.requests) for line in server.lines] == [5]


@pytest.mark.parametrize(("idle", "connections"), [(4.9, 1), (5.0, 2)])
def test_a_connection_that_was_idle_for_five_seconds_is_replaced(idle, connections):
    clock = Clock()
    with Server(always(OK)) as server, Client(server.url, clock=clock) as client:
        client.send(SMS)
        clock.now += idle
        assert client.send(SMS).kind is ResultKind.ANSWERED
    assert len(server.lines) == connections


def test_each_exchange_on_a_connection_has_its_own_deadline():
    clock = Clock()
    with Server(always(OK)) as server, Client(server.url, timeout=3, clock=clock) as client:
        client.send(SMS)
        clock.now += 4
        assert client.send(SMS).kind is ResultKind.ANSWERED
    assert len(server.lines) == 1


def test_a_connection_with_surplus_bytes_is_not_used_again():
    with Server(always(GET_OK + b"!")) as server, Client(server.url) as client:
        assert [client.send(SMS).kind for _ in range(2)] == [ResultKind.AMBIGUOUS] * 2
    assert [len(line.requests) for line in server.lines] == [1, 1]


def test_a_slow_answer_does_not_count_as_idle_time():
    clock = Clock()

    def script(line: Line) -> None:
        while line.read():
            clock.now += 8
            line.write(OK)

    with Server(script) as server, Client(server.url, clock=clock) as client:
        assert [client.send(SMS).kind for _ in range(2)] == [ResultKind.ANSWERED] * 2
    assert len(server.lines) == 1


def test_a_connection_that_the_server_closed_is_replaced_before_the_first_byte():
    def script(line: Line) -> None:
        answers(OK)(line)
        line.sock.close()
        server.notes.put("closed")

    with Server(script) as server, Client(server.url) as client:
        for _ in range(3):
            assert client.send(SMS).kind is ResultKind.ANSWERED
            server.note()
    assert [len(line.requests) for line in server.lines] == [1, 1, 1]


def test_a_reused_connection_that_closes_during_the_request_is_ambiguous():
    def script(line: Line) -> None:
        answers(OK)(line)
        line.read()

    with Server(script) as server, Client(server.url) as client:
        assert client.send(SMS).kind is ResultKind.ANSWERED
        assert client.send(SMS).kind is ResultKind.AMBIGUOUS
    assert [len(line.requests) for line in server.lines] == [2]


def test_a_connection_closed_between_the_check_and_the_write_is_ambiguous_and_is_not_retried():
    close = threading.Event()

    def script(line: Line) -> None:
        answers(OK)(line)
        close.wait(HANG_TIMEOUT)
        line.sock.close()
        server.notes.put("closed")

    def may_write() -> bool:
        close.set()
        return server.note() == "closed"

    with Server(script) as server, Client(server.url) as client:
        client.send(SMS)
        assert client.send(SMS, may_write=may_write).kind is ResultKind.AMBIGUOUS
    assert len(server.lines) == 1


def test_no_failure_removes_a_connection_from_the_pool():
    whole = [framed(b"<html>"), framed(b"", "302 Found"), framed(b"x" * 70_000), framed(b"", "503 Busy"), GET_OK + b"!"]
    broken = [
        b"nonsense",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ]
    turns = iter((whole + broken) * 3)

    def script(line: Line) -> None:
        while line.read():
            reply = next(turns, OK)
            line.write(reply)
            if reply in broken:
                return

    with Server(script) as server, Client(server.url, max_connections=1, timeout=HANG_TIMEOUT) as client:
        assert {client.send(SMS).kind for _ in range(24)} == {ResultKind.AMBIGUOUS}
        assert client.send(SMS).kind is ResultKind.ANSWERED


def test_a_connection_with_an_answer_half_read_is_not_used_again():
    """Otherwise the next message would read the rest as its own answer."""

    def script(line: Line) -> None:
        line.read()
        if len(server.lines) > 1:
            return line.write(OK)
        line.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 30\r\n\r\n")
        line.read()

    with Server(script) as server, Client(server.url, timeout=2) as client:
        assert [client.send(SMS).kind for _ in range(2)] == [ResultKind.AMBIGUOUS, ResultKind.ANSWERED]


def test_a_closed_client_opens_new_connections():
    with Server(always(OK)) as server:
        client = Client(server.url)
        for _ in range(2):
            assert client.send(SMS).kind is ResultKind.ANSWERED
            client.close()
    assert [len(line.requests) for line in server.lines] == [1, 1]


def test_a_proxy_in_the_environment_is_not_used(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with Server(answers(OK)) as server, Client(server.url, timeout=HANG_TIMEOUT) as client:
        assert client.send(SMS).kind is ResultKind.ANSWERED
