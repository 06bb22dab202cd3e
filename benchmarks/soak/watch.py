"""Memory and CPU of the processes under test and the CPU of the PostgreSQL server, sampled every two seconds."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.processes import _TICKS, _stat, cpu_of_family

EVERY = 2.0  # seconds
_FIELD = re.compile(r"^(Rss|Pss): +(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Process:
    rss: int  # KiB
    pss: int  # KiB
    cpu: float  # seconds since its start


@dataclass(frozen=True)
class Sample:
    at: float  # time.time()
    written: int  # messages, by then
    processes: dict[str, Process]
    database: float  # CPU seconds
    hints: int = 0  # in the workers' queue

    @property
    def cpu(self) -> float:
        return self.database + sum(process.cpu for process in self.processes.values())


class Watch(threading.Thread):
    """`families`: the first process of each, by name; their children are watched as well."""

    def __init__(
        self, families: dict[str, int], server: int | None, written: Callable[[], int], hints: Callable[[], int]
    ) -> None:
        super().__init__(name="watch", daemon=True)
        self.families, self.server, self.written = families, server, written
        self.hints = hints
        self.samples: list[Sample] = []
        self._stopping = threading.Event()

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join()

    def run(self) -> None:
        while True:
            self.look()
            if self._stopping.wait(EVERY):
                return

    def look(self) -> None:
        found: dict[str, Process] = {}
        for name, pid in self.families.items():
            for place, member in enumerate((pid, *children(pid))):
                if process := _process(member):
                    found[f"{name} {place}" if place else name] = process
        self.samples.append(Sample(time.time(), self.written(), found, cpu_of_family(self.server), self.hints()))

    def sample_at(self, written: int) -> Sample:
        """The first sample with at least this number of written messages, or the last one."""
        return next((sample for sample in self.samples if sample.written >= written), self.samples[-1])


def children(pid: int) -> list[int]:
    """The processes that a process has started, the oldest first."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            return sorted(map(int, children.read().split()))
    except OSError:
        return []


def _process(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            memory = {name: int(value) for name, value in _FIELD.findall(file.read())}
        return Process(memory["Rss"], memory["Pss"], sum(map(int, _stat(pid)[11:13])) / _TICKS)
    except (OSError, KeyError):
        return None
