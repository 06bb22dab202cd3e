"""Which statuses come of a message, and when (§2.3)."""

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


def outlook(message: Message, plan: Plan, rules: Rules, dice: random.Random) -> list[tuple[float, int]]:
    """What `plan` becomes for one message: spread, in the wrong order, several times, or nothing at all.

    The dice are thrown as often for every message, so that one seed tells one story whatever the rules are.
    """
    silence, disorder, spread = dice.random(), dice.random(), dice.uniform(-1, 1)
    if silence < rules.no_status:
        return []
    steps = [(delay * (1 + spread * rules.delay_spread), int(status)) for delay, status in plan]
    if disorder < rules.late_at_operator and steps:
        latest = max(delay for delay, _ in steps)
        steps = [(latest + 1 if status == StatusCode.AT_OPERATOR else delay, status) for delay, status in steps]
    times = message.segments if rules.status_per_segment else 1
    return [step for step in steps for _ in range(times)]


@dataclass(frozen=True, slots=True)
class Due:
    """A status of a message. `by_hand`: it is what somebody asked for, whatever the phone is like. `tricked`: chaos
    has had its turn. `told`: the message has it already, and only the push is still to be made, for the `tries`th
    time."""

    message: Message
    status: int
    by_hand: bool = False
    tricked: bool = False
    told: bool = False
    tries: int = 0


class StatusBook:
    """The statuses to come. Those that wait for a phone to be switched on are put aside. It has no lock of its own."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Due]] = []
        self._order = count()
        self._aside: dict[str, list[Due]] = {}

    def put(self, at: float, due: Due) -> bool:
        """Whether this is now the next one."""
        item = (at, next(self._order), due)
        heapq.heappush(self._heap, item)
        return self._heap[0] is item

    def next_at(self) -> float | None:
        return self._heap[0][0] if self._heap else None

    def take(self, now: float, off: Collection[str], dead: Collection[str]) -> Due | None:
        """The next one that comes true by now: 5 instead of 4 on a dead number; later on a phone that is off."""
        while self._heap and self._heap[0][0] <= now:
            due = heapq.heappop(self._heap)[2]
            number = due.message.recipient
            if due.by_hand or due.told or due.status == StatusCode.AT_OPERATOR:
                return due
            if number in dead:
                return Due(due.message, StatusCode.FAILED)
            if number not in off:
                return due
            self._aside.setdefault(number, []).append(due)
        return None

    def release(self, number: str, now: float) -> None:
        """The phone is on, or dead: what waited for it comes true."""
        for due in self._aside.pop(number, ()):
            self.put(now, due)
