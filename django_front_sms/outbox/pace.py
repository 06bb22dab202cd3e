"""How much at a time: requests at once, and messages claimed ahead; by how the answers come in.

Threads are for waiting. Where the gateway takes its time, each brings more. Where it answers at once, a few keep this
process's core busy, and each further one only makes them wait for each other.
"""

import time
from collections.abc import Sequence

FEWEST = 4
CLAIMED_AHEAD = 1000  # messages that a worker that dies leaves in doubt: more would be hardly faster
_WINDOW = 0.25  # seconds
_BUSY = 0.85  # of one core: what a process of threads can use
_SLACK = 2  # times as many requests at once as the shortest answers need


class Pace:
    """Starts with `most` requests at once, and learns from the answers."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.at_once = most
        self.ahead = 2 * most  # claimed and not yet answered
        self._began = time.monotonic()
        self._worked = time.process_time()
        self._durations: list[float] = []
        self._waited = 0.0

    @property
    def refill_below(self) -> int:
        """Claims are few and large: while this many are still to be answered, there is time enough for the next."""
        return max(self.at_once, self.ahead // 2)

    def heard(self, durations: Sequence[float], waited: float, timeout: float) -> None:
        """Learn from answers that took so many seconds each, and at most `waited` from before their claim, where one
        exchange may take `timeout` (T) seconds."""
        self._durations += durations
        self._waited = max(self._waited, waited)
        elapsed = time.monotonic() - self._began
        if self._durations and elapsed >= _WINDOW:
            self._learn(elapsed, timeout)
            self._began, self._worked = time.monotonic(), time.process_time()
            self._durations, self._waited = [], 0.0

    def _learn(self, elapsed: float, timeout: float) -> None:
        count, rate = len(self._durations), len(self._durations) / elapsed
        if time.process_time() - self._worked < _BUSY * elapsed:
            self.at_once = min(2 * self.at_once, self._most)
        else:
            needed = int(_SLACK * rate * min(self._durations)) + FEWEST
            self.at_once = min(self.at_once, needed)
        if sum(self._durations) > count * timeout / 8:  # slow: nothing is claimed ahead
            self.at_once = self.ahead = self._most
        else:  # what goes out within T/4, half of what is allowed
            late = self._waited > timeout / 4
            wanted = self.ahead // 2 if late else min(2 * self.ahead, int(rate * timeout / 4), CLAIMED_AHEAD)
            self.ahead = max(self._most, wanted)
