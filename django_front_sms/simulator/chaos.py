"""Deliberate faults: in the answer to a request, and in a push on its way to the site."""

from __future__ import annotations

import random
import threading
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

LONGEST = 3_600.0  # seconds; the most that a time of the chaos can be set to


class FaultKind(StrEnum):
    """A fault in the answer to a request."""

    ERROR = "error"  # 500 with an HTML page
    RESET = "reset"  # the connection is reset
    GARBAGE = "garbage"  # 200 and a body that is no answer
    TRUNCATED = "truncated"  # half an answer, then the end
    TIMEOUT = "timeout"  # silence
    DRIP = "drip"  # the answer, one byte at a time


class PushFault(StrEnum):
    """A fault in a push to the site."""

    REPEAT = "repeat"  # made twice
    LATE = "late"  # a status that comes after later ones
    LOST = "lost"  # a status that is never pushed


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a request; `accepted` says whether the message is processed before it."""

    kind: FaultKind
    accepted: bool = False


class Chaos:
    """Decides which requests and which pushes get a fault.

    `probability` (0 to 1) is the share of requests that get a fault of any kind, before or after the message is
    accepted. `pushes` is the share of pushes that get one: an inbound message is repeated; a status is repeated,
    delayed by up to `lateness` seconds, or lost. Planned faults (`plan`, `plan_push`) precede drawn ones. One `seed`
    gives the same faults to the same sequence of requests, and to the same sequence of pushes; each has its own random
    generator. While `cut_off`, no push reaches the site. `latency` is waited out before each answer to a submission,
    `hold` is how long a time-out stays silent, `drip` the pause between two bytes, all in seconds.
    """

    TIMES = ("latency", "hold", "drip", "lateness")

    def __init__(
        self,
        probability: float = 0.0,
        *,
        pushes: float = 0.0,
        seed: int | None = None,
        latency: float = 0.0,
        hold: float = 30.0,
        drip: float = 0.25,
        lateness: float = 10.0,
    ) -> None:
        self.probability, self.pushes = _share("probability", probability), _share("pushes", pushes)
        self.latency, self.hold, self.drip, self.lateness = latency, hold, drip, lateness
        self.cut_off = False
        self._planned: deque[Fault | None] = deque()
        self._planned_pushes: deque[PushFault | None] = deque()
        self._lock = threading.Lock()
        self.reseed(seed)

    def reseed(self, seed: int | None) -> None:
        """Restart all random generators from `seed`; None makes them unpredictable."""
        self.seed = seed
        names = ("requests", "pushes", "statuses")
        generators = [random.Random(None if seed is None else f"{seed}/{name}") for name in names]  # noqa: S311 -- no secret
        self._requests, self._pushes, self.statuses = generators

    def change(self, **values: Any) -> None:
        """Set fields by name, all or none. Times are in seconds; a `seed` restarts the random generators.

        Raises KeyError for an unknown field and ValueError for a value that the field cannot have.
        """
        checked = {name: self._checked(name, value) for name, value in values.items()}
        if "seed" in checked:
            self.reseed(checked.pop("seed"))
        for name, value in checked.items():
            setattr(self, name, value)

    def _checked(self, name: str, value: Any) -> Any:
        if name in ("probability", "pushes"):
            return _share(name, value)
        if name in self.TIMES:
            return _seconds(name, value)
        if name == "cut_off":
            return _flag(name, value)
        if name == "seed":
            return _seed(value)
        raise KeyError(name)

    def plan(self, *faults: Fault | None) -> None:
        """Set the faults of the next requests, in order; None is a request without one."""
        with self._lock:
            self._planned.extend(faults)

    def plan_push(self, *faults: PushFault | None) -> None:
        """Set the faults of the next pushes, in order; None is a push without one."""
        with self._lock:
            self._planned_pushes.extend(faults)

    def draw(self) -> Fault | None:
        """Return the fault of the next request, None where it has none."""
        with self._lock:
            if self._planned:
                return self._planned.popleft()
            if self._requests.random() >= self.probability:
                return None
            return Fault(self._requests.choice(list(FaultKind)), self._requests.random() < 0.5)

    def draw_push(self) -> PushFault | None:
        """Return the fault of the next push, None where it has none."""
        with self._lock:
            if self._planned_pushes:
                return self._planned_pushes.popleft()
            if self._pushes.random() >= self.pushes:
                return None
            return self._pushes.choice(list(PushFault))

    def draw_lateness(self) -> float:
        """Return the delay of a late status, in seconds."""
        with self._lock:
            return self._pushes.uniform(self.lateness / 5, self.lateness)


def _share(name: str, value: float) -> float:
    if not 0 <= (share := float(value)) <= 1:
        raise ValueError(f"{name} is a number from 0 to 1, not {value!r}")
    return share


def _seconds(name: str, value: float) -> float:
    if not 0 <= (seconds := float(value)) <= LONGEST:
        raise ValueError(f"{name} is a time from 0 to {LONGEST:g} seconds, not {value!r}")
    return seconds


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} is true or false, not {value!r}")
    return value


def _seed(value: object) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"seed is a whole number or null, not {value!r}")
    return value
