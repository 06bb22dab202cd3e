"""One run, from its start to its judgement."""

import heapq
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.deeds import Faults, thaw
from tests.faults.judge import judge
from tests.faults.ordeals import Ordeals
from tests.faults.plan import Plan
from tests.faults.schedule import Deed, schedule
from tests.faults.settling import Settling
from tests.faults.stage import Stage
from tests.faults.surroundings import Surroundings


class Conductor:
    def __init__(self, plan: Plan, logs: Path | None = None) -> None:
        self.plan = plan
        self.stage = Stage(plan, logs)
        self.done: Counter[str] = Counter()
        self.performers = [kind(self.stage, self._after, self.done) for kind in (Faults, Ordeals, Surroundings)]
        self._later: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._looked = 0.0

    def run(self) -> dict[str, Any]:
        began = time.monotonic()
        with self.stage.built():
            from tests.faults.traffic import Traffic  # it needs Django's apps, and they the addresses of the servers

            traffic = Traffic(self.plan)
            self.stage.wait_for_workers()
            start = time.monotonic()
            for deed in schedule(self.plan):
                self._at(start + deed.at, lambda deed=deed: self._do(deed))
            self.stage.control(started=True)
            traffic.start()
            while time.monotonic() < start + self.plan.seconds or traffic.is_alive():
                self._tick()
            if traffic.failure:
                raise RuntimeError(f"the messages could not be written: {traffic.failure}")
            self._calm()
            settling = Settling(self.stage)
            is_settled = settling.wait(self._tick)
            return self._report(traffic, time.monotonic() - began, settled=is_settled, after=settling.seconds)

    def _do(self, deed: Deed) -> None:
        next(performer for performer in self.performers if performer.can(deed)).do(deed)

    # ---- Time

    def _at(self, when: float, what: Callable[[], object]) -> None:
        heapq.heappush(self._later, (when, next(self._order), what))

    def _after(self, seconds: float, what: Callable[[], object]) -> None:
        self._at(time.monotonic() + seconds, what)

    def _tick(self) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            heapq.heappop(self._later)[2]()
        self._thaw_later()
        self.stage.start_again()
        if time.monotonic() - self._looked > 1:
            self._looked = time.monotonic()
            self._resume()
        time.sleep(0.02)

    def _thaw_later(self) -> None:
        """Whoever froze at a point goes on when it is past its lease."""
        for note in (self.stage.folder / "frozen").iterdir():
            note.unlink()
            pid, _, where = note.name.partition(" ")
            self.done[f"freeze at point: {where}"] += 1
            self._after(self.plan.lease * random.Random(note.name).uniform(1.1, 2), lambda pid=int(pid): thaw(pid))

    def _resume(self) -> None:
        """The person who sees to it that a paused account goes on."""
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

    def _calm(self) -> None:
        """All faults are over: everything runs, and the gateway answers as it should."""
        for armed in (self.stage.folder / "points").iterdir():
            armed.unlink()
        while self._later:  # what was to be started again, or to go on, does so now
            heapq.heappop(self._later)[2]()
        self.stage.control(calm=True, away=False, code=None)

    # ---- The judgement

    def _report(self, traffic: Any, took: float, *, settled: bool, after: float | None) -> dict[str, Any]:
        from tests.faults.report import evidence_of, report

        for name in (note.name.partition(" ")[2] for note in (self.stage.folder / "killed").iterdir()):
            self.done[f"kill at point: {name}"] += 1
        self.stage.kill_workers()
        verdict = judge(
            evidence_of(self.plan, self.stage.folder, traffic),
            window=self.plan.window,
            timeout=self.plan.timeout,
        )
        return report(
            self.plan, verdict, self.stage.folder, traffic, self.done, took=took, settled=settled, after=after
        )
