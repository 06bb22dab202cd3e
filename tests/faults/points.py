"""Named points in the engine where a process can be killed or frozen.

The runner arms a point by creating a file. The first process that reaches the point removes the file, and kills or
freezes itself. The engine has no hooks for this: its functions are wrapped here when a worker starts.
"""

import functools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

# In the order in which a message passes them. "claiming" and "settling" are inside the transaction, before its commit.
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
# Points of pushes and of events. "folding" and "processing" are inside the transaction.
PUSHES = ("before storing", "after storing", "folding", "processing", "before delivery")
# The guarantees do not cover a freeze between the check of the time and the first byte.
FREEZABLE = tuple(name for name in NAMES if name != "before first byte")

_folder = Path()


def arm(folder: Path, name: str, *, freeze: bool = False) -> Path:
    """Kill or freeze the next process that reaches this point. Returns the file that exists until then."""
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
    around(engine("inbox.process"), "_flag_twin", after="processing")
    around(engine("events.delivery"), "_call", before="before delivery")
    in_time = exchange._in_time

    def checked(job: Any) -> bool:
        point("before write")
        answer: bool = in_time(job)
        if answer:
            point("before first byte")
        return answer

    exchange._in_time = checked
