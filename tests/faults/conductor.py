"""One run, from its start to its judgement."""

import contextlib
import heapq
import itertools
import json
import os
import random
import resource
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.faults import points
from tests.faults.judge import Verdict
from tests.faults.plan import Plan
from tests.faults.schedule import Deed, schedule
from tests.faults.servers import MariaDB, PostgreSQL, Process, Redis, free_port, listens, python, wait_for

WORKERS = 2
CLOCK_STEP = 0.25  # of the margin, either way: the promise assumes clocks that are off by less than the margin


class Conductor:
    def __init__(self, plan: Plan, logs: Path | None = None) -> None:
        self.plan = plan
        self.logs = logs
        self.folder = Path(tempfile.mkdtemp(prefix="faults-"))
        self.processes: list[Process] = []
        self.workers: list[Process] = []
        self.sweeper: Process
        self.redis: Redis
        self.database: PostgreSQL | MariaDB | None = None
        self.done: Counter[str] = Counter()
        self.clocks = [0.0, 0.0]
        self._behind = 0.0
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._looked = 0.0

    # ---- From start to end

    @contextlib.contextmanager
    def stage(self) -> Iterator[None]:
        """Servers, gateway and an empty database; afterwards nothing of it is left."""
        try:
            self._set_up()
            yield
        finally:
            for process in reversed(self.processes):
                with contextlib.suppress(Exception):
                    process.end()
            if self.database is not None and isinstance(self.database, PostgreSQL):
                self.database.drop_small_disk()
            _end_what_is_left(self.folder)
            if self.logs is not None:
                shutil.copytree(
                    self.folder, self.logs, dirs_exist_ok=True, ignore=shutil.ignore_patterns("postgresql", "mariadb")
                )
            shutil.rmtree(self.folder, ignore_errors=True)

    def _set_up(self) -> None:
        plan = self.plan
        for name in ("points", "killed", "frozen", "ready"):
            (self.folder / name).mkdir()
        self._set_clocks(0.0, 0.0)
        self._control()
        os.environ |= {"FAULTS_PLAN": plan.to_json(), "FAULTS_FOLDER": str(self.folder)}
        self.redis = self._started(Redis(self.folder))
        if plan.database != "sqlite":
            self.database = self._started({"postgresql": PostgreSQL, "mariadb": MariaDB}[plan.database](self.folder))
            if plan.ordeal:
                self._postgresql.execute("SELECT 1")
            if plan.ordeal == "full-disk":
                self._postgresql.use_small_disk()
        port = free_port()
        os.environ |= {
            "FAULTS_DATABASE_URL": self.database.url if self.database else f"sqlite:///{self.folder}/rows.sqlite3",
            "FAULTS_BROKER_URL": self.redis.url,
            "FAULTS_GATEWAY_URL": f"http://127.0.0.1:{port}/psk/",
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        }
        gateway = python("gateway", self.folder, "tests.faults.gateway", "--port", port, "--folder", self.folder)
        for option in ("seed", "window", "timeout", "margin", "trouble", "stubborn"):
            gateway.command += [f"--{option}", str(getattr(plan, option))]
        wait_for(self._started(gateway), lambda: listens(port))
        _migrate()
        celery = ["celery", "-A", "tests.faults.worker:app", "worker", "--pool", plan.pool, "--concurrency", "2"]
        quiet = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        for number in range(WORKERS):
            name = f"worker-{number}"
            if plan.pool == "command":
                worker = python(name, self.folder, "tests.faults.worker", "command")
            else:
                worker = python(name, self.folder, *celery, *quiet, "--hostname", f"{name}@faults")
            self.workers.append(self._started(worker))
        self.sweeper = self._started(python("sweeper", self.folder, "tests.faults.worker"))

    def _started(self, process: Any) -> Any:
        self.processes.append(process)
        process.start()
        return process

    def run(self) -> dict[str, Any]:
        began = time.monotonic()
        with self.stage():
            from tests.faults.traffic import Traffic  # it needs Django's apps, and they the addresses of the servers

            traffic = Traffic(self.plan)
            self._wait_for_workers()
            start = time.monotonic()
            for deed in schedule(self.plan):
                self._at(start + deed.at, lambda deed=deed: self._do(deed))
            traffic.start()
            while time.monotonic() < start + self.plan.seconds or traffic.is_alive():
                self._tick()
            if traffic.failure:
                raise RuntimeError(f"the messages could not be written: {traffic.failure}")
            self._calm()
            settled = self._settle()
            return self._report(traffic, time.monotonic() - began, settled)

    def _wait_for_workers(self) -> None:
        """Until each is at work: otherwise the first kills would meet nobody."""
        for worker in self.workers:
            wait_for(worker, lambda worker=worker: self._is_at_work(worker), 120)

    def _is_at_work(self, worker: Process) -> bool:
        has_children = self.plan.pool != "prefork" or len(worker.children()) >= 2
        return has_children and (self.folder / "ready" / str(worker.pid)).exists()

    # ---- Time

    def _at(self, when: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._later, (when, next(self._order), what))

    def _after(self, seconds: float, what: Callable[[], None]) -> None:
        self._at(time.monotonic() + seconds, what)

    def _tick(self) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            heapq.heappop(self._later)[2]()
        self._thaw_later()
        for process in (*self.workers, self.sweeper):
            if not process.alive:
                process.start()
        if time.monotonic() - self._looked > 1:
            self._looked = time.monotonic()
            self._resume()
        time.sleep(0.02)

    def _thaw_later(self) -> None:
        """Whoever froze at a point goes on when it is past its lease."""
        for note in (self.folder / "frozen").iterdir():
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
            if AccountState.objects.filter(paused_at__isnull=False).exists():
                outbox.resume("default")
                self.done["account resumed"] += 1
        except (DatabaseError, InterfaceError):
            connection.close()

    # ---- Deeds

    def _do(self, deed: Deed) -> None:
        getattr(self, "_" + deed.what.replace(" ", "_").replace("'s", ""))(deed)

    def _worker(self, deed: Deed) -> Process:
        return self.workers[int(deed.pick * len(self.workers))]

    def _child(self, deed: Deed) -> int | None:
        children = [pid for worker in self.workers for pid in worker.children()]
        return children[int(deed.pick * len(children))] if children else None

    def _kill_child(self, deed: Deed) -> None:
        pid = self._child(deed)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self.done["kill child"] += 1

    def _kill_at_point(self, deed: Deed) -> None:
        points.arm(self.folder, deed.where)

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
        if self.sweeper.alive:
            self.sweeper.kill()
            self.done["kill sweeper"] += 1

    def _freeze_child(self, deed: Deed) -> None:
        pid = self._child(deed)
        if pid is not None:
            os.kill(pid, signal.SIGSTOP)
            self.done["freeze child"] += 1
            self._after(deed.seconds, lambda: thaw(pid))

    def _freeze_worker(self, deed: Deed) -> None:
        worker = self._worker(deed)
        pids = [worker.pid, *worker.children()]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
            self._after(deed.seconds, lambda pid=pid: thaw(pid))
        self.done["freeze worker"] += 1

    def _freeze_at_point(self, deed: Deed) -> None:
        points.arm(self.folder, deed.where, freeze=True)

    def _kill_redis(self, deed: Deed) -> None:
        if self.redis.alive:
            self.redis.kill()
            self.done["kill redis"] += 1
            self._after(deed.seconds, lambda: None if self.redis.alive else self.redis.start())

    def _flush_redis(self, deed: Deed) -> None:
        with contextlib.suppress(OSError):
            self.redis.flush()
            self.done["flush redis"] += 1

    def _silence_redis(self, deed: Deed) -> None:
        self.redis.send(signal.SIGSTOP)
        self.done["silence redis"] += 1
        self._after(deed.seconds, lambda: self.redis.send(signal.SIGCONT))

    def _restart_database(self, deed: Deed) -> None:
        if self.database is not None and self.database.alive:
            self.database.stop_hard()
            self.done["restart database"] += 1
            self._after(deed.seconds / 2, self.database.start)

    def _step_clocks(self, deed: Deed) -> None:
        """Within what is assumed of clocks; the wall clock of the workers further, since nothing relies on it alone."""
        step = self.plan.margin * CLOCK_STEP
        self._set_clocks(self._behind + step * (2 * deed.pick - 1), self.plan.lease * (4 * deed.pick - 2))
        self.done["step clocks"] += 1

    def _set_database_clock_back(self, deed: Deed) -> None:
        """By more than any window, and it stays back."""
        self._behind -= self.plan.window * (0.3 + deed.pick)
        self._set_clocks(self._behind, self.clocks[1])
        self.done["set database clock back"] += 1

    def _blame_account(self, deed: Deed) -> None:
        self._control(code=(2, 5, 7, 13, 18)[int(deed.pick * 5)])
        self.done["blame account"] += 1
        self._after(deed.seconds / 4, lambda: self._control(code=None))

    def _gateway_away(self, deed: Deed) -> None:
        self._control(away=True)
        self.done["gateway away"] += 1
        self._after(deed.seconds / 2, lambda: self._control(away=False))

    # ---- Ordeals: what the surroundings refuse for a while

    def _make_read_only(self, deed: Deed) -> None:
        self._configure_database("default_transaction_read_only", "on", deed)

    def _limit_statements(self, deed: Deed) -> None:
        self._configure_database("statement_timeout", "1ms", deed)

    def _configure_database(self, setting: str, value: str, deed: Deed) -> None:
        database = self._postgresql
        database.execute(f"ALTER SYSTEM SET {setting} = '{value}'", "SELECT pg_reload_conf()")
        self.done[deed.what] += 1
        self._after(deed.seconds, lambda: database.execute(f"ALTER SYSTEM RESET {setting}", "SELECT pg_reload_conf()"))

    def _end_sessions(self, deed: Deed) -> None:
        ours = "backend_type = 'client backend' AND pid <> pg_backend_pid()"
        self._postgresql.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")
        self.done["end sessions"] += 1

    def _take_connections(self, deed: Deed) -> None:
        """All that are left; and those that are in use come back no more, once they are ended."""
        taken = self._postgresql.take_connections()
        self._end_sessions(deed)
        taken += self._postgresql.take_connections()
        self.done["take connections"] += 1
        self._after(deed.seconds, lambda: [one.close() for one in taken])

    def _fill_disk(self, deed: Deed) -> None:
        filler = self._postgresql.disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        self.done["fill disk"] += 1
        self._after(deed.seconds, lambda: filler.unlink(missing_ok=True))

    def _take_descriptors(self, deed: Deed) -> None:
        """From a worker and its children: what is open stays so, and nothing else can be opened."""
        worker = self._worker(deed)
        for pid in (worker.pid, *worker.children()):
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                highest = max(int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir())
                _soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 1, hard))
                self._after(deed.seconds, lambda pid=pid, hard=hard: give_descriptors(pid, hard))
        self.done["take descriptors"] += 1

    @property
    def _postgresql(self) -> PostgreSQL:
        assert isinstance(self.database, PostgreSQL)
        return self.database

    def _stop_worker_warm(self, deed: Deed) -> None:
        self._worker(deed).send(signal.SIGTERM)
        self.done["stop worker warm"] += 1

    def _stop_worker_cold(self, deed: Deed) -> None:
        self._worker(deed).send(signal.SIGQUIT)
        self.done["stop worker cold"] += 1

    def _set_clocks(self, database: float, wall: float) -> None:
        import struct

        self.clocks = [database, wall]
        path = self.folder / "clocks"
        if not path.exists():
            path.write_bytes(bytes(16))
        with path.open("r+b") as file:
            file.write(struct.pack("<dd", database, wall))

    def _control(self, **changes: Any) -> None:
        path = self.folder / "control.json"
        control = json.loads(path.read_text()) if path.exists() else {"calm": False, "away": False, "code": None}
        new = path.with_suffix(".new")
        new.write_text(json.dumps(control | changes))
        new.replace(path)

    # ---- The end of the faults

    def _calm(self) -> None:
        """All faults are over: everything runs, and the gateway answers as it should."""
        for armed in (self.folder / "points").iterdir():
            armed.unlink()
        while self._later:  # what was to be started again, or to go on, does so now
            heapq.heappop(self._later)[2]()
        self._control(calm=True, away=False, code=None)

    def _settle(self) -> bool:
        """Until no message is open; False where that took too long."""
        end = time.monotonic() + self.plan.patience
        while time.monotonic() < end:
            for _ in range(20):
                self._tick()
            if self._open() == 0:
                time.sleep(self.plan.timeout + self.plan.margin)  # what the gateway may still process late
                return True
        return False

    def _open(self) -> int | None:
        from django.db import DatabaseError, InterfaceError, connection

        from django_front_sms.models import OutboundMessage

        try:
            return OutboundMessage.objects.filter(state__in=("queued", "sending")).count()
        except (DatabaseError, InterfaceError):
            connection.close()
            return None

    # ---- The judgement

    def _report(self, traffic: Any, took: float, settled: bool) -> dict[str, Any]:
        from tests.faults.report import report, verdict_of

        for name in (note.name.partition(" ")[2] for note in (self.folder / "killed").iterdir()):
            self.done[f"kill at point: {name}"] += 1
        for process in (*self.workers, self.sweeper):
            process.kill()
        verdict: Verdict = verdict_of(self.plan, self.folder, traffic.committed)
        return report(self.plan, verdict, self.folder, traffic, self.done, took=took, settled=settled)


def give_descriptors(pid: int, hard: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(1024, hard), hard))


def thaw(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def _migrate() -> None:
    import django
    from django.core.management import call_command

    import tests.faults.app  # the app that hints go to

    tests.faults.app.app.set_default()
    django.setup()
    call_command("migrate", verbosity=0)


def _end_what_is_left(folder: Path) -> None:
    """Children that outlived a killed parent. They are known by the run's own folder in their environment."""
    mark = f"FAULTS_FOLDER={folder}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
