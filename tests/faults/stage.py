"""Where a run takes place: its servers, its gateway, an empty database, its workers, and the folder they share."""

import contextlib
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.faults import clocks, transitions
from tests.faults.plan import Plan
from tests.faults.prepare import surround
from tests.faults.servers import MariaDB, PostgreSQL, Process, Redis, Unavailable, free_port, listens, python, wait_for
from tests.faults.standby import Replicated

WORKERS = 2
ZONE = ZoneInfo("Europe/Oslo")  # as in settings.py
_BULKY = ("postgresql", "mariadb", "standby-*", "*.so")  # not copied with the logs


class Stage:
    def __init__(self, plan: Plan, logs: Path | None = None) -> None:
        self.plan = plan
        self.logs = logs
        self.folder = Path(tempfile.mkdtemp(prefix="faults-"))
        self.processes: list[Process] = []
        self.workers: list[Process] = []
        self.sweeper: Process
        self.web: Process | None = None  # the webhooks; only where the traffic is mixed
        self.redis: Redis
        self.database: PostgreSQL | MariaDB | None = None
        self.clocks = [0.0, 0.0]
        self.quiet_until = _quiet_until(plan)

    @contextlib.contextmanager
    def built(self) -> Iterator[None]:
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
                shutil.copytree(self.folder, self.logs, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*_BULKY))
            shutil.rmtree(self.folder, ignore_errors=True)

    def _set_up(self) -> None:
        plan = self.plan
        _require(plan)
        for name in ("points", "killed", "frozen", "ready"):
            (self.folder / name).mkdir()
        self.set_clocks(0.0, 0.0)
        self.control()
        os.environ |= {"FAULTS_PLAN": plan.to_json(), "FAULTS_FOLDER": str(self.folder)}
        self.redis = self._started(Redis(self.folder))
        if plan.database != "sqlite":
            self.database = self._started(self._made_database())
            if plan.ordeal and not isinstance(self.database, Replicated):
                self.postgresql.execute("SELECT 1")
            if plan.ordeal == "full-disk":
                self.postgresql.use_small_disk()
        port = free_port()
        os.environ |= {
            "FAULTS_DATABASE_URL": self.database.url if self.database else f"sqlite:///{self.folder}/rows.sqlite3",
            "FAULTS_DATABASE_PORTS": getattr(self.database, "ports", ""),
            "FAULTS_BROKER_URL": self.redis.url,
            "FAULTS_GATEWAY_URL": f"http://127.0.0.1:{port}/psk/",
            "FAULTS_QUIET_HOURS": f"{datetime.now(ZONE) - timedelta(minutes=1):%H:%M}-{self.quiet_until:%H:%M}",
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        }
        gateway = python("gateway", self.folder, "tests.faults.gateway", "--port", port, "--folder", self.folder)
        for option in ("seed", "window", "timeout", "margin", "trouble", "stubborn", "inbound", "seconds", "transport"):
            gateway.command += [f"--{option}", str(getattr(plan, option))]
        wait_for(self._started(gateway), lambda: listens(port))
        _migrate()
        clocks.follow(self.folder)
        if plan.mixed:
            transitions.note_transitions()
            self._start_web()
        celery = ["celery", "-A", "tests.faults.worker:app", "worker", "--pool", plan.pool, "--concurrency", "2"]
        quiet = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        for number in range(WORKERS):
            name = f"worker-{number}"
            if plan.pool in ("command", "tasks"):
                worker = python(name, self.folder, "tests.faults.worker", plan.pool)
            else:
                worker = python(name, self.folder, *celery, *quiet, "--hostname", f"{name}@faults")
            surround(worker, plan, self.folder)
            self.workers.append(self._started(worker))
        self.sweeper = self._started(python("sweeper", self.folder, "tests.faults.worker"))

    def _start_web(self) -> None:
        """The webhooks, and where the gateway finds them."""
        from django_front_sms.conf import get_settings
        from django_front_sms.signing import webhook_path

        port = free_port()
        self.web = self._started(python("web", self.folder, "tests.faults.web", port))
        wait_for(self.web, lambda: listens(port))
        self.control(
            hooks={
                str(account.service_id): [
                    f"http://127.0.0.1:{port}{webhook_path(purpose, name)}" for purpose in ("status", "inbound")
                ]
                for name, account in get_settings().accounts.items()
            }
        )

    def _made_database(self) -> PostgreSQL | MariaDB:
        if self.plan.ordeal.startswith("failover"):
            return Replicated(
                self.folder,
                is_synchronous=self.plan.ordeal != "failover-async",
                names_both=self.plan.ordeal == "failover-hosts",
            )
        return PostgreSQL(self.folder) if self.plan.database == "postgresql" else MariaDB(self.folder)

    def _started(self, process: Any) -> Any:
        self.processes.append(process)
        process.start()
        return process

    @property
    def postgresql(self) -> PostgreSQL:
        assert isinstance(self.database, PostgreSQL)
        return self.database

    @property
    def ours(self) -> list[Process]:
        """The processes that run the package."""
        return [*self.workers, self.sweeper, *([self.web] if self.web else [])]

    def wait_for_workers(self) -> None:
        """Until each is at work: otherwise the first kills would meet nobody."""
        for worker in self.workers:
            wait_for(worker, lambda worker=worker: self._is_at_work(worker), 120)

    def _is_at_work(self, worker: Process) -> bool:
        has_children = self.plan.pool != "prefork" or len(worker.children()) >= 2
        return has_children and (self.folder / "ready" / str(worker.pid)).exists()

    def start_again(self) -> None:
        """Whichever worker has ended."""
        for process in self.ours:
            if not process.alive:
                process.start()

    def kill_workers(self) -> None:
        for process in self.ours:
            process.kill()

    def set_clocks(self, database: float, wall: float) -> None:
        self.clocks = [database, wall]
        clocks.step(self.folder, database, wall)

    def control(self, **changes: Any) -> None:
        path = self.folder / "control.json"
        control = json.loads(path.read_text()) if path.exists() else {}
        new = path.with_suffix(".new")
        new.write_text(json.dumps(control | changes))
        new.replace(path)


def _quiet_until(plan: Plan) -> datetime:
    """The end of the quiet hours, which began before the run: a third of its faults come in them."""
    end = datetime.now(ZONE) + timedelta(seconds=10 + plan.seconds * 0.3, minutes=1)
    return end.replace(second=0, microsecond=0)


def _require(plan: Plan) -> None:
    import django

    if plan.pool == "tasks" and (django.VERSION < (6, 0) or find_spec("django_tasks_db") is None):
        raise Unavailable("Django's tasks need Django 6 and django-tasks-db: name a Python with both by TASKS_PYTHON")


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
