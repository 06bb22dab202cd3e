"""Faults of the processes, servers, clocks and gateway. The method `_kill_child` injects the fault "kill child"."""

import contextlib
import os
import signal
from collections import Counter
from collections.abc import Callable

from tests.faults import points
from tests.faults.environment import Environment
from tests.faults.schedule import Fault
from tests.faults.servers import Process

CLOCK_STEP = 0.25  # of the margin, in both directions: the guarantees assume clock errors below the margin


class FaultInjector:
    """Injects faults. `after(seconds, function)` calls the function later. `done`: counts of injected faults."""

    def __init__(
        self, environment: Environment, after: Callable[[float, Callable[[], object]], None], done: Counter[str]
    ) -> None:
        self.environment = environment
        self.after = after
        self.done = done

    def can_inject(self, fault: Fault) -> bool:
        return hasattr(self, _name(fault))

    def inject(self, fault: Fault) -> None:
        getattr(self, _name(fault))(fault)

    def _worker(self, fault: Fault) -> Process:
        return self.environment.workers[int(fault.choice * len(self.environment.workers))]


def _name(fault: Fault) -> str:
    return "_" + fault.name.replace(" ", "_").replace("'s", "")


class ProcessFaults(FaultInjector):
    """Kills, freezes, stops and restarts; clock steps; errors of the account and an unreachable gateway."""

    _database_offset = 0.0  # offset of the database's clock in seconds

    def _child(self, fault: Fault) -> int | None:
        children = [pid for worker in self.environment.workers for pid in worker.children()]
        return children[int(fault.choice * len(children))] if children else None

    def _kill_child(self, fault: Fault) -> None:
        pid = self._child(fault)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self.done["kill child"] += 1

    def _kill_at_point(self, fault: Fault) -> None:
        points.arm(self.environment.folder, fault.point)

    def _kill_worker(self, fault: Fault) -> None:
        worker = self._worker(fault)
        if worker.alive:
            children = worker.children()
            worker.kill()
            for pid in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.done["kill worker"] += 1

    def _kill_worker_parent(self, fault: Fault) -> None:
        worker = self._worker(fault)
        if worker.alive:
            worker.send(signal.SIGKILL)
            self.done["kill worker's parent"] += 1

    def _kill_sweeper(self, fault: Fault) -> None:
        if self.environment.sweeper.alive:
            self.environment.sweeper.kill()
            self.done["kill sweeper"] += 1

    def _kill_web(self, fault: Fault) -> None:
        if self.environment.web is not None and self.environment.web.alive:
            self.environment.web.kill()
            self.done["kill web"] += 1

    def _freeze_child(self, fault: Fault) -> None:
        pid = self._child(fault)
        if pid is not None:
            os.kill(pid, signal.SIGSTOP)
            self.done["freeze child"] += 1
            self.after(fault.seconds, lambda: thaw(pid))

    def _freeze_worker(self, fault: Fault) -> None:
        worker = self._worker(fault)
        pids = [worker.pid, *worker.children()]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
            self.after(fault.seconds, lambda pid=pid: thaw(pid))
        self.done["freeze worker"] += 1

    def _freeze_at_point(self, fault: Fault) -> None:
        points.arm(self.environment.folder, fault.point, freeze=True)

    def _kill_redis(self, fault: Fault) -> None:
        if self.environment.redis.alive:
            self.environment.redis.kill()
            self.done["kill redis"] += 1
            self.after(fault.seconds, lambda: None if self.environment.redis.alive else self.environment.redis.start())

    def _flush_redis(self, fault: Fault) -> None:
        with contextlib.suppress(OSError):
            self.environment.redis.flush()
            self.done["flush redis"] += 1

    def _silence_redis(self, fault: Fault) -> None:
        self.environment.redis.send(signal.SIGSTOP)
        self.done["silence redis"] += 1
        self.after(fault.seconds, lambda: self.environment.redis.send(signal.SIGCONT))

    def _restart_database(self, fault: Fault) -> None:
        if self.environment.database is not None and self.environment.database.alive:
            self.environment.database.stop_hard()
            self.done["restart database"] += 1
            self.after(fault.seconds / 2, self.environment.database.start)

    def _step_clocks(self, fault: Fault) -> None:
        """Step the database's clock within the margin, and the wall clock by more, since no rule relies on it alone."""
        step = self.environment.plan.margin * CLOCK_STEP
        wall = self.environment.plan.lease * (4 * fault.choice - 2)
        self.environment.set_clocks(self._database_offset + step * (2 * fault.choice - 1), wall)
        self.done["step clocks"] += 1

    def _set_database_clock_back(self, fault: Fault) -> None:
        """Set the database's clock back by a part of the duplicate window or more, for the rest of the run."""
        self._database_offset -= self.environment.plan.window * (0.3 + fault.choice)
        self.environment.set_clocks(self._database_offset, self.environment.clocks[1])
        self.done["set database clock back"] += 1

    def _step_clock_in_a_pause(self, fault: Fault) -> None:
        """Freeze all workers for longer than the duplicate window, and set the database's clock back by nearly as much
        meanwhile: none of them sees a lower time than before."""
        plan = self.environment.plan
        pause = plan.window + plan.margin
        processes = [*self.environment.workers, self.environment.sweeper]
        for pid in [pid for process in processes for pid in (process.pid, *process.children())]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
            self.after(pause, lambda pid=pid: thaw(pid))
        self._database_offset -= pause * 0.9
        self.after(pause / 2, lambda: self.environment.set_clocks(self._database_offset, self.environment.clocks[1]))
        self.done["step clock in a pause"] += 1

    def _blame_account(self, fault: Fault) -> None:
        self.environment.control(code=(2, 5, 7, 13, 18)[int(fault.choice * 5)])
        self.done["blame account"] += 1
        self.after(fault.seconds / 4, lambda: self.environment.control(code=None))

    def _gateway_away(self, fault: Fault) -> None:
        self.environment.control(away=True)
        self.done["gateway away"] += 1
        self.after(fault.seconds / 2, lambda: self.environment.control(away=False))

    def _stop_worker_warm(self, fault: Fault) -> None:
        self._worker(fault).send(signal.SIGTERM)
        self.done["stop worker warm"] += 1

    def _stop_worker_cold(self, fault: Fault) -> None:
        self._worker(fault).send(signal.SIGQUIT)
        self.done["stop worker cold"] += 1


def thaw(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
