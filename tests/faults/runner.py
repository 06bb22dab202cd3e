"""One run, from its start to its report."""

import heapq
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.database_faults import DatabaseFaults
from tests.faults.environment import Environment
from tests.faults.host_faults import HostFaults
from tests.faults.judge import judge
from tests.faults.plan import Plan
from tests.faults.process_faults import ProcessFaults, thaw
from tests.faults.report import gateway_faults
from tests.faults.schedule import Fault, schedule
from tests.faults.settling import Settling


class Runner:
    def __init__(self, plan: Plan, logs: Path | None = None) -> None:
        self.plan = plan
        self.environment = Environment(plan, logs)
        self.done: Counter[str] = Counter()
        self.injectors = [
            kind(self.environment, self._after, self.done) for kind in (ProcessFaults, DatabaseFaults, HostFaults)
        ]
        self._later: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._resumed_at = 0.0

    def run(self) -> dict[str, Any]:
        began = time.monotonic()
        with self.environment.built():
            from tests.faults.traffic import Traffic  # needs Django's apps, which need the servers' addresses

            traffic = Traffic(self.plan)
            self.environment.wait_for_workers()
            start = time.monotonic()
            for fault in schedule(self.plan):
                self._at(start + fault.at, lambda fault=fault: self._inject(fault))
            self.environment.control(started=True)
            traffic.start()
            while time.monotonic() < start + self.plan.seconds or traffic.is_alive():
                self._tick()
            self._wait_for_gateway_faults(until=start + 2 * self.plan.seconds)
            if traffic.failure:
                raise RuntimeError(f"the messages could not be written: {traffic.failure}")
            self._end_faults()
            settling = Settling(self.environment)
            is_settled = settling.wait(self._tick)
            return self._report(traffic, time.monotonic() - began, settled=is_settled, after=settling.seconds)

    def _inject(self, fault: Fault) -> None:
        next(injector for injector in self.injectors if injector.can_inject(fault)).inject(fault)

    # ---- Time

    def _at(self, when: float, function: Callable[[], object]) -> None:
        heapq.heappush(self._later, (when, next(self._order), function))

    def _after(self, seconds: float, function: Callable[[], object]) -> None:
        self._at(time.monotonic() + seconds, function)

    def _tick(self) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            heapq.heappop(self._later)[2]()
        self._thaw_later()
        self.environment.restart_ended()
        if time.monotonic() - self._resumed_at > 1:
            self._resumed_at = time.monotonic()
            self._resume()
        time.sleep(0.02)

    def _thaw_later(self) -> None:
        """Schedule the thaw of processes that froze at a point, for a time after their lease."""
        for note in (self.environment.folder / "frozen").iterdir():
            note.unlink()
            pid, _, where = note.name.partition(" ")
            self.done[f"freeze at point: {where}"] += 1
            self._after(self.plan.lease * random.Random(note.name).uniform(1.1, 2), lambda pid=int(pid): thaw(pid))

    def _resume(self) -> None:
        """Resume paused accounts, as a person would."""
        from django.db import DatabaseError, InterfaceError, connection

        from django_front_sms import outbox
        from django_front_sms.models import AccountState

        try:
            for account in AccountState.objects.filter(paused_at__isnull=False).values_list("account", flat=True):
                outbox.resume(account)
                self.done["account resumed"] += 1
        except (DatabaseError, InterfaceError):
            connection.close()

    # ---- The end of the faults

    def _wait_for_gateway_faults(self, until: float) -> None:
        """Wait until enough requests have had a fault of the gateway: on a busy machine they are sent late."""
        while self.plan.fault_rate and time.monotonic() < until:
            if gateway_faults(self.environment.folder) > self.plan.least_gateway_faults:
                return
            next_count = time.monotonic() + 1
            while time.monotonic() < next_count:
                self._tick()

    def _end_faults(self) -> None:
        """End all faults: restart what is stopped, and make the gateway answer normally."""
        for armed in (self.environment.folder / "points").iterdir():
            armed.unlink()
        while self._later:
            heapq.heappop(self._later)[2]()
        self.environment.control(calm=True, away=False, code=None)

    # ---- The report

    def _report(self, traffic: Any, took: float, *, settled: bool, after: float | None) -> dict[str, Any]:
        from tests.faults.report import evidence_of, report

        for name in (note.name.partition(" ")[2] for note in (self.environment.folder / "killed").iterdir()):
            self.done[f"kill at point: {name}"] += 1
        self.environment.kill_workers()
        verdict = judge(
            evidence_of(self.plan, self.environment.folder, traffic),
            window=self.plan.window,
            timeout=self.plan.timeout,
        )
        return report(
            self.plan, verdict, self.environment.folder, traffic, self.done, took=took, settled=settled, after=after
        )
