"""The demo's child processes: started, monitored, and always terminated."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_PERIOD = 10  # seconds for a child to exit after SIGTERM
PR_SET_PDEATHSIG = 1  # Linux: the signal that a child gets when its parent has ended


class Failed(Exception):
    """The demo cannot continue; the message is the reason."""


def free_port(wanted: int = 0) -> int:
    """`wanted` if it is free, otherwise another free port."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise Failed("there is no free port on 127.0.0.1")


def end_on_signals() -> None:
    """End the demo on SIGHUP and SIGTERM as on Ctrl-C: with all of its processes."""

    def leave(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    for number in SIGNALS:
        signal.signal(number, leave)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Children:
    """A context manager that terminates all children at its end. Each child logs to a file in `logs`."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str) -> None:
        """Start `python arguments…` in a separate process group, so that Ctrl-C reaches only the demo."""
        with self.log(name).open("wb") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-u", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def check(self) -> None:
        """Raise `Failed` if a child has ended."""
        for name, child in self.running.items():
            if child.poll() is not None:
                raise Failed(f"the {name} process ended unexpectedly with exit code {child.returncode}")

    def wait_for(self, what: str, found: Callable[[], T | None], seconds: float = 60) -> T:
        """Wait for a true result of `found`, and return it. Raises `Failed` if a child ends, or after `seconds`."""
        deadline = time.monotonic() + seconds
        while not (answer := found()):
            self.check()
            if time.monotonic() > deadline:
                raise Failed(f"timed out after {seconds:.0f} seconds: {what}")
            time.sleep(0.1)
        return answer

    def tail(self, lines: int = 15) -> str:
        """The last lines of every log."""
        tails = (
            f"--- {name} ---\n" + "\n".join(self.log(name).read_text(errors="replace").splitlines()[-lines:])
            for name in self.running
        )
        return "\n".join(tails)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # terminating takes seconds, and must not be interrupted
        for child in self.running.values():
            child.terminate()
        deadline = time.monotonic() + GRACE_PERIOD
        for child in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, deadline - time.monotonic()))
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # including the child's own children
            child.wait()
