"""Named points in the engine where a process of a run can be made to die, or to freeze.

The conductor arms a point by a file; the first process that comes by takes the file away, and itself with it. There
are no hooks in the engine: its functions are wrapped here, when a worker starts.
"""

import functools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

# In the order of a message's way. "claiming" and "settling" are inside the transaction, before its commit.
NAMES = (
    "before claim",
    "claiming",
    "after claim",
    "before attempt",
    "before write",
    "before first byte",
    "after write",
    "after read",
    "before settle",
    "settling",
    "after settle",
    "before rescue",
    "after rescue",
    "after sweep",
)
# On the way of what the gateway pushes, and of events. "folding" and "announcing" are inside the transaction.
PUSHES = ("before storing", "after storing", "folding", "announcing", "before telling")
# A freeze between the check of the time and the first byte is outside of what the promise covers.
FREEZABLE = tuple(name for name in NAMES if name != "before first byte")

_folder = Path()


def arm(folder: Path, name: str, *, freeze: bool = False) -> Path:
    """The next process that comes by this point dies, or freezes; gives the file that is there until then."""
    path = folder / "points" / f"{name}.{'freeze' if freeze else 'kill'}"
    path.touch()
    return path


def point(name: str) -> None:
    pid = os.getpid()
    try:
        os.rename(_folder / "points" / f"{name}.kill", _folder / "killed" / f"{pid} {name}")
    except FileNotFoundError:
        pass
    else:
        os.kill(pid, signal.SIGKILL)
    try:
        os.rename(_folder / "points" / f"{name}.freeze", _folder / "frozen" / f"{pid} {name}")
    except FileNotFoundError:
        pass
    else:
        os.kill(pid, signal.SIGSTOP)


def around(module: Any, name: str, *, before: str = "", after: str = "") -> None:
    original: Callable[..., Any] = getattr(module, name)

    @functools.wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            point(before)
        result = original(*args, **kwargs)
        if after:
            point(after)
        return result

    setattr(module, name, wrapped)


def install(folder: Path) -> None:
    from django_front_sms import inbox, outbox
    from django_front_sms.gateway import client
    from tests.faults.worker import engine

    global _folder
    _folder = folder
    around(engine("outbox.dispatcher"), "claim", before="before claim", after="after claim")
    around(engine("outbox.claim"), "_mark_claimed", after="claiming")
    exchange = engine("outbox.executor")
    for attempt in ("attempt", "attempt_bulk"):
        around(exchange, attempt, before="before attempt", after="after read")
    around(client._Connection, "read", before="after write")
    around(engine("outbox.dispatcher"), "settle", before="before settle", after="after settle")
    around(engine("outbox.settle"), "_reevaluate", after="settling")
    around(engine("outbox.sweep"), "rescue", before="before rescue", after="after rescue")
    around(outbox, "sweep", after="after sweep")
    around(inbox, "store_status", before="before storing", after="after storing")
    around(inbox, "store_inbound", before="before storing", after="after storing")
    around(engine("outbox.statuses"), "_change_states", after="folding")
    around(engine("inbox.process"), "_flag_twin", after="announcing")
    around(engine("events.delivery"), "_call", before="before telling")
    in_time = exchange._in_time

    def checked(job: Any) -> bool:
        point("before write")
        answer: bool = in_time(job)
        if answer:
            point("before first byte")
        return answer

    exchange._in_time = checked
