"""The processes of a run, each with a log file. They are always ended, in the opposite order."""

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from benchmarks.soak.watch import children

SITE = "benchmarks.soak.site"
WEB = ("--workers", "3", "--log-level", "warning")  # as in docs/howto/deploy.md


class Processes:
    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.running: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str, *command: object, reads: bool = False) -> subprocess.Popen[str]:
        """Start `python -m command`; with `reads`, its output is read by this process, and not logged."""
        with (self.folder / f"{name}.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *map(str, command)],
                env=self.environment,
                stdout=subprocess.PIPE if reads else log,
                stderr=log,
                text=True,
            )
        self.running[name] = process
        return process

    def end(self, name: str) -> None:
        process = self.running.pop(name)
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def died(self) -> list[str]:
        """Processes that have ended unexpectedly."""
        return [name for name, process in self.running.items() if process.poll() is not None]

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


@contextmanager
def processes(folder: Path, environment: dict[str, str]) -> Iterator[Processes]:
    ours = Processes(folder, environment)
    try:
        yield ours
    finally:
        for name in reversed(list(ours.running)):
            ours.end(name)


def start_web(ours: Processes) -> int:
    """Start the site's web server, and return its port once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ours.start("web", "gunicorn", f"{SITE}:application", "--bind", f"127.0.0.1:{port}", *WEB)
    deadline = time.monotonic() + 180
    while not _answers(port):
        if time.monotonic() > deadline or ours.died():
            raise RuntimeError(f"the web server did not start:\n{ours.log('web')}")
        time.sleep(0.2)
    return port


def _answers(port: int) -> bool:
    browser = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        browser.request("GET", "/admin/login/")
        return browser.getresponse().status == 200
    except OSError:
        return False
    finally:
        browser.close()


def start_front(ours: Processes, port: int) -> str:
    """Start the gateway stand-in, and return its URL."""
    from django_front_sms.signing import webhook_path

    paths = [webhook_path("status"), webhook_path("inbound")]
    process = ours.start("front", "benchmarks.soak.front", port, *paths, ours.folder / "front.json", reads=True)
    assert process.stdout is not None
    return f"http://127.0.0.1:{int(process.stdout.readline())}/psk/"


def start_workers(ours: Processes) -> None:
    """Start a Celery worker, beat, and wait for the worker's two processes."""
    quiet = ("--loglevel", "WARNING")
    worker = ours.start("worker", "celery", "-A", f"{SITE}:app", "worker", "-c", 2, *quiet)
    ours.start("beat", "celery", "-A", f"{SITE}:app", "beat", *quiet, "--schedule", ours.folder / "beat")
    deadline = time.monotonic() + 180
    while len(children(worker.pid)) < 2:
        if time.monotonic() > deadline or ours.died():
            raise RuntimeError(f"the worker did not start:\n{ours.log('worker')}")
        time.sleep(0.2)


class Producer:
    """The process that writes messages, and the number that it has written."""

    def __init__(self, ours: Processes, name: str, rate: float, count: int) -> None:
        self.written, self.first_at, self.last_at = 0, 0.0, 0.0  # time.time()
        self._ours, self._name = ours, name
        self._process = ours.start(name, "benchmarks.soak.producer", rate, count, reads=True)
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_done(self) -> bool:
        return self._process.poll() is not None

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.written, self.last_at = int(line), time.time()
            self.first_at = self.first_at or self.last_at

    def end(self) -> None:
        """Terminate the process; raises an error if it failed."""
        self._process.terminate()
        if code := self._process.wait(60):
            raise RuntimeError(f"the producer failed with {code}:\n{self._ours.log(self._name)}")
        del self._ours.running[self._name]
        self._reader.join()
