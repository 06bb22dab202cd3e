"""Faults of the machine: a wall clock that steps, and limits on file descriptors, memory and threads."""

import contextlib
import resource
from functools import partial
from pathlib import Path

from tests.faults.prepare import limit_threads, set_wall_clock
from tests.faults.process_faults import FaultInjector
from tests.faults.schedule import Fault
from tests.faults.servers import Process

MAX_STEP = 3600  # seconds
LIMIT_INTERVAL = 0.1  # seconds: children that were started meanwhile are limited as well


class HostFaults(FaultInjector):
    def _step_wall_clock(self, fault: Fault) -> None:
        """Step the wall clock of one worker, forward or back, by at most an hour."""
        step = ((fault.seconds - 2.25) / 1.75) ** 3 * MAX_STEP
        set_wall_clock(self._worker(fault), self.environment.folder, step)
        self.done[f"wall clock {'forward' if step > 0 else 'back'}"] += 1

    def _take_memory(self, fault: Fault) -> None:
        """Limit the children of a worker to the memory that they have."""
        for pid in self._worker(fault).children():
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                size = next((int(line.split()[1]) for line in lines if line.startswith("VmSize:")), 0)
                if not size:  # it has just ended
                    continue
                _soft, hard = resource.prlimit(pid, resource.RLIMIT_AS)
                resource.prlimit(pid, resource.RLIMIT_AS, (size * 1024, hard))
                self.after(fault.seconds, partial(_restore_limit, pid, resource.RLIMIT_AS, hard, hard))
        self.done["take memory"] += 1

    def _take_threads(self, fault: Fault) -> None:
        """Keep the children of a worker from starting threads."""
        self._limit_threads(self._worker(fault), int(fault.seconds / LIMIT_INTERVAL), set())
        self.done["take threads"] += 1

    def _limit_threads(self, worker: Process, times: int, limited: set[int]) -> None:
        for pid in set(worker.children()) - limited:
            limit_threads(pid, 1)
            limited.add(pid)
        if times > 0:
            self.after(LIMIT_INTERVAL, lambda: self._limit_threads(worker, times - 1, limited))
            return
        for pid in limited:
            limit_threads(pid, resource.getrlimit(resource.RLIMIT_NPROC)[1])

    def _take_descriptors(self, fault: Fault) -> None:
        """Keep a worker and its children from opening further file descriptors."""
        worker = self._worker(fault)
        for pid in (worker.pid, *worker.children()):
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                highest = max(int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir())
                _soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 1, hard))
                self.after(fault.seconds, partial(_restore_limit, pid, resource.RLIMIT_NOFILE, min(1024, hard), hard))
        self.done["take descriptors"] += 1


def _restore_limit(pid: int, limit: int, soft: int, hard: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(pid, limit, (soft, hard))
