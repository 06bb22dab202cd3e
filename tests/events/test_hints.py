"""Hints wake a worker without blocking their callers."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from celery import Celery

from django_front_sms import events
from django_front_sms.events import hints
from django_front_sms.events.hints import HintPublisher

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def publisher(monkeypatch):
    """A publisher without pauses."""
    monkeypatch.setattr(HintPublisher, "PAUSE", 0)
    monkeypatch.setattr(HintPublisher, "EVENTS_PAUSE", 0)
    monkeypatch.setattr(hints, "_publisher", HintPublisher())
    yield
    assert hints._publisher.flush(20)


@pytest.fixture
def broker(monkeypatch):
    """A fake broker: records what is sent, and can be unavailable."""

    class Broker:
        def __init__(self):
            self.sent = []
            self.answers = threading.Event()
            self.asked = threading.Event()
            self.error = None
            self.answers.set()

        def publish(self, task):
            self.asked.set()
            assert self.answers.wait(20)
            if self.error:
                raise self.error
            self.sent.append(task)

    broker = Broker()
    monkeypatch.setattr("django_front_sms.events.hints.send_hint", lambda app, task: broker.publish(task))
    return broker


class TestHints:
    def test_a_hint_is_a_task_without_arguments_and_without_result(self, publisher, monkeypatch):
        app = Celery("hints", broker="memory://", set_as_current=False)
        app.conf.task_default_queue = "this test's own"  # one process has one memory, whatever its apps
        monkeypatch.setattr(hints, "_celery_app", lambda: app)
        with app.connection_for_read() as connection, connection.SimpleQueue("this test's own") as queue:
            events.hint("dispatch")
            message = queue.get(timeout=20)
            message.ack()
        assert message.headers["task"] == "django_front_sms.tasks.dispatch"
        assert message.headers["ignore_result"] is True
        assert message.payload[:2] == [[], {}]

    def test_an_unavailable_broker_does_not_block_callers_and_hints_are_merged(self, publisher, broker):
        broker.answers.clear()
        events.hint("dispatch")
        assert broker.asked.wait(20)
        for _ in range(1000):
            events.hint("dispatch")
            events.hint("deliver_events")
        assert broker.sent == []
        broker.answers.set()
        assert hints._publisher.flush(20)
        assert broker.sent == ["dispatch", "deliver_events", "dispatch"]

    def test_hints_for_events_are_throttled_and_hints_for_messages_are_not(self, publisher, broker, monkeypatch):
        monkeypatch.setattr(HintPublisher, "EVENTS_PAUSE", 600)
        events.hint("deliver_events")
        assert hints._publisher.flush(20)
        events.hint("deliver_events")
        assert not hints._publisher.flush(0.2)
        events.hint("dispatch")
        assert hints._publisher.flush(20)
        assert broker.sent == ["deliver_events", "deliver_events", "dispatch"]
        monkeypatch.setattr(HintPublisher, "EVENTS_PAUSE", 0)

    def test_hints_left_by_a_thread_that_ended_are_sent_by_a_new_one(self, publisher, broker):
        hints._publisher._wanted.add("dispatch")
        hints._publisher._thread = threading.Thread(target=int)  # never started: as little alive as one that ended
        events.hint("dispatch")
        assert hints._publisher.flush(20)
        assert broker.sent == ["dispatch"]

    def test_flushing_waits_at_most_for_its_timeout(self, publisher, broker):
        broker.answers.clear()
        events.hint("dispatch")
        assert not hints._publisher.flush(0.01)
        broker.answers.set()

    def test_a_fork_waits_for_a_hint_in_progress_and_no_hint_is_sent_meanwhile(self, publisher, broker):
        broker.answers.clear()
        events.hint("dispatch")
        assert broker.asked.wait(20)
        assert not hints._publisher.pause(0.01)
        hints._publisher.resume()
        broker.answers.set()
        assert hints._publisher.pause(20)
        broker.asked.clear()
        events.hint("deliver_events")
        assert not broker.asked.wait(0.1)
        hints._publisher.resume()
        assert hints._publisher.flush(20)
        assert broker.sent == ["dispatch", "deliver_events"]

    def test_a_fork_pauses_the_hints_and_the_child_has_its_own_publisher(self, publisher, monkeypatch):
        called = []
        pause, resume = HintPublisher.pause, HintPublisher.resume
        monkeypatch.setattr(
            HintPublisher, "pause", lambda self, timeout: called.append("pause") or pause(self, timeout)
        )
        monkeypatch.setattr(HintPublisher, "resume", lambda self: called.append("resume") or resume(self))
        parents = hints._publisher
        child = os.fork()
        if not child:
            os._exit(0 if hints._publisher is not parents and hints._publisher.pause(0) else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert called == ["pause", "resume"]
        assert parents.pause(0)
        parents.resume()

    def test_an_outage_is_logged_once_and_without_the_brokers_address(self, publisher, broker, caplog):
        caplog.set_level("INFO")

        def send(error=None):
            broker.error = error
            events.hint("dispatch")
            assert hints._publisher.flush(20)

        for _ in range(3):
            send(ConnectionError("redis://:password@broker/0 refused"))
        send()
        send(ConnectionError("redis://:password@broker/0 refused"))
        levels = [record.levelname for record in caplog.records if record.name == "django_front_sms.events.hints"]
        assert levels == ["ERROR", "INFO", "ERROR"]
        assert "ConnectionError" in caplog.text and "password" not in caplog.text

    def test_a_process_that_cannot_start_a_thread_continues(self, publisher, monkeypatch, caplog):
        def refuse(thread):
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", refuse)
        events.hint("dispatch")
        monkeypatch.undo()
        assert "next sweep" in caplog.text

    def test_a_worker_gets_the_result_of_its_hint(self, broker, caplog):
        assert events.publish("dispatch")
        broker.error = ConnectionError("redis://:password@broker/0 refused")
        assert not events.publish("dispatch")
        assert "password" not in caplog.text

    def test_a_forked_process_has_a_thread_of_its_own(self, publisher, broker):
        events.hint("dispatch")
        assert hints._publisher.flush(20)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            events.hint("deliver_events")
            hints._publisher.flush(20)
            os.write(writing, ",".join(broker.sent).encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            assert pipe.read() == "dispatch,deliver_events"

    def test_a_process_forked_while_another_thread_sends_a_hint_does_not_hang(self, publisher, broker):
        held, forked = threading.Event(), threading.Event()

        def hold():
            with hints._publisher._changed:
                held.set()
                forked.wait(20)

        holder = threading.Thread(target=hold)
        holder.start()
        assert held.wait(20)
        child = os.fork()
        if not child:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(20)  # ends a child that waits for the lock for ever
            events.hint("deliver_events")
            os._exit(0 if hints._publisher.flush(10) else 1)
        status = os.waitpid(child, 0)[1]
        forked.set()
        holder.join()
        assert status == 0


class TestWays:
    """`FRONT_SMS["WORKER"]` decides who wakes workers. `front_sms worker` has its own tests."""

    def test_with_tasks_a_hint_is_enqueued_in_the_background(self, publisher, settings, monkeypatch):
        settings.FRONT_SMS = {**settings.FRONT_SMS, "WORKER": "tasks"}
        enqueued = []
        monkeypatch.setattr(hints, "enqueue", lambda task: enqueued.append((task, threading.current_thread().name)))
        events.hint("dispatch")
        assert hints._publisher.flush(20)
        assert enqueued == [("dispatch", "front-sms-hints")]

    def test_with_tasks_a_worker_gets_the_result_of_its_hint(self, settings, monkeypatch, caplog):
        settings.FRONT_SMS = {**settings.FRONT_SMS, "WORKER": "tasks"}
        monkeypatch.setattr(hints, "enqueue", lambda task: None)
        assert events.publish("dispatch")

        def refuse(task):
            raise RuntimeError("secret")

        monkeypatch.setattr(hints, "enqueue", refuse)
        assert not events.publish("dispatch")
        assert "RuntimeError" in caplog.text and "secret" not in caplog.text

    def test_invalid_settings_raise_no_exception_in_the_caller(self, settings, caplog):
        settings.FRONT_SMS = {"ACCOUNTS": {"default": {}}}
        events.hint("dispatch")
        assert "ImproperlyConfigured" in caplog.text


class TestExit:
    """A process that ends right after a hint, as a management command does."""

    def run(self, broker_url: str, **transport_options: str) -> "subprocess.CompletedProcess[str]":
        script = f"""
            from celery import Celery
            app = Celery("site", broker={broker_url!r})
            app.conf.broker_transport_options = {transport_options!r}
            app.set_default()
            from django.conf import settings
            apps = ["django.contrib.auth", "django.contrib.contenttypes", "django_front_sms"]
            settings.configure(INSTALLED_APPS=apps)
            import django
            django.setup()
            from django_front_sms import events
            events.hint("dispatch")
        """
        command = [sys.executable, "-c", textwrap.dedent(script)]
        # Celery prefers CELERY_BROKER_URL to its `broker` argument.
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "", "CELERY_BROKER_URL": ""}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)

    def test_a_hint_right_before_the_exit_is_sent(self, tmp_path):
        folder = str(tmp_path)
        done = self.run("filesystem://", data_folder_in=folder, data_folder_out=folder, control_folder=folder)
        assert done.returncode == 0, done.stderr
        assert "django_front_sms.tasks.dispatch" in "".join(path.read_text() for path in tmp_path.glob("*.msg"))

    def test_a_silent_broker_does_not_keep_a_process_from_ending(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            done = self.run(f"redis://:password@127.0.0.1:{silent.getsockname()[1]}/0")
        assert done.returncode == 0, done.stderr
        assert "password" not in done.stderr
