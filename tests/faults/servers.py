"""The servers of a run: child processes of the runner, on free ports, each with its own folder."""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
_initdb = shutil.which("initdb")
POSTGRESQL = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or ([Path(_initdb).parent] if _initdb else [])
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class Unavailable(Exception):
    """A server that this run needs is not installed."""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def unprivileged(*names: str) -> str | None:
    """Return the user for a database server if this user is root, which such servers refuse to run as."""
    if os.geteuid() != 0:
        return None
    for name in (*names, "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise Unavailable("a database server must not run as root, and there is no user postgres, mysql or nobody")


def _data(path: Path, user: str | None) -> Path:
    """Create a folder for a database server that may run as another user."""
    path.mkdir(mode=0o700)
    if user:
        path.parent.chmod(0o711)
        shutil.chown(path, user, user)
    return path


class Process:
    """A child process in its own session, so that it can be ended together with its own children."""

    ends_by = signal.SIGTERM

    def __init__(self, name: str, command: Sequence[str], folder: Path, user: str | None = None, **env: str) -> None:
        self.name = name
        self.command = [str(part) for part in command]
        self.log = folder / f"{name}.log"
        self.user = user
        self.env = env
        self.popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options: dict[str, Any] = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/" if self.user else ROOT,
                env={**os.environ, **self.env},
                start_new_session=True,
                preexec_fn=_die_with_parent,
                **options,
            )

    @property
    def pid(self) -> int:
        return self.popen.pid if self.popen else 0

    @property
    def alive(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    def children(self) -> list[int]:
        if not self.alive:
            return []
        with contextlib.suppress(OSError):
            return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]
        return []

    def send(self, number: int, *, whole: bool = False) -> None:
        """Send a signal to the process, or to its whole session."""
        if self.popen is None or (not whole and not self.alive):
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number) if whole else os.kill(self.pid, number)

    def kill(self) -> None:
        self.send(signal.SIGKILL, whole=True)
        if self.popen is not None:
            self.popen.wait()

    def end(self) -> None:
        """End the process by its signal, then kill the whole session."""
        self.send(signal.SIGCONT, whole=True)
        self.send(self.ends_by)
        if self.popen is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(10)
        self.kill()


def python(name: str, folder: Path, *arguments: object) -> Process:
    return Process(name, [sys.executable, "-u", "-m", *map(str, arguments)], folder)


def wait_for(process: Process, ready: Any, seconds: float = 60) -> None:
    """Wait until `ready()` is true. Raises `RuntimeError` if the process ends before, or after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not process.alive:
            break
        with contextlib.suppress(OSError):
            if ready():
                return
        time.sleep(0.05)
    tail = process.log.read_text(errors="replace")[-2000:] if process.log.exists() else ""
    raise RuntimeError(f"{process.name} did not get ready:\n{tail}")


def listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


class Redis(Process):
    def __init__(self, folder: Path) -> None:
        binary = shutil.which("redis-server") or shutil.which("valkey-server")
        if binary is None:
            raise Unavailable("redis-server is not installed")
        self.port = free_port()
        here = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder)]
        super().__init__("redis", [binary, *here, "--save", "", "--appendonly", "no"], folder)
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        super().start()
        wait_for(self, lambda: listens(self.port))

    def flush(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as sock:
            sock.sendall(b"FLUSHALL\r\n")
            sock.recv(16)


class PostgreSQL(Process):
    """A new cluster. It stops as by `pg_ctl stop -m immediate`: without a checkpoint, as after a crash."""

    ends_by = signal.SIGQUIT

    def __init__(self, folder: Path) -> None:
        if not POSTGRESQL:
            raise Unavailable("the PostgreSQL server's programs (initdb, postgres) are not installed")
        user = unprivileged("postgres")
        self.data = _data(folder / "postgresql", user)
        self.disk = folder / "disk"
        self._administrator: Any = None
        self.port = free_port()
        options: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
        subprocess.run(
            [POSTGRESQL[-1] / "initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8"],
            check=True,
            capture_output=True,
            cwd="/",
            **options,
        )
        here = ["-D", self.data, "-p", self.port, "-h", "127.0.0.1", "-k", "", "-c", "max_connections=100"]
        super().__init__("postgresql", [str(p) for p in (POSTGRESQL[-1] / "postgres", *here)], folder, user)
        self.command += ["-c", "fsync=off"]  # processes are killed, not the machine, so written data stays
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        super().start()
        wait_for(self, self.answers)

    def answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError as error:
            raise ConnectionError from error
        return True

    def execute(self, *statements: str) -> None:
        """Execute statements, also while the settings make the server read-only or time out."""
        import psycopg

        if self._administrator is None or self._administrator.closed:  # kept open: no other may be free
            overrides = "-c default_transaction_read_only=off -c statement_timeout=0"
            self._administrator = psycopg.connect(self.url, autocommit=True, options=overrides)
        for statement in statements:
            self._administrator.execute(statement)

    def take_connections(self) -> list[Any]:
        """Open connections until the server has none left."""
        import psycopg

        taken: list[Any] = []
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                taken.append(psycopg.connect(self.url, connect_timeout=2))
        return taken

    def use_small_disk(self) -> None:
        """Store tables that are created from now on in a small file system."""
        self.disk.mkdir()
        mount = subprocess.run(
            [
                "mount",
                "-t",
                "tmpfs",
                "-o",
                f"size=8m,uid={pwd.getpwnam(self.user or 'root').pw_uid}",
                "tmpfs",
                self.disk,
            ],
            check=False,
            capture_output=True,
        )
        if mount.returncode:
            raise Unavailable("a small file system cannot be mounted: this needs root")
        space = self.disk / "space"
        space.mkdir(mode=0o700)
        shutil.chown(space, self.user or "root")
        self.execute(
            f"CREATE TABLESPACE small LOCATION '{space}'", "ALTER DATABASE postgres SET default_tablespace = small"
        )

    def drop_small_disk(self) -> None:
        if self.disk.exists():
            subprocess.run(["umount", self.disk], check=False, capture_output=True)

    def stop_hard(self) -> None:
        self.send(signal.SIGQUIT)
        if self.popen is not None:
            self.popen.wait(30)


class MariaDB(Process):
    def __init__(self, folder: Path) -> None:
        server = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
        install = shutil.which("mariadb-install-db")
        if not Path(server).exists() or install is None:
            raise Unavailable("the MariaDB server's programs (mariadbd, mariadb-install-db) are not installed")
        user = unprivileged("mysql")
        self.data = _data(folder / "mariadb", user)
        self.port = free_port()
        options: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
        common = ["--no-defaults", f"--datadir={self.data}"]
        subprocess.run(
            [install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True,
            capture_output=True,
            cwd="/",
            **options,
        )
        here = [f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self.data}/s", "--skip-grant-tables"]
        here += ["--skip-networking=0", f"--pid-file={self.data}/pid"]
        super().__init__("mariadb", [server, *common, *here], folder, user)
        self.url = f"mysql://root@127.0.0.1:{self.port}/faults"

    def start(self) -> None:
        super().start()
        wait_for(self, lambda: listens(self.port))
        import pymysql

        connection = pymysql.connect(host="127.0.0.1", port=self.port, user="root")
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE IF NOT EXISTS faults CHARACTER SET utf8mb4")
        connection.close()

    def stop_hard(self) -> None:
        self.kill()
