"""The threads of a stream: as many at work as its pace asks for, each going on while there is work."""

import functools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from django_front_sms.outbox.stream import Lane, Stream

Work = Callable[[], None]
_SHIFT = 20  # pieces of work that a thread does in a row


class Crew:
    """Does work in the order given, and urgent work first. To hand each piece to a thread of the pool by itself would
    cost a tenth of it."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._threads = _pool(os.getpid(), stream.account.gateway, stream.lane)
        self._lock = threading.Lock()
        self._work: deque[Work] = deque()
        self._at_work = 0

    def add(self, work: Iterable[Work], urgent: Sequence[Work] = ()) -> None:
        """Have it done in this order, behind what was added before, and the urgent work before all of that. No piece of
        it may raise: the thread that had it would be missing from the crew."""
        self._work.extendleft(reversed(urgent))
        self._work.extend(work)
        self.man()

    def man(self) -> None:
        """Put threads to work where fewer are than the pace asks for."""
        with self._lock:
            missing = max(0, min(self.stream.pace.at_once - self._at_work, len(self._work)))
            self._at_work += missing
        for _ in range(missing):
            self._threads.submit(self._go_on)

    def _go_on(self) -> None:
        for _ in range(_SHIFT):
            work = self._next()
            if work is None:
                return
            work()
        self._threads.submit(self._go_on)  # behind those of another run, which may share the threads

    def _next(self) -> Work | None:
        """None ends a thread's work: counted under the same lock, so that nothing added since is left lying."""
        with self._lock:
            if self._work and self._at_work <= self.stream.pace.at_once:
                return self._work.popleft()
            self._at_work -= 1
            return None


@functools.lru_cache(maxsize=64)
def _pool(pid: int, gateway: str, lane: Lane) -> ThreadPoolExecutor:
    """The threads of this process for a lane; `pid`, because threads do not live on over a fork."""
    return ThreadPoolExecutor(lane.concurrency, thread_name_prefix=f"front-sms-{lane.name}")
