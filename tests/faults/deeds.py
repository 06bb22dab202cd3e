"""What is done to a run's processes, servers, clocks and gateway: `_kill_child` does the deed "kill child"."""

import contextlib
import os
import signal
from collections import Counter
from collections.abc import Callable

from tests.faults import points
from tests.faults.schedule import Deed
from tests.faults.servers import Process
from tests.faults.stage import Stage

CLOCK_STEP = 0.25  # of the margin, either way: the promise assumes clocks that are off by less than the margin


class Performer:
    """`after`: calls a function after so many seconds. `done`: how often each deed was done."""

    def __init__(self, stage: Stage, after: Callable[[float, Callable[[], object]], None], done: Counter[str]) -> None:
        self.stage = stage
        self.after = after
        self.done = done

    def can(self, deed: Deed) -> bool:
        return hasattr(self, _name(deed))

    def do(self, deed: Deed) -> None:
        getattr(self, _name(deed))(deed)

    def _worker(self, deed: Deed) -> Process:
        return self.stage.workers[int(deed.pick * len(self.stage.workers))]


def _name(deed: Deed) -> str:
    return "_" + deed.what.replace(" ", "_").replace("'s", "")


class Faults(Performer):
    """Kills, freezes, stops, restarts, steps of clocks, and a gateway with moods."""

    _behind = 0.0  # the seconds that the database's clock was set back by

    def _child(self, deed: Deed) -> int | None:
        children = [pid for worker in self.stage.workers for pid in worker.children()]
        return children[int(deed.pick * len(children))] if children else None

    def _kill_child(self, deed: Deed) -> None:
        pid = self._child(deed)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self.done["kill child"] += 1

    def _kill_at_point(self, deed: Deed) -> None:
        points.arm(self.stage.folder, deed.where)

    def _kill_worker(self, deed: Deed) -> None:
        worker = self._worker(deed)
        if worker.alive:
            children = worker.children()
            worker.kill()
            for pid in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.done["kill worker"] += 1

    def _kill_worker_parent(self, deed: Deed) -> None:
        worker = self._worker(deed)
        if worker.alive:
            worker.send(signal.SIGKILL)
            self.done["kill worker's parent"] += 1

    def _kill_sweeper(self, deed: Deed) -> None:
        if self.stage.sweeper.alive:
            self.stage.sweeper.kill()
            self.done["kill sweeper"] += 1

    def _kill_web(self, deed: Deed) -> None:
        if self.stage.web is not None and self.stage.web.alive:
            self.stage.web.kill()
            self.done["kill web"] += 1

    def _freeze_child(self, deed: Deed) -> None:
        pid = self._child(deed)
        if pid is not None:
            os.kill(pid, signal.SIGSTOP)
            self.done["freeze child"] += 1
            self.after(deed.seconds, lambda: thaw(pid))

    def _freeze_worker(self, deed: Deed) -> None:
        worker = self._worker(deed)
        pids = [worker.pid, *worker.children()]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
            self.after(deed.seconds, lambda pid=pid: thaw(pid))
        self.done["freeze worker"] += 1

    def _freeze_at_point(self, deed: Deed) -> None:
        points.arm(self.stage.folder, deed.where, freeze=True)

    def _kill_redis(self, deed: Deed) -> None:
        if self.stage.redis.alive:
            self.stage.redis.kill()
            self.done["kill redis"] += 1
            self.after(deed.seconds, lambda: None if self.stage.redis.alive else self.stage.redis.start())

    def _flush_redis(self, deed: Deed) -> None:
        with contextlib.suppress(OSError):
            self.stage.redis.flush()
            self.done["flush redis"] += 1

    def _silence_redis(self, deed: Deed) -> None:
        self.stage.redis.send(signal.SIGSTOP)
        self.done["silence redis"] += 1
        self.after(deed.seconds, lambda: self.stage.redis.send(signal.SIGCONT))

    def _restart_database(self, deed: Deed) -> None:
        if self.stage.database is not None and self.stage.database.alive:
            self.stage.database.stop_hard()
            self.done["restart database"] += 1
            self.after(deed.seconds / 2, self.stage.database.start)

    def _step_clocks(self, deed: Deed) -> None:
        """Within what is assumed of clocks; the wall clock of the workers further, since nothing relies on it alone."""
        step = self.stage.plan.margin * CLOCK_STEP
        self.stage.set_clocks(self._behind + step * (2 * deed.pick - 1), self.stage.plan.lease * (4 * deed.pick - 2))
        self.done["step clocks"] += 1

    def _set_database_clock_back(self, deed: Deed) -> None:
        """By more than any window, and it stays back."""
        self._behind -= self.stage.plan.window * (0.3 + deed.pick)
        self.stage.set_clocks(self._behind, self.stage.clocks[1])
        self.done["set database clock back"] += 1

    def _blame_account(self, deed: Deed) -> None:
        self.stage.control(code=(2, 5, 7, 13, 18)[int(deed.pick * 5)])
        self.done["blame account"] += 1
        self.after(deed.seconds / 4, lambda: self.stage.control(code=None))

    def _gateway_away(self, deed: Deed) -> None:
        self.stage.control(away=True)
        self.done["gateway away"] += 1
        self.after(deed.seconds / 2, lambda: self.stage.control(away=False))

    def _stop_worker_warm(self, deed: Deed) -> None:
        self._worker(deed).send(signal.SIGTERM)
        self.done["stop worker warm"] += 1

    def _stop_worker_cold(self, deed: Deed) -> None:
        self._worker(deed).send(signal.SIGQUIT)
        self.done["stop worker cold"] += 1


def thaw(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
