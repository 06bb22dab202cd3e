"""How much at a time: requests at once, and messages claimed ahead; by how the answers come in.

Threads are for waiting. Where the gateway takes its time, each brings more. Where it answers at once, a few keep this
process's core busy, and each further one only makes them wait for each other.
"""

import time
from collections.abc import Sequence

FEWEST = 4
CLAIMED_AHEAD = 800  # messages that a worker that dies leaves in doubt: more would be hardly faster
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

    @property
    def refill_below(self) -> int:
        """Claims are few and large: while this many are still to be answered, there is time enough for the next."""
        return max(self.at_once, self.ahead // 2)

    def heard(self, durations: Sequence[float], timeout: float) -> None:
        """Learn from answers that took so many seconds each, where one exchange may take `timeout` (T) seconds."""
        self._durations += durations
        elapsed = time.monotonic() - self._began
        if self._durations and elapsed >= _WINDOW:
            self._learn(elapsed, timeout)
            self._began, self._worked, self._durations = time.monotonic(), time.process_time(), []

    def _learn(self, elapsed: float, timeout: float) -> None:
        count, rate = len(self._durations), len(self._durations) / elapsed
        if time.process_time() - self._worked < _BUSY * elapsed:
            self.at_once = min(2 * self.at_once, self._most)
        else:
            needed = int(_SLACK * rate * min(self._durations)) + FEWEST
            self.at_once = min(self.at_once, needed)
        if sum(self._durations) > count * timeout / 8:  # slow: nothing is claimed ahead
            self.at_once = self.ahead = self._most
        else:  # half of what T/2 allows
            self.ahead = max(self._most, min(int(rate * timeout / 4), CLAIMED_AHEAD))
