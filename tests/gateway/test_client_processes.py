"""One client used by many threads, and by processes that were forked while it was open."""

import gc
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from django_front_sms.gateway.client import Client, ResultKind
from django_front_sms.gateway.submit import Answer, Sms

from .wire import HANG_TIMEOUT, Line, Server, always, framed

pytestmark = pytest.mark.timeout(120)

OK = framed(b"ErrorCode=0, ID=145099")


def message(number: int) -> Sms:
    return Sms(service_id=3, sender="Front", recipient="+4799999999", text=f"message {number}.", unicode=None)


def echo(line: Line) -> None:
    """Answer each message with its own number."""
    while request := line.read():
        number = request.split(b"message ")[1].split(b".")[0]
        line.write(framed(b"ErrorCode=0, ID=" + number))


def in_a_fork(work: Callable[[], bool]) -> bool:
    """Return whether `work` returns true in a forked child, within `HANG_TIMEOUT`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on: threads are running; that's the point
        pid = os.fork()
    if not pid:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(HANG_TIMEOUT)
        good = False
        try:
            good = work()
        finally:
            os._exit(0 if good else 1)
    return os.waitpid(pid, 0)[1] == 0


def test_many_threads_get_the_answers_to_their_own_messages():
    with (
        Server(echo) as server,
        Client(server.url, timeout=60, max_connections=4) as client,
        ThreadPoolExecutor(32) as threads,
    ):
        outcomes = list(threads.map(lambda number: client.send(message(number)), range(1, 401)))
    assert [outcome.answer for outcome in outcomes] == [
        Answer(id=number, errorcode=0, description="") for number in range(1, 401)
    ]
    assert 1 <= len(server.lines) <= 4


def test_as_many_exchanges_run_at_a_time_as_there_are_connections():
    together = threading.Barrier(8, timeout=HANG_TIMEOUT)  # the server answers only when eight have asked

    def script(line: Line) -> None:
        while line.read():
            together.wait()
            line.write(OK)

    with (
        Server(script) as server,
        Client(server.url, timeout=HANG_TIMEOUT, max_connections=8) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        kinds = set(threads.map(lambda number: client.send(message(number)).kind, range(16)))
    assert kinds == {ResultKind.ANSWERED}


def test_threads_that_start_together_share_one_pool():
    client = Client("http://127.0.0.1:1/")
    together = threading.Barrier(4, timeout=HANG_TIMEOUT)  # each has found no pool before one is made
    make = client._new_pool
    client._new_pool = lambda: (together.wait(), make())[1]
    with ThreadPoolExecutor(4) as threads:
        assert len({id(pool) for pool in threads.map(lambda _: client._pool(), range(4))}) == 1


@pytest.fixture(params=["http", "https"])
def server(request) -> Iterator[Server]:
    tls = None
    if request.param == "https":
        request.getfixturevalue("trusted")
        tls = request.getfixturevalue("tls")
    with Server(always(OK), tls) as server:
        yield server


def test_a_forked_child_opens_its_own_connection_and_the_parents_stays_usable(server):
    with Client(server.url, timeout=HANG_TIMEOUT) as client:
        assert client.send(message(1)).kind is ResultKind.ANSWERED

        def work() -> bool:
            kinds = {client.send(message(number)).kind for number in (2, 3)}
            client.close()
            gc.collect()
            return kinds == {ResultKind.ANSWERED}

        assert in_a_fork(work)
        assert client.send(message(4)).kind is ResultKind.ANSWERED
    assert [b"".join(line.requests).count(b"HTTP/1.1") for line in server.lines] == [2, 2]


def test_a_child_of_a_child_opens_its_own_connection_too(server):
    with Client(server.url, timeout=HANG_TIMEOUT) as client:

        def send() -> bool:
            return client.send(message(1)).kind is ResultKind.ANSWERED

        assert send() and in_a_fork(lambda: send() and in_a_fork(send) and send()) and send()
    assert [len(line.requests) for line in server.lines] == [2, 2, 1]


def test_a_fork_while_another_thread_holds_the_pools_lock_does_not_hang_the_child(server):
    with Client(server.url, timeout=HANG_TIMEOUT) as client:
        client.send(message(1))

        def work() -> bool:
            kind = client.send(message(2)).kind
            client.close()
            gc.collect()
            return kind is ResultKind.ANSWERED

        with client._pool().pool.mutex:
            assert in_a_fork(work)


def test_a_forked_child_closes_the_parents_sockets(server):
    """Otherwise a connection that the parent resets would stay open, and its request could still be delivered."""
    with Client(server.url, timeout=HANG_TIMEOUT) as client:
        client.send(message(1))
        sock = client._pool().pool.queue[-1].sock
        number, inode = sock.fileno(), os.fstat(sock.fileno()).st_ino

        def work() -> bool:
            client.send(message(2))
            try:
                return os.fstat(number).st_ino != inode
            except OSError:
                return True

        assert in_a_fork(work)
