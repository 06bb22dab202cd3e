"""What else the surroundings do: the primary database is lost, the wall clock is set, memory and threads run out."""

import contextlib
import resource
from functools import partial
from pathlib import Path

from tests.faults.deeds import Performer
from tests.faults.prepare import limit_threads, set_wall_clock
from tests.faults.schedule import Deed
from tests.faults.servers import Process
from tests.faults.standby import Replicated

FURTHEST_STEP = 3600  # seconds
LIMIT_AGAIN = 0.1  # seconds: children that were started meanwhile are limited as well


class Surroundings(Performer):
    # ---- The primary

    @property
    def _pair(self) -> Replicated:
        assert isinstance(self.stage.database, Replicated)
        return self.stage.database

    def _fail_over(self, deed: Deed) -> None:
        """The primary is gone at once; the standby is promoted a little later."""
        self._pair.lose_primary()
        self.done["fail over"] += 1
        self.after(deed.seconds, self._promote)

    def _promote(self) -> None:
        self._pair.promote()
        self._pair.add_standby()

    def _fail_over_with_lag(self, deed: Deed) -> None:
        """The standby hears nothing for a while before the primary is gone."""
        self._pair.cut_link()
        self.after(deed.seconds, lambda: self._fail_over(deed))

    # ---- Clocks, memory, threads

    def _step_wall_clock(self, deed: Deed) -> None:
        """Of one worker, forward or back, by anything from a second to an hour."""
        step = ((deed.seconds - 2.25) / 1.75) ** 3 * FURTHEST_STEP
        set_wall_clock(self._worker(deed), self.stage.folder, step)
        self.done[f"wall clock {'forward' if step > 0 else 'back'}"] += 1

    def _take_memory(self, deed: Deed) -> None:
        """From the children of a worker: they keep what they have, and get no more."""
        for pid in self._worker(deed).children():
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                size = next((int(line.split()[1]) for line in lines if line.startswith("VmSize:")), 0)
                if not size:  # it has just ended
                    continue
                _soft, hard = resource.prlimit(pid, resource.RLIMIT_AS)
                resource.prlimit(pid, resource.RLIMIT_AS, (size * 1024, hard))
                self.after(deed.seconds, partial(_give, pid, resource.RLIMIT_AS, hard))
        self.done["take memory"] += 1

    def _take_threads(self, deed: Deed) -> None:
        """From the children of a worker: no further thread can be started."""
        self._keep_without_threads(self._worker(deed), int(deed.seconds / LIMIT_AGAIN), set())
        self.done["take threads"] += 1

    def _keep_without_threads(self, worker: Process, times: int, limited: set[int]) -> None:
        for pid in set(worker.children()) - limited:
            limit_threads(pid, 1)
            limited.add(pid)
        if times > 0:
            self.after(LIMIT_AGAIN, lambda: self._keep_without_threads(worker, times - 1, limited))
            return
        for pid in limited:
            limit_threads(pid, resource.getrlimit(resource.RLIMIT_NPROC)[1])


def _give(pid: int, limit: int, hard: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(pid, limit, (hard, hard))
