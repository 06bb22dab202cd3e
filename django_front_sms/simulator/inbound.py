"""The queue of inbound messages that stops after three failed deliveries (§1.2)."""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass, field

from .messages import Incoming

TRIES = 3  # §1.2


@dataclass(slots=True)
class InboundQueue:
    """One customer's inbound messages, delivered one at a time and in order.

    The head is tried three times, `Rules.retry_delay` seconds apart. Then the queue is parked: later messages wait
    behind the head until the restart link is followed, whose secret is `token`. Each time the queue is parked, a new
    token replaces the old one.
    """

    waiting: deque[Incoming] = field(default_factory=deque)
    tries: int = 0
    next_at: float = 0.0
    under_way: bool = False
    token: str = ""
    parked_at: float = 0.0

    @property
    def parked(self) -> bool:
        return bool(self.token)

    def put(self, incoming: Incoming) -> None:
        self.waiting.append(incoming)

    def due_at(self) -> float | None:
        """Return when the head may be tried; None if there is none, it is being tried, or the queue is parked."""
        if self.parked or self.under_way or not self.waiting:
            return None
        return self.next_at

    def take(self) -> Incoming:
        """Return the head and mark it as under way. Call `settle` with the outcome."""
        self.under_way = True
        self.tries += 1
        head = self.waiting[0]
        head.tries += 1
        return head

    def settle(self, *, delivered: bool, now: float, retry_delay: float) -> None:
        self.under_way = False
        if delivered:
            self.waiting.popleft().delivered = True
            self.tries, self.next_at = 0, 0.0
        elif self.tries < TRIES:
            self.next_at = now + retry_delay
        else:
            self.token, self.parked_at = secrets.token_urlsafe(16), now

    def restart(self) -> None:
        """Continue at the head, with three new tries."""
        self.token, self.tries, self.next_at = "", 0, 0.0
