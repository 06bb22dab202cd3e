"""`front_sms worker`: does everything that Celery workers do."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from django_front_sms import events, jobs, send_sms
from django_front_sms.events import hints, records
from django_front_sms.models import Event, OutboundMessage
from django_front_sms.worker import Worker
from tests.clock import FakeClock
from tests.factories import DeliveryStatusFactory
from tests.gateway.wire import Line, Server, framed

ROOT = Path(__file__).resolve().parents[2]
OK = framed(b'{"id": 145099, "errorcode": 0, "description": "OK"}')
HANG_TIMEOUT = 60


def wait_until(true: Callable[[], Any]) -> None:
    give_up = time.monotonic() + HANG_TIMEOUT
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.05)


# ---- In this process


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that were called; they are replaced."""
    done: list[str] = []
    monkeypatch.setattr(jobs, "dispatch", lambda *given: done.append("dispatch") or 0)
    monkeypatch.setattr(jobs, "deliver_events", lambda *given: done.append("deliver_events") or 0)
    monkeypatch.setattr(jobs, "sweep", lambda *given: done.append("sweep"))
    return done


@pytest.mark.parametrize("number", ["0", "65", "two", "-1"])
def test_the_number_of_threads_is_checked(number: str):
    with pytest.raises(CommandError, match="1 to 64"):
        call_command("front_sms", "worker", "--concurrency", number)


@pytest.mark.django_db(transaction=True)
def test_a_worker_survives_an_unavailable_database(
    called: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    worker, failures = Worker(1), [OperationalError("gone")]
    real = Worker._due

    def due(self: Worker) -> Iterator[str]:
        if failures:
            raise failures.pop()
        self.stop()
        return iter(list(real(self)))

    monkeypatch.setattr(Worker, "_due", due)
    monkeypatch.setattr("django_front_sms.worker._RETRY_AFTER", 0)
    worker.run()
    assert "lost its database connection (OperationalError)" in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("granted", [0, 1, 3])
def test_a_worker_goes_on_with_the_threads_that_the_system_grants(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, granted: int
):
    real, asked = threading.Thread.start, iter(range(100))

    def start(thread: threading.Thread) -> None:
        if next(asked) >= granted:
            raise RuntimeError("can't start new thread")
        real(thread)

    worker = Worker(4)
    monkeypatch.setattr(threading.Thread, "start", start)
    monkeypatch.setattr(Worker, "_due", lambda self: self.stop() or iter(()))
    if not granted:
        with pytest.raises(RuntimeError):
            worker.run()
        return
    worker.run()
    assert f"Only {granted} threads could be started" in caplog.text
    assert not any(thread.name.startswith("front-sms-worker") for thread in threading.enumerate())


def test_a_dispatch_runs_for_its_turn_and_stops_with_the_worker(monkeypatch: pytest.MonkeyPatch, clock: FakeClock):
    given: list[Any] = []
    monkeypatch.setattr(jobs, "dispatch", lambda *arguments: given.append(arguments) or 0)
    worker = Worker(1)
    worker._dispatch()
    worker._dispatch()
    (_, first), (_, second) = given
    assert not first()
    clock.advance(jobs.CLAIM_FOR)
    assert first()
    clock.advance(-jobs.CLAIM_FOR)
    assert not second()
    worker.stop()
    assert second()


def test_each_job_runs_at_most_as_often_as_it_may(monkeypatch: pytest.MonkeyPatch):
    gate, running, most = threading.Event(), [], []

    def deliver(*given: Any) -> int:
        running.append(1)
        most.append(len(running))
        gate.wait(HANG_TIMEOUT)
        running.pop()
        return 0

    monkeypatch.setattr(jobs, "deliver_events", deliver)
    worker = Worker(3)  # one thread is left for messages
    for thread in worker._threads:
        thread.start()
    for _ in range(2):
        worker._want(iter(["deliver_events"]))
        wait_until(lambda: "deliver_events" not in worker._wanted or len(running) == 2)
    wait_until(lambda: len(running) == 2)
    worker._want(iter(["deliver_events"]))
    worker.stop()
    gate.set()
    with worker._changed:
        worker._changed.notify_all()
    for thread in worker._threads:
        thread.join(HANG_TIMEOUT)
    assert max(most) == 2


def test_with_one_thread_a_delivery_of_events_gives_way_to_messages_and_to_the_end(
    called: list[str], monkeypatch: pytest.MonkeyPatch
):
    deliveries: list[int] = []

    def deliver(seconds: float, hand_over: Callable[[], bool]) -> int:
        deliveries.append(1)
        wait_until(hand_over)
        return 0

    monkeypatch.setattr(jobs, "deliver_events", deliver)
    worker = Worker(1)
    worker._threads[0].start()
    worker._want(iter(["deliver_events"]))
    wait_until(lambda: deliveries)
    assert not called
    worker._want(iter(["dispatch"]))
    wait_until(lambda: len(deliveries) == 2)  # continued
    assert called == ["dispatch"]
    worker.stop()
    worker._threads[0].join(HANG_TIMEOUT)
    assert not worker._threads[0].is_alive()


def test_a_failed_job_is_logged_without_its_message_and_its_thread_continues(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    calls: list[int] = []

    def sweep(*given: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("secret +4799999999")

    monkeypatch.setattr(jobs, "sweep", sweep)
    monkeypatch.setattr("django_front_sms.worker._RETRY_AFTER", 0)
    worker = Worker(1)
    for thread in worker._threads:
        thread.start()
    for number in (1, 2):
        worker._want(iter(["sweep"]))
        wait_until(lambda number=number: len(calls) == number)
    worker.stop()
    with worker._changed:
        worker._changed.notify_all()
    worker._threads[0].join(HANG_TIMEOUT)
    assert 'The job "sweep" failed (RuntimeError)' in caplog.text
    assert "secret" not in caplog.text


# ---- Hints


@pytest.mark.django_db(transaction=True)
def test_with_command_a_hint_is_a_notification_and_needs_no_thread(settings, monkeypatch: pytest.MonkeyPatch):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "WORKER": "command"}
    monkeypatch.setattr(hints.HintPublisher, "hint", lambda *given: pytest.fail("no broker"))
    if connection.vendor == "postgresql":
        listener = connection.copy()
        with listener.cursor() as cursor:
            cursor.execute(f"LISTEN {hints.CHANNEL}")
        events.hint("dispatch")
        with listener.cursor() as cursor:
            cursor.execute("SELECT 1")
        (notification,) = list(listener.connection.notifies(timeout=10, stop_after=1))
        assert (notification.channel, notification.payload) == (hints.CHANNEL, "dispatch")
        listener.close()
    else:
        events.hint("dispatch")
    assert events.publish("dispatch") is False


def test_with_command_celery_is_not_loaded():
    script = """
import sys
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django_front_sms"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    FRONT_SMS={"ACCOUNTS": {"default": {"SERVICE_ID": 1, "SENDER": "Firma"}}, "WORKER": "command"},
    USE_TZ=True,
)
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django_front_sms import send_sms
send_sms("+4799999999", "Test", scheduled_at=django.utils.timezone.now() + django.utils.timezone.timedelta(days=1))
call_command("front_sms", "worker", "--once")
print(sorted(name for name in sys.modules if name.split(".")[0] in ("celery", "kombu")))
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": ""}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


# ---- As a process


class Gateway(Server):
    """Accepts every message, as soon as `open` is set."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        super().__init__(self._answer)

    def _answer(self, line: Line) -> None:
        while line.read():
            assert self.open.wait(HANG_TIMEOUT)
            line.write(OK)


@pytest.fixture
def gateway(settings) -> Iterator[Gateway]:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "WORKER": "command"}
    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def start(gateway: Gateway) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts workers on the database of this test, and ends those that are left."""
    workers: list[subprocess.Popen[str]] = []
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.commands.worker_settings",
        "WORKER_DATABASE": str(connection.settings_dict["NAME"]),
        "WORKER_GATEWAY": f"{gateway.url}/psk/".replace("//psk", "/psk"),
    }

    def start(*options: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "django", "front_sms", "worker", *options]
        pipe = subprocess.PIPE
        workers.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()
        worker.communicate(timeout=HANG_TIMEOUT)


def state(message: OutboundMessage) -> str:
    return str(OutboundMessage.objects.values_list("state", flat=True).get(pk=message.pk))


@pytest.mark.django_db(transaction=True)
def test_a_worker_sends_folds_and_delivers_and_ends_cleanly(start, gateway: Gateway):
    worker = start("--concurrency", "2")
    first = send_sms("+4799999999", "first")
    wait_until(lambda: state(first) == "sent")
    second = send_sms("+4799999998", "second", priority="urgent")
    wait_until(lambda: state(second) == "sent")
    DeliveryStatusFactory(message=None, process_at=timezone.now())
    wait_until(lambda: OutboundMessage.objects.filter(state="delivered").exists())
    wait_until(lambda: not Event.objects.filter(next_at__isnull=False).exists())
    worker.send_signal(signal.SIGTERM)
    out, err = worker.communicate(timeout=HANG_TIMEOUT)
    assert worker.returncode == 0, err
    assert "The worker runs" in out
    assert "Traceback" not in err


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_told_to_stop_records_what_is_in_flight(start, gateway: Gateway):
    gateway.open.clear()
    message = send_sms("+4799999999", "in flight")
    worker = start()
    wait_until(lambda: any(line.requests for line in gateway.lines))
    worker.send_signal(signal.SIGTERM)
    gateway.open.set()
    worker.communicate(timeout=HANG_TIMEOUT)
    assert worker.returncode == 0
    assert state(message) == "sent"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("threads", ["1", "2"])
def test_slow_receivers_hold_up_neither_messages_nor_the_end(start, gateway: Gateway, threads: str):
    Event.objects.bulk_create(records.sending_paused(str(number), 13) for number in range(300))
    worker = start("--concurrency", threads)
    wait_until(lambda: Event.objects.filter(next_at__isnull=True).exists())
    message = send_sms("+4799999999", "Koden er 1234", priority="urgent")
    wait_until(lambda: state(message) == "sent")
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=HANG_TIMEOUT)
    assert worker.returncode == 0
    assert Event.objects.pending().exists()  # before the last of them was delivered, and it takes a minute


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_message_once(start, gateway: Gateway):
    messages = [send_sms(f"+47900000{n:02}", "Test") for n in range(40)]
    start()
    start()
    wait_until(lambda: all(state(message) == "sent" for message in messages))
    assert sum(len(line.requests) for line in gateway.lines) == 40


@pytest.mark.django_db(transaction=True)
def test_once_as_a_process_sends_what_is_due_and_ends(start, gateway: Gateway):
    message = send_sms("+4799999999", "Test")
    worker = start("--once")
    worker.communicate(timeout=HANG_TIMEOUT)
    assert worker.returncode == 0
    assert state(message) == "sent"
    assert not Event.objects.filter(next_at__isnull=False).exists()
