"""The HTTP client: results, deadlines and connections, against a scripted server."""

import http.client
import logging
import os
import socket
import struct
import threading

import pytest

from django_front_sms.gateway.client import Client, ExchangeResult, ResultKind
from django_front_sms.gateway.submit import Answer, BulkSms, Sms

from .wire import HANG_TIMEOUT, Clock, Line, Server, always, answers, framed

pytestmark = pytest.mark.timeout(120)

SMS = Sms(service_id=3, sender="26114123450000", recipient="+47999999999", text="Test æøå ÆØÅ", unicode=False)
BULK = BulkSms(
    service_id=1234, sender="Mitt Firma", recipients=("+4799999999", "+4799999998"), text="Test æøå ÆØÅ", unicode=None
)
OK = framed(b'{\n  "id": 145099,\n  "errorcode": 0,\n  "description": "OK"\n}')  # §2.1.1
GET_OK = framed(b"ErrorCode=0, ID=145099")  # §2.1.2
BULK_OK = framed(
    b'{\n  "errorcode": 0,\n  "description": "OK",\n  "invalidPhoneno": [],\n  "duplicatePhoneno": []\n}', "201 Created"
)  # §2.4


def send(server: Server, sms: Sms = SMS, timeout: float = HANG_TIMEOUT, **options) -> ExchangeResult:
    with Client(server.url, timeout=timeout) as client:
        return client.send(sms, **options)


def test_a_json_message_goes_to_push_php_as_the_manual_writes_it():
    with Server(answers(OK)) as server:
        outcome = send(server)
    assert (outcome.kind, outcome.http_status, outcome.detail) == (ResultKind.ANSWERED, 200, "")
    assert outcome.answer == Answer(id=145099, errorcode=0, description="OK")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /psk/push.php HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{server.port}".encode() in head.split(b"\r\n")
    assert b"Content-Type: application/json" in head.split(b"\r\n")
    assert '"txt": "Test æøå ÆØÅ"'.encode() in body
    assert b'"phoneno": "0047999999999"' in body


def test_a_get_message_has_everything_in_its_query():
    with Server(answers(GET_OK)) as server:
        outcome = send(server, transport="get")
    assert (outcome.kind, outcome.answer) == (ResultKind.ANSWERED, Answer(id=145099, errorcode=0, description=""))
    line = server.requests[0].split(b"\r\n")[0]
    assert line.startswith(b"GET /psk/push.php?") and line.endswith(b" HTTP/1.1")
    assert b"txt=Test%20%E6%F8%E5%20%C6%D8%C5" in line
    assert server.requests[0].endswith(b"\r\n\r\n")


def test_a_bulk_message_goes_to_push_bulk_php():
    with Server(answers(BULK_OK)) as server, Client(server.url) as client:
        outcome = client.send_bulk(BULK)
    assert (outcome.kind, outcome.http_status) == (ResultKind.ANSWERED, 201)
    assert server.requests[0].startswith(b"POST /psk/push_bulk.php HTTP/1.1\r\n")
    assert b'"phoneno": ["004799999999", "004799999998"]' in server.requests[0]


def test_the_slash_at_the_end_of_the_url_may_be_left_out():
    with Server(answers(OK)) as server, Client(server.url.rstrip("/")) as client:
        assert client.send(SMS).kind is ResultKind.ANSWERED
    assert server.requests[0].startswith(b"POST /psk/push.php ")


@pytest.mark.parametrize(
    "url",
    ["", "www.pling.as/psk/", "ftp://www.pling.as/", "https:///psk/", "https://u:pw@x/", "https://x/?pw=1", "http://["],
)
def test_an_invalid_gateway_url_is_refused_without_quoting_it(url):
    with pytest.raises(ValueError, match="must be http or https") as refusal:
        Client(url)
    assert "pw" not in str(refusal.value)


# --- before the first byte


def test_a_refused_connection_is_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    asked = []
    outcome = Client(f"http://127.0.0.1:{port}/").send(SMS, may_write=lambda: bool(asked.append(1)))
    assert (outcome.kind, outcome.detail) == (ResultKind.NOT_SENT, "no connection: Connection refused")
    assert not asked


def test_a_name_that_does_not_exist_is_not_sent():
    assert Client("http://gateway.invalid/").send(SMS).kind is ResultKind.NOT_SENT


@pytest.fixture
def silent_address():
    """An address at which connecting never ends: its queue is full, and no process accepts."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()


def test_a_connection_that_nobody_accepts_is_not_sent(silent_address):
    outcome = Client(f"http://127.0.0.1:{silent_address[1]}/", timeout=0.3).send(SMS)
    assert (outcome.kind, outcome.detail) == (ResultKind.NOT_SENT, "no connection in time")


def addresses(monkeypatch, *found: tuple[str, int]) -> None:
    tcp = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(*tcp, address) for address in found])


def test_a_second_address_is_tried_when_the_first_refuses(monkeypatch):
    with Server(answers(OK)) as server:
        addresses(monkeypatch, ("127.0.0.1", 1), ("127.0.0.1", server.port))
        assert send(server).kind is ResultKind.ANSWERED


def test_a_silent_first_address_leaves_time_for_the_second(monkeypatch, silent_address):
    with Server(answers(OK)) as server:
        addresses(monkeypatch, silent_address, ("127.0.0.1", server.port))
        assert send(server, timeout=2).kind is ResultKind.ANSWERED


def test_a_held_back_message_is_not_sent_and_writes_nothing():
    def script(line: Line) -> None:
        server.notes.put(line.read())

    with Server(script) as server:
        outcome = send(server, may_write=lambda: False)
        assert (outcome.kind, outcome.http_status) == (ResultKind.NOT_SENT, None)
        assert server.notes.empty() or server.note() == b""
    assert server.requests == []


def test_may_write_is_called_after_connecting_and_before_the_first_byte():
    arrived = []

    def may_write() -> bool:
        server.note()  # the server has accepted
        arrived.append(server.requests)
        return True

    def script(line: Line) -> None:
        server.notes.put("connected")
        answers(OK)(line)

    with Server(script) as server:
        assert send(server, may_write=may_write).kind is ResultKind.ANSWERED
    assert arrived == [[]]


def test_the_check_before_writing_runs_on_a_reused_connection_too():
    with Server(always(OK)) as server, Client(server.url) as client:
        kinds = [client.send(SMS, may_write=lambda yes=yes: yes).kind for yes in (True, False, True)]
    assert kinds == [ResultKind.ANSWERED, ResultKind.NOT_SENT, ResultKind.ANSWERED]
    assert len(server.requests) == 2


def test_an_exception_of_may_write_is_raised_and_releases_the_connection():
    def burst() -> bool:
        raise RuntimeError("the clock broke")

    with Server(always(OK)) as server, Client(server.url, max_connections=1) as client:
        with pytest.raises(RuntimeError, match="the clock broke"):
            client.send(SMS, may_write=burst)
        assert client.send(SMS).kind is ResultKind.ANSWERED
    assert len(server.requests) == 1


def test_a_message_without_a_free_connection_in_time_is_not_sent():
    release = threading.Event()

    def script(line: Line) -> None:
        line.read()
        server.notes.put("busy")
        release.wait(HANG_TIMEOUT)
        line.write(OK)

    with Server(script) as server, Client(server.url, timeout=HANG_TIMEOUT, max_connections=1) as client:
        first = threading.Thread(target=client.send, args=(SMS,))
        first.start()
        server.note()
        client._timeout = 0.2
        outcome = client.send(SMS)
        release.set()
        first.join()
    assert (outcome.kind, outcome.detail) == (ResultKind.NOT_SENT, "no connection became free in time")


def test_a_first_write_that_the_kernel_refuses_is_not_sent():
    def script(line: Line) -> None:
        line.reset()
        server.notes.put("reset")

    with Server(script) as server:
        outcome = send(server, may_write=lambda: server.note() == "reset")
    assert outcome.kind is ResultKind.NOT_SENT


# --- after the first byte


def test_a_reset_before_the_request_is_read_is_ambiguous():
    go = threading.Event()

    def script(line: Line) -> None:
        go.wait(HANG_TIMEOUT)
        line.reset()

    def may_write() -> bool:
        threading.Timer(0.1, go.set).start()
        return True

    with Server(script) as server:
        assert send(server, may_write=may_write).kind is ResultKind.AMBIGUOUS


def test_a_reset_after_the_request_is_read_is_ambiguous_and_is_not_retried():
    def script(line: Line) -> None:
        line.read()
        line.reset()

    with Server(script) as server:
        outcome = send(server)
    assert (outcome.kind, outcome.detail) == (ResultKind.AMBIGUOUS, "no complete answer: ConnectionResetError")
    assert len(server.lines) == 1


def test_a_timeout_is_ambiguous_and_resets_the_connection():
    def script(line: Line) -> None:
        line.read()
        server.notes.put(line.ending())

    with Server(script) as server:
        outcome = send(server, timeout=0.3)
        assert server.note() == "reset"
    assert (outcome.kind, outcome.detail) == (ResultKind.AMBIGUOUS, "no complete answer in time")


@pytest.mark.parametrize(
    "beginning",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"],
    ids=["status line", "header", "body"],
)
def test_a_slow_answer_does_not_extend_the_deadline(beginning):
    def script(line: Line) -> None:
        line.read()
        line.write(beginning)
        line.drip()
        server.notes.put("the client left")

    # Each look at the clock costs half a second: some drops are ten seconds, though no single read waits.
    with Server(script) as server, Client(server.url, timeout=10, clock=Clock(step=0.5)) as client:
        outcome = client.send(SMS)
        assert server.note() == "the client left"
    assert (outcome.kind, outcome.detail) == (ResultKind.AMBIGUOUS, "no complete answer in time")


def test_a_slow_upload_does_not_extend_the_deadline():
    stop = threading.Event()

    def script(line: Line) -> None:
        line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while not stop.wait(0.01) and line.sock.recv(1024):
            pass

    huge = BulkSms(service_id=1, sender="Front", recipients=("+4799999999",) * 600_000, text="x")
    with Server(script) as server, Client(server.url, timeout=0.5) as client:
        outcome = client.send_bulk(huge)
        stop.set()
    assert (outcome.kind, outcome.detail) == (ResultKind.AMBIGUOUS, "no complete answer in time")


def test_the_duration_counts_the_whole_exchange():
    clock = Clock()

    def script(line: Line) -> None:
        line.read()
        clock.now += 2.5
        line.write(OK)

    with Server(script) as server, Client(server.url, clock=clock) as client:
        assert client.send(SMS).duration == 2.5


def test_an_early_refusal_is_read_although_the_request_was_not_written_completely():
    def script(line: Line) -> None:
        line.sock.recv(10)
        line.write(framed(b'{"id": 0, "errorcode": 13, "description": "Wrong password"}', "403 Forbidden"))
        line.sock.shutdown(socket.SHUT_WR)
        line.ending()

    with Server(script) as server:
        outcome = send(server)
    assert outcome.answer == Answer(id=0, errorcode=13, description="Wrong password")


def test_socket_options_prevent_late_delivery_of_abandoned_requests():
    with Server(always(OK)) as server, Client(server.url, timeout=7) as client:
        client.send(SMS)
        with socket.socket(fileno=os.dup(client._pool().pool.queue[-1].sock.fileno())) as sock:
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert struct.unpack("ii", sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)) == (1, 0)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 7000


# --- secrets

CANARIES = ("CanaryText", "CanaryPassword", "91234567")
SECRET = Sms(
    service_id=1, sender="Front", recipient="+4791234567", text="CanaryText", unicode=None, password="CanaryPassword"
)


@pytest.mark.parametrize("transport", ["json", "get"])
def test_neither_logs_nor_outcomes_quote_the_message(transport, caplog, capfd, monkeypatch):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    echo = " ".join(CANARIES).encode()
    replies = [
        OK,
        framed(echo),
        framed(b'{"errorcode": 3, "description": "' + echo + b'"}', "400 Bad Request"),
        framed(echo, "302 Found"),
        framed(echo, "500 Internal Server Error"),
        b"HTTP/1.1 " + echo,
        b"HTTP/1.1 200 OK\r\n" + echo + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + echo,
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + echo,
    ]
    outcomes = []
    for reply in replies:
        with Server(answers(reply)) as server, Client(server.url, timeout=HANG_TIMEOUT) as client:
            outcomes.append(client.send(SECRET, transport=transport))
            outcomes.append(client.send(SECRET, transport=transport, may_write=lambda: False))
        with Client(server.url, timeout=HANG_TIMEOUT) as client:
            outcomes.append(client.send(SECRET, transport=transport))
    assert {outcome.kind for outcome in outcomes} == set(ResultKind)
    assert "urllib3" in caplog.text
    ours = "\n".join(line for line in capfd.readouterr().out.splitlines() if not line.startswith(("reply:", "header:")))
    for canary in CANARIES:
        assert canary not in caplog.text
        assert canary not in repr(outcomes)
        assert canary not in ours
