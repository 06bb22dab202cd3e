"""The delivery statuses of a message and their times (§2.3)."""

from __future__ import annotations

import heapq
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import count

from django_front_sms.gateway.codes import StatusCode

from .messages import Message
from .rules import Rules

Plan = Sequence[tuple[float, int]]  # seconds after acceptance, status


def statuses_of(message: Message, plan: Plan, rules: Rules, rng: random.Random) -> list[tuple[float, int]]:
    """Apply the rules to `plan` for one message: vary the times, change the order, repeat a status, or leave all out.

    Draws the same number of random values for every message, so that the rules do not change what a seed gives later.
    """
    no_status, wrong_order, spread = rng.random(), rng.random(), rng.uniform(-1, 1)
    if no_status < rules.no_status:
        return []
    steps = [(delay * (1 + spread * rules.delay_spread), int(status)) for delay, status in plan]
    if wrong_order < rules.late_at_operator:
        steps = _with_at_operator_last(steps)
    times = message.segments if rules.status_per_segment else 1
    return [step for step in steps for _ in range(times)]


def _with_at_operator_last(steps: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """Move each -1 to one second after the latest step."""
    latest = max((delay for delay, _ in steps), default=0.0)
    return [(latest + 1 if status == StatusCode.AT_OPERATOR else delay, status) for delay, status in steps]


@dataclass(frozen=True, slots=True)
class PendingStatus:
    """A status that a message will get.

    `manual`: asked for by a person or a script; the condition of the phone does not change it. `fault_applied`: chaos
    has already decided about its push. `recorded`: the message has the status, and only the push is still to be made.
    `tries`: pushes made so far.
    """

    message: Message
    status: int
    manual: bool = False
    fault_applied: bool = False
    recorded: bool = False
    tries: int = 0


class StatusSchedule:
    """The pending statuses by their time. Statuses for a phone that is off are held until it is on. Has no lock."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, PendingStatus]] = []
        self._order = count()
        self._held: dict[str, list[PendingStatus]] = {}

    def put(self, at: float, pending: PendingStatus) -> bool:
        """Add a status; return whether it is now the next one."""
        item = (at, next(self._order), pending)
        heapq.heappush(self._heap, item)
        return self._heap[0] is item

    def next_at(self) -> float | None:
        return self._heap[0][0] if self._heap else None

    def take(self, now: float, off: Collection[str], dead: Collection[str]) -> PendingStatus | None:
        """Remove and return the next status that is due by `now`, None where there is none.

        On a number in `dead`, status 5 replaces 4. On a number in `off`, the status is held.
        """
        while self._heap and self._heap[0][0] <= now:
            pending = heapq.heappop(self._heap)[2]
            number = pending.message.recipient
            if pending.manual or pending.recorded or pending.status == StatusCode.AT_OPERATOR:
                return pending
            if number in dead:
                return PendingStatus(pending.message, StatusCode.FAILED)
            if number not in off:
                return pending
            self._held.setdefault(number, []).append(pending)
        return None

    def release(self, number: str, now: float) -> None:
        """Make the held statuses of `number` due, once its phone is on or dead."""
        for pending in self._held.pop(number, ()):
            self.put(now, pending)
