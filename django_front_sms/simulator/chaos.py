"""Faults on purpose: what a gateway may do to a request instead of answering it, and to a push on its way."""

from __future__ import annotations

import random
import threading
from collections import deque
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    ERROR = "error"  # 500 with an HTML page
    RESET = "reset"  # the connection is reset
    GARBAGE = "garbage"  # 200 and a body that is no answer
    TRUNCATED = "truncated"  # half an answer, then the end
    TIMEOUT = "timeout"  # silence
    DRIP = "drip"  # the answer, one byte at a time


class PushFault(StrEnum):
    REPEAT = "repeat"  # it is made twice
    LATE = "late"  # a status that comes after later ones
    LOST = "lost"  # a status that is never pushed


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `accepted` tells whether the message was processed before it."""

    kind: FaultKind
    accepted: bool = False


class Chaos:
    """Decides which requests and which pushes go wrong.

    With `probability` (0 to 1) a request meets a fault of any kind, before or after its acceptance; with `pushes` a
    push meets a trick: an inbound message is repeated, a status repeated, delayed by up to `lateness` seconds, or lost.
    The same `seed` gives the same faults to the same sequence of requests, and the same tricks to the same sequence of
    pushes: each has dice of its own. `plan` and `plan_push` set what is next, and go before the dice. While `cut_off`,
    no push reaches the site at all. `hold` is how long a time-out stays silent, `drip` the pause between two bytes, in
    seconds.
    """

    def __init__(
        self,
        probability: float = 0.0,
        *,
        pushes: float = 0.0,
        seed: int | None = None,
        hold: float = 30.0,
        drip: float = 0.25,
        lateness: float = 10.0,
    ) -> None:
        self.probability, self.pushes = _share(probability), _share(pushes)
        self.hold, self.drip, self.lateness = hold, drip, lateness
        self.cut_off = False
        self._planned: deque[Fault | None] = deque()
        self._planned_pushes: deque[PushFault | None] = deque()
        self._lock = threading.Lock()
        self.reseed(seed)

    def reseed(self, seed: int | None) -> None:
        """Throws all dice anew; None for dice that nobody can foresee."""
        self.seed = seed
        names = ("requests", "pushes", "statuses")
        dice = [random.Random(None if seed is None else f"{seed}/{name}") for name in names]  # noqa: S311 -- no secret
        self._requests, self._pushes, self.statuses = dice

    def set(self, *, probability: float | None = None, pushes: float | None = None) -> None:
        """Changes the shares that go wrong; ValueError where one is not from 0 to 1."""
        found = (
            self.probability if probability is None else _share(probability),
            self.pushes if pushes is None else _share(pushes),
        )
        self.probability, self.pushes = found

    def plan(self, *faults: Fault | None) -> None:
        """The fates of the next requests, in order; None lets one through."""
        with self._lock:
            self._planned.extend(faults)

    def plan_push(self, *tricks: PushFault | None) -> None:
        """The fates of the next pushes, in order; None lets one through."""
        with self._lock:
            self._planned_pushes.extend(tricks)

    def draw(self) -> Fault | None:
        """The fate of one request."""
        with self._lock:
            if self._planned:
                return self._planned.popleft()
            if self._requests.random() >= self.probability:
                return None
            return Fault(self._requests.choice(list(FaultKind)), self._requests.random() < 0.5)

    def draw_push(self) -> PushFault | None:
        """The fate of one push."""
        with self._lock:
            if self._planned_pushes:
                return self._planned_pushes.popleft()
            if self._pushes.random() >= self.pushes:
                return None
            return self._pushes.choice(list(PushFault))

    def draw_lateness(self) -> float:
        """How late a late status is, in seconds."""
        with self._lock:
            return self._pushes.uniform(self.lateness / 5, self.lateness)


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"the chaos probability is {value}; give a number from 0 to 1")
    return value
