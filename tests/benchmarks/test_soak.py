"""`make soak`: the gateway stand-in pushes everything it promises, and a figure beyond its limit fails the run."""

import json
import os
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks.soak import figures, front, received
from benchmarks.soak.figures import Run
from benchmarks.soak.front import Front
from benchmarks.soak.watch import Process, Sample, Watch


class Site(BaseHTTPRequestHandler):
    """Notes each push, and refuses the first one."""

    protocol_version = "HTTP/1.1"
    pushes: list[str] = []
    closes = False  # the connection, after each answer

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.pushes.append(self.path)
        refused = len(self.pushes) == 1
        self.send_response(503 if refused else 200)
        body = b"false" if refused else b"true"
        self.send_header("Content-Length", str(len(body)))
        if self.closes:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(params=[False, True], ids=["keeps connections", "closes connections"])
def site(request: pytest.FixtureRequest) -> Iterator[int]:
    Site.pushes, Site.closes = [], request.param
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def stand_in(site: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    for name, value in {"LATENCY": 0.001, "STATUSES": ((-1, 0.0), (4, 0.0)), "PAUSE": 0.0, "MMS_EVERY": 20}.items():
        monkeypatch.setattr(front, name, value)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Front(listener, ("127.0.0.1", site), {"status": "/status/", "inbound": "/inbound/"})


def send(front: Front, count: int) -> None:
    with socket.create_connection(front.listener.getsockname()) as client:
        for _ in range(count):
            client.sendall(b"POST /psk/push.php HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
            assert b'"errorcode": 0' in client.recv(65536)


def test_each_message_brings_two_statuses_and_some_bring_an_sms_or_an_mms(stand_in: Front, tmp_path: Path) -> None:
    serving = threading.Thread(target=stand_in.serve)
    serving.start()
    send(stand_in, 20)
    while len(stand_in.log.kinds) < 20 * 2 + 2 + 1 and serving.is_alive():
        pass
    stand_in.is_stopping = True
    serving.join()
    stand_in.log.write(tmp_path / "log")
    log = json.loads((tmp_path / "log").read_text())
    assert Counter(log["kinds"]) == {"status": 40, "inbound": 2, "mms": 1}
    assert log["refused"] == ["status: 503"] and log["given_up"] == log["open"] == 0
    assert len(log["ms"]) == len(log["at"]) == 43 and len(log["pictures"]) == 1
    expected = {f"/status/?status={status}&origid={n}" for n in range(1, 21) for status in (-1, 4)}
    assert {path for path in Site.pushes if path.startswith("/status/")} == expected
    assert bool(stand_in.idle) is not Site.closes


def test_a_push_that_is_refused_three_times_is_given_up(stand_in: Front) -> None:
    push = front.Push("status", b"", 0.0, tries=3)
    stand_in._again(push, "503")
    assert stand_in.log.given_up == 1 and not stand_in.waiting


def sample(written: int, rss: int, cpu: float) -> Sample:
    processes = {"producer": Process(50, 50, 0.0), "worker": Process(rss, rss, cpu)}
    return Sample(float(written), written, processes, database=0.0)


@pytest.mark.parametrize(("last_rss", "last_cpu", "missed"), [(105, 10.0, 0), (120, 10.0, 1), (120, 12.0, 2)])
def test_growth_beyond_the_limit_is_missed(last_rss: int, last_cpu: float, missed: int) -> None:
    watch = Watch({}, None, lambda: 0, lambda: 0)
    watch.samples = [sample(1, 50, 0.0), sample(100, 100, 1.0), sample(900, 100, 9.0), sample(1000, last_rss, last_cpu)]
    rows = list(figures._growth(Run(1000, 1.0, began=0.0, written_at=1000.0), watch))
    assert len([row for row in rows if row.reached is False]) == missed


def test_growth_in_a_short_run_is_not_judged() -> None:
    watch = Watch({}, None, lambda: 0, lambda: 0)
    watch.samples = [sample(1, 50, 0.0), sample(100, 100, 1.0), sample(900, 100, 9.0), sample(1000, 900, 99.0)]
    rows = list(figures._growth(Run(1000, 1.0, began=0.0, written_at=10.0), watch))
    assert rows and all(row.reached is None for row in rows)


def test_an_event_that_is_delivered_twice_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_FOLDER", str(tmp_path))
    received._notes.cache_clear()
    message = type("Message", (), {"pk": 7})()
    for event_id in ("a", "a", "b"):
        received._note(None, message, event_id)
    assert received.messages() == [7, 7]
    assert [file.name for file in (tmp_path / "received").iterdir()] == [str(os.getpid())]


def test_percentile() -> None:
    assert figures.percentile(range(1, 1001)) == 991
    assert figures.percentile([5.0]) == 5.0
