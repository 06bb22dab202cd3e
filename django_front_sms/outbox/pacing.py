"""How many requests to make at once, and how many messages to claim ahead, computed from the answers.

If the gateway is slow, each thread brings more throughput. If it answers at once, a few threads keep this process's
core busy, and further ones only delay the others and the thread that claims and records.
"""

import time
from collections.abc import Sequence

FEWEST = 4
CLAIMED_AHEAD = 1000  # messages; a worker that dies leaves them in doubt, and more would hardly be faster
BATCH = 500  # messages that are claimed, or whose answers are recorded, at once, at most …
BATCH_FOR = 0.15  # … and no more than are sent in so many seconds: a one-time code waits until the batch is done
_WINDOW = 0.4  # seconds
_FIRST_WINDOW = 0.1  # seconds: shows whether answers are fast, but not yet how many threads they need
_SLACK = 2  # times the number of requests at once that the shortest answers need
_AS_FAST = 0.8  # of the earlier rate; below it, fewer threads were too few


class Pace:
    """The pace of one slot. Starts with `most` requests at once; never claims more than `furthest` messages ahead."""

    def __init__(self, most: int, furthest: int = CLAIMED_AHEAD) -> None:
        self._most = most
        self._furthest = furthest
        self._fewest = min(FEWEST, most)
        self.at_once = most
        self.ahead = 2 * most  # claimed and not yet answered
        self.batch = self.ahead  # claimed at once
        self._tried_from: tuple[int, float] | None = None  # requests at once and rate before fewer were tried
        self._is_warm = False
        self._began = time.monotonic()
        self._durations: list[float] = []
        self._waited = 0.0

    @property
    def refill_below(self) -> int:
        """Messages in flight below which a batch is claimed."""
        return max(self.at_once, self.ahead - self.batch)

    def record(self, durations: Sequence[float], waited: float, timeout: float) -> None:
        """Record answers, and adjust the pace. `durations`: seconds of each exchange; `waited`: the longest time from
        before a claim to its answer; `timeout`: the seconds that one exchange may take (T)."""
        self._durations += durations
        self._waited = max(self._waited, waited)
        elapsed = time.monotonic() - self._began
        if self._durations and elapsed >= (_WINDOW if self._is_warm else _FIRST_WINDOW):
            rate = len(self._durations) / elapsed
            self.batch = max(self._most, min(int(rate * BATCH_FOR), BATCH))
            if elapsed >= _WINDOW:
                self._learn_how_many_at_once(rate)
            self._is_warm = True
            self._learn_how_many_ahead(rate, timeout)
            self._began, self._durations, self._waited = time.monotonic(), [], 0.0

    def _learn_how_many_at_once(self, rate: float) -> None:
        """The shortest answers give a number of requests that may suffice. It is tried: others may take far longer."""
        tried_from, self._tried_from = self._tried_from, None
        needed = int(_SLACK * rate * min(self._durations)) + FEWEST
        if tried_from and rate < _AS_FAST * tried_from[1]:
            self.at_once = self._fewest = tried_from[0]
        elif needed > self.at_once:
            self.at_once = min(needed, self._most)
        elif max(needed, self._fewest) < self.at_once:
            self._tried_from = (self.at_once, rate)
            self.at_once = max(needed, self._fewest)

    def _learn_how_many_ahead(self, rate: float, timeout: float) -> None:
        if sum(self._durations) > len(self._durations) * timeout / 8:  # slow: claim nothing ahead
            self.at_once = self.ahead = self._most
            return
        late = self._waited > timeout / 4  # half of what T/2 allows
        wanted = self.ahead // 2 if late else min(4 * self.ahead, int(rate * timeout / 4), self._furthest)
        self.ahead = max(self._most, wanted)
