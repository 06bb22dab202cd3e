"""A process that has run out of file descriptors or threads loses no answer; neither does one whose database refuses
writes."""

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import InternalError, OperationalError, ProgrammingError, connection

from django_front_sms import outbox, send_bulk_sms
from django_front_sms.gateway.client import ExchangeResult
from django_front_sms.gateway.submit import Sms
from django_front_sms.outbox import dispatcher, executor
from django_front_sms.outbox.slots import LANES
from tests.configuration import configure
from tests.gateway.wire import Server, answers, framed
from tests.outbox.exchange_results import accepted, not_sent
from tests.outbox.rows import account_state, message, outcomes, reloaded

# ---- File descriptors

WITHOUT_DESCRIPTORS = """
    import os, resource, sys
    from django_front_sms.gateway.client import Client
    from django_front_sms.gateway.submit import BulkSms, Sms

    def use_up() -> bool:
        "From here on, right before the first byte, this process can open nothing."
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        return True

    client = Client(sys.argv[1], timeout=20)
    if sys.argv[2] == "bulk":
        bulk = BulkSms(service_id=1, sender="Firma", recipients=("+4799999999",), text="Test")
        result = client.send_bulk(bulk, may_write=use_up)
    else:
        sms = Sms(service_id=1, sender="Firma", recipient="+4799999999", text="Test æøå")
        result = client.send(sms, transport=sys.argv[2], may_write=use_up)
    print(result.kind, result.detail)
"""
OK = b'{"id": 145099, "errorcode": 0, "description": "OK"}'


@pytest.mark.parametrize(
    ("how", "reply"),
    [
        ("json", framed(OK)),
        ("json", framed(b"\xef\xbb\xbf" + OK)),
        ("json", framed(b'{"id": 0, "errorcode": 1, "description": "Ugyldig m\xf8bil \\ud800"}', "400 Bad Request")),
        (
            "json",
            b"HTTP/1.1 200 OK\r\nX-Name: \xe6\r\nTransfer-Encoding: chunked\r\n\r\n33\r\n" + OK + b"\r\n0\r\n\r\n",
        ),
        ("get", framed(b"ErrorCode=0, ID=145099")),
        ("bulk", framed(b'{"errorcode": 0, "invalidPhoneno": ["99999999"]}', "201 Created")),
    ],
    ids=["json", "byte order mark", "not UTF-8", "chunked", "get", "bulk"],
)
def test_the_first_answer_of_a_process_without_descriptors_is_read(how: str, reply: bytes):
    with Server(answers(reply)) as server:
        command = [sys.executable, "-c", textwrap.dedent(WITHOUT_DESCRIPTORS), server.url, how]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "answered", done.stdout + done.stderr


# ---- Threads


class AcceptingClient:
    """A gateway that accepts everything."""

    def __init__(self, gateway_url: str, *, timeout: float, max_connections: int) -> None: ...

    def send(self, sms: Sms, *, transport: str, may_write: Callable[[], bool]) -> ExchangeResult:
        return accepted() if may_write() else not_sent()


@pytest.fixture
def client(settings) -> Iterator[None]:
    configure(settings, CLIENT="tests.outbox.test_exhausted_resources.AcceptingClient")
    executor._client.cache_clear()
    executor._lane_threads.cache_clear()
    yield
    executor._client.cache_clear()
    executor._lane_threads.cache_clear()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("refused", [range(3), range(1, 200)], ids=["the first ones", "all but one"])
def test_no_answer_is_lost_if_threads_cannot_be_started(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, refused: range
):
    real, asked = threading.Thread.start, iter(range(10_000))

    def start(thread: threading.Thread) -> None:
        if thread.name.startswith("front-sms-normal") and next(asked) in refused:
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    rows = [message(f"number {n}") for n in range(50)]
    assert outbox.run() == 50
    assert {reloaded(row).state for row in rows} == {"sent"}
    assert account_state().slots == {}
    assert caplog.text.count("No thread could be started") >= 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("client")
def test_a_pool_counts_the_threads_that_it_has(monkeypatch: pytest.MonkeyPatch):
    threads = executor.LaneThreads(2, "test")
    monkeypatch.setattr(threading.Thread, "start", lambda thread: (_ for _ in ()).throw(RuntimeError("no thread")))
    assert not threads.submit(lambda: None)
    monkeypatch.undo()
    done = threading.Semaphore(0)
    for _ in range(20):
        assert threads.submit(done.release)
    for _ in range(20):
        assert done.acquire(timeout=30)
    assert threads._count <= 2


@pytest.mark.usefixtures("client")
def test_each_account_and_lane_has_one_pool_of_threads():
    places = [(f"gateway {number}", lane) for number in range(200) for lane in LANES]
    pools = [executor._lane_threads(1, *place) for place in places]
    assert [executor._lane_threads(1, *place) for place in places] == pools
    assert len(set(map(id, pools))) == len(places)


# ---- Memory


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("client")
def test_a_run_with_memory_errors_ends_and_leaves_the_messages_ambiguous(monkeypatch: pytest.MonkeyPatch):
    """Otherwise it would wait for them without end, and its worker would send nothing more."""

    def fail(*given: Any) -> None:
        raise MemoryError

    for name in ("attempt", "attempt_bulk"):
        monkeypatch.setattr(executor, name, fail)
    row, bulk = message(), send_bulk_sms(["+4790000001", "+4790000002"], "Til alle")
    assert outbox.run() == 3
    for each in (row, *bulk.messages.all()):
        assert outcomes(each) == ["ambiguous"]
    assert account_state().slots == {}


# ---- A database that refuses writes

READ_ONLY = {
    "postgresql": "SET default_transaction_read_only = on",  # as on a standby: SQLSTATE 25006 is an InternalError
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = 1",
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("client")
def test_answers_are_kept_while_the_database_is_read_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """A new connection writes again, as after a fail-over."""
    real, tries = dispatcher.settle, []

    def settle(*given: Any) -> None:
        tries.append(given)
        if connection.vendor == "sqlite":  # in memory: its one connection is never closed
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA query_only = {int(len(tries) == 1)}")
        elif len(tries) == 1:
            with connection.cursor() as cursor:
                cursor.execute(READ_ONLY[connection.vendor])
        real(*given)

    monkeypatch.setattr(dispatcher, "settle", settle)
    monkeypatch.setattr(dispatcher.time, "sleep", lambda seconds: None)
    row = message()
    outbox.run()
    assert (reloaded(row).state, reloaded(row).gateway_id, outcomes(row)) == ("sent", 145099, ["answered"])
    assert len(tries) == 2
    assert "1 answers could not be stored" in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("error", [InternalError, OperationalError, ProgrammingError, MemoryError, RuntimeError])
def test_an_answer_that_cannot_be_stored_is_kept_and_retried(monkeypatch: pytest.MonkeyPatch, error: Any):
    module = sys.modules["django_front_sms.outbox.settle"]
    real, failures = module.write_outcomes, [error("no"), error("still no")]

    def write(*given: Any) -> None:
        if failures:
            raise failures.pop()
        real(*given)

    monkeypatch.setattr(module, "write_outcomes", write)
    monkeypatch.setattr(dispatcher.time, "sleep", lambda seconds: None)
    row = message()
    outbox.run()
    assert (reloaded(row).state, reloaded(row).gateway_id) == ("sent", 145099)
    assert outcomes(row) == ["answered"]
