"""The processes of the demo: watched while they run, and always ended."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from example_project.demo.processes import SIGNALS, Children, Failed, free_port

FOREVER = ("-c", "import signal; signal.pause()")
IGNORES_SIGTERM = ("-c", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); signal.pause()")


@pytest.fixture(autouse=True)
def _same_signals_after():
    """Restores the signal handlers, which the demo disables when it ends its child processes."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_no_child_outlives_the_demo_even_when_it_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), Children(tmp_path) as children:
        children.start("sleeper", *FOREVER)
        child = children.running["sleeper"]
        _ = 1 / 0
    assert child.returncode == -signal.SIGTERM


def test_a_child_that_does_not_listen_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("example_project.demo.processes.GRACE_PERIOD", 0)
    with Children(tmp_path) as children:
        children.start("ignores SIGTERM", *IGNORES_SIGTERM)
        children.wait_for("it to ignore us", lambda: "ready" in children.tail())
        child = children.running["ignores SIGTERM"]
    assert child.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent is gone")
def test_killing_the_demo_ends_its_child_processes(tmp_path):
    script = (
        "import pathlib, signal\n"
        "from example_project.demo.processes import Children\n"
        f"children = Children(pathlib.Path({str(tmp_path)!r}))\n"
        "children.start('child', '-c', 'import signal; signal.pause()')\n"
        "print(children.running['child'].pid, flush=True)\n"
        "signal.pause()\n"
    )
    root = Path(__file__).parent.parent
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root) as demo:
        assert demo.stdout is not None
        child = os.pidfd_open(int(demo.stdout.readline()))
        demo.kill()
    import select

    ended, _, _ = select.select([child], [], [], 30)
    os.close(child)
    assert ended


def test_a_child_that_ends_by_itself_fails_the_demo_and_shows_its_log(tmp_path):
    with Children(tmp_path) as children:
        children.start("web", "-c", "raise SystemExit('the port is taken')")
        with pytest.raises(Failed, match="the web process ended unexpectedly with exit code 1"):
            children.wait_for("an answer", lambda: None)
        assert "the port is taken" in children.tail()


def test_a_process_that_does_not_start_in_time_is_named(tmp_path):
    with Children(tmp_path) as children, pytest.raises(Failed, match="timed out after 0 seconds: the reply to arrive"):
        children.wait_for("the reply to arrive", lambda: None, seconds=0)


def test_another_port_is_chosen_when_one_is_in_use():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) != port
