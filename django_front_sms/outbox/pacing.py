"""How much at a time: requests at once, and messages claimed ahead; by how the answers come in.

Threads are for waiting. Where the gateway takes its time, each brings more. Where it answers at once, a few keep this
process's core busy, and each further one only makes the others wait, the one that claims and records among them.
"""

import time
from collections.abc import Sequence

FEWEST = 4
CLAIMED_AHEAD = 1000  # messages that a worker that dies leaves in doubt: more would be hardly faster
_WINDOW = 0.4  # seconds
_FIRST_LOOK = 0.1  # seconds: long enough to see that answers are fast, too short to tell how many threads they need
_SLACK = 2  # times as many requests at once as the shortest answers need
_AS_FAST = 0.8  # of the rate before: less, and fewer threads were too few


class Pace:
    """Starts with `most` requests at once, and learns from the answers; never claims further ahead than `furthest`."""

    def __init__(self, most: int, furthest: int = CLAIMED_AHEAD) -> None:
        self._most = most
        self._furthest = furthest
        self._fewest = min(FEWEST, most)
        self.at_once = most
        self.ahead = 2 * most  # claimed and not yet answered
        self._tried_from: tuple[int, float] | None = None  # how many there were before fewer were tried; at which rate
        self._has_looked = False
        self._began = time.monotonic()
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
        if self._durations and elapsed >= (_WINDOW if self._has_looked else _FIRST_LOOK):
            rate = len(self._durations) / elapsed
            if elapsed >= _WINDOW:
                self._learn_how_many_at_once(rate)
            self._has_looked = True
            self._learn_how_many_ahead(rate, timeout)
            self._began, self._durations, self._waited = time.monotonic(), [], 0.0

    def _learn_how_many_at_once(self, rate: float) -> None:
        """The shortest answers say how many might do. Whether they do is tried: others may be far longer."""
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
        if sum(self._durations) > len(self._durations) * timeout / 8:  # slow: nothing is claimed ahead
            self.at_once = self.ahead = self._most
            return
        late = self._waited > timeout / 4  # half of what T/2 allows
        wanted = self.ahead // 2 if late else min(4 * self.ahead, int(rate * timeout / 4), self._furthest)
        self.ahead = max(self._most, wanted)
