"""The environment of a run: its servers, gateway, empty database and workers, and the folder that they share."""

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
from tests.faults.prepare import prepare
from tests.faults.servers import MariaDB, PostgreSQL, Process, Redis, Unavailable, free_port, listens, python, wait_for
from tests.faults.standby import Replicated

WORKERS = 2
ZONE = ZoneInfo("Europe/Oslo")  # as in settings.py
_RATES = ("fault_rate", "ambiguous_rate")
# Fields of the plan that are passed to the gateway.
GATEWAY_OPTIONS = ("seed", "window", "timeout", "margin", "seconds", "inbound", "transport", *_RATES)
_BULKY = ("postgresql", "mariadb", "standby-*", "*.so")  # not copied with the logs


class Environment:
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
        """Start everything; on exit, end all processes and remove the folder."""
        try:
            self._set_up()
            yield
        finally:
            for process in reversed(self.processes):
                with contextlib.suppress(Exception):
                    process.end()
            if self.database is not None and isinstance(self.database, PostgreSQL):
                self.database.drop_small_disk()
            _kill_leftovers(self.folder)
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
            if plan.environment_fault and not isinstance(self.database, Replicated):
                self.postgresql.execute("SELECT 1")
            if plan.environment_fault == "full-disk":
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
        for name in GATEWAY_OPTIONS:
            gateway.command += [f"--{name.replace('_', '-')}", str(getattr(plan, name))]
        wait_for(self._started(gateway), lambda: listens(port))
        _migrate()
        clocks.follow(self.folder)
        if plan.mixed:
            transitions.create_trigger()
            self._start_web()
        celery = ["celery", "-A", "tests.faults.worker:app", "worker", "--pool", plan.pool, "--concurrency", "2"]
        quiet = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        for number in range(WORKERS):
            name = f"worker-{number}"
            if plan.pool in ("command", "tasks"):
                worker = python(name, self.folder, "tests.faults.worker", plan.pool)
            else:
                worker = python(name, self.folder, *celery, *quiet, "--hostname", f"{name}@faults")
            prepare(worker, plan, self.folder)
            self.workers.append(self._started(worker))
        self.sweeper = self._started(python("sweeper", self.folder, "tests.faults.worker"))

    def _start_web(self) -> None:
        """Start the web process, and tell the gateway the URLs of its webhooks."""
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
        if self.plan.environment_fault.startswith("failover"):
            return Replicated(
                self.folder,
                is_synchronous=self.plan.environment_fault != "failover-async",
                names_both=self.plan.environment_fault == "failover-hosts",
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
        """Return the processes that run the package."""
        return [*self.workers, self.sweeper, *([self.web] if self.web else [])]

    def wait_for_workers(self) -> None:
        """Wait until all workers are ready, so that the first kills hit them."""
        for worker in self.workers:
            wait_for(worker, lambda worker=worker: self._is_ready(worker), 120)

    def _is_ready(self, worker: Process) -> bool:
        has_children = self.plan.pool != "prefork" or len(worker.children()) >= 2
        return has_children and (self.folder / "ready" / str(worker.pid)).exists()

    def restart_ended(self) -> None:
        """Restart the processes that have ended."""
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
    """Return the end of the quiet hours, which begin before the run and cover a third of its faults."""
    end = datetime.now(ZONE) + timedelta(seconds=10 + plan.seconds * 0.3, minutes=1)
    return end.replace(second=0, microsecond=0)


def _require(plan: Plan) -> None:
    import django

    if plan.pool == "tasks" and (django.VERSION < (6, 0) or find_spec("django_tasks_db") is None):
        raise Unavailable("Django's tasks need Django 6 and django-tasks-db: name a Python with both by TASKS_PYTHON")


def _migrate() -> None:
    import django
    from django.core.management import call_command

    import tests.faults.app  # the Celery app that hints are sent by

    tests.faults.app.app.set_default()
    django.setup()
    call_command("migrate", verbosity=0)


def _kill_leftovers(folder: Path) -> None:
    """Kill children that outlived their parent, recognised by the run's folder in their environment."""
    mark = f"FAULTS_FOLDER={folder}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
