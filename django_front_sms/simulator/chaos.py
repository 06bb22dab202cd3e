"""Faults on purpose: what a gateway may do to a request instead of answering it."""

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


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `accepted` tells whether the message was processed before it."""

    kind: FaultKind
    accepted: bool = False


class Chaos:
    """Decides which requests go wrong.

    With `probability` (0 to 1) a request meets a fault of any kind, before or after its acceptance; the
    same `seed` gives the same faults to the same sequence of requests. `plan` sets the fates of the next
    requests and goes before the dice. `hold` is how long a time-out stays silent, in seconds.
    """

    def __init__(self, probability: float = 0.0, *, seed: int | None = None, hold: float = 30.0) -> None:
        if not 0 <= probability <= 1:
            raise ValueError(f"the chaos probability is {probability}; give a number from 0 to 1")
        self.probability = probability
        self.hold = hold
        self._random = random.Random(seed)  # noqa: S311 -- dice, no secret
        self._planned: deque[Fault | None] = deque()
        self._lock = threading.Lock()

    def plan(self, *faults: Fault | None) -> None:
        """The fates of the next requests, in order; None lets one through."""
        with self._lock:
            self._planned.extend(faults)

    def draw(self) -> Fault | None:
        """The fate of one request."""
        with self._lock:
            if self._planned:
                return self._planned.popleft()
            if self._random.random() >= self.probability:
                return None
            return Fault(self._random.choice(list(FaultKind)), self._random.random() < 0.5)
