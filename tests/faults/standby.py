"""A PostgreSQL primary with a streaming standby, and the address by which the site reaches them."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

from tests.faults.servers import POSTGRESQL, PostgreSQL, Process, free_port, wait_for


class Forwarder:
    """A TCP proxy to a port that can be changed. With `None`, connections are closed."""

    def __init__(self, target: int | None) -> None:
        self._target = target
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def point_at(self, target: int | None) -> None:
        """Change the port for new connections, and close the present ones."""
        with self._lock:
            self._target = target
            dropped, self._open = self._open, set()
        for one in dropped:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.point_at(None)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _address = self._listener.accept()
                threading.Thread(target=self._connect, args=[client], daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with self._lock:
            target = self._target
        with client, contextlib.suppress(OSError):
            if target is None:
                return
            with socket.create_connection(("127.0.0.1", target), timeout=5) as server:
                server.settimeout(None)
                with self._lock:
                    if self._target != target:
                        return
                    self._open |= {client, server}
                back = threading.Thread(target=_pump, args=[server, client], daemon=True)
                back.start()
                _pump(client, server)
                back.join()
                with self._lock:
                    self._open -= {client, server}


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := one.recv(1 << 16):
            other.sendall(part)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class Replicated(PostgreSQL):
    """The present primary and its standby. `url` is one address, which moves to the promoted standby.

    `is_synchronous`: a commit waits for the standby. `names_both`: the site connects to both servers, by `ports`, and
    libpq chooses the one that accepts writes.
    """

    def __init__(self, folder: Path, *, is_synchronous: bool, names_both: bool = False) -> None:
        super().__init__(folder)
        self.is_synchronous = is_synchronous
        self.folder = folder
        self.generation = 0
        self.standby: Process | None = None
        self.direct = self.url
        self.front = Forwarder(self.port)
        self.link = Forwarder(self.port)  # the standby's connection for replication
        self.other_port = free_port()
        self.ports = f"{self.port},{self.other_port}" if names_both else ""
        self.url = f"postgres://postgres@127.0.0.1:{self.front.port}/postgres"

    def start(self) -> None:
        super().start()
        self.add_standby()

    def connect(self, **options: Any) -> Any:
        """Connect to the primary directly."""
        import psycopg

        return psycopg.connect(self.direct, autocommit=True, connect_timeout=2, **options)

    # ---- The standby

    def add_standby(self) -> None:
        """Create a standby from a copy of the primary; returns when it streams."""
        self.generation += 1
        self.link.point_at(self.port)
        data = self.folder / f"standby-{self.generation}"
        options: dict[str, Any] = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        data.mkdir(mode=0o700)
        if self.user:
            shutil.chown(data, self.user, self.user)
        source = f"host=127.0.0.1 port={self.link.port} user=postgres"
        copy: list[Any] = [POSTGRESQL[-1] / "pg_basebackup", "-d", source, "-D", data, "-R", "-c", "fast", "--no-sync"]
        subprocess.run(copy, check=True, capture_output=True, cwd="/", **options)
        command = [str(POSTGRESQL[-1] / "postgres"), "-D", str(data), "-p", str(self.other_port), *self.command[5:]]
        self.standby = Process(f"postgresql-{self.generation}", command, self.folder, self.user)
        self.standby.start()
        wait_for(self.standby, self._streams)
        if self.is_synchronous:
            self._execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            self._execute("ALTER SYSTEM SET synchronous_commit = 'remote_apply'")
            self._execute("SELECT pg_reload_conf()")
            wait_for(self.standby, lambda: self._execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"))

    def _streams(self) -> bool:
        return self._execute("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'")

    def _execute(self, statement: str) -> bool:
        """Execute on the primary, and return whether it returns a row."""
        with self.connect() as connection:
            cursor = connection.execute(statement)
            return cursor.description is not None and cursor.fetchone() is not None

    def cut_link(self) -> None:
        """Stop replication: later commits do not reach the standby."""
        self.link.point_at(None)

    # ---- The fail-over

    def lose_primary(self) -> None:
        """Kill the server and all its processes at once, as when the machine is lost."""
        pids = [self.pid, *self.children()]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert self.popen is not None
        self.popen.wait()
        self.front.point_at(None)

    def promote(self) -> None:
        """Make the standby the primary."""
        assert self.standby is not None
        self._administrator = None
        self.popen, self.log = self.standby.popen, self.standby.log
        self.standby = None
        self.port, self.other_port = self.other_port, self.port
        self.direct = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        self._execute("SELECT pg_promote()")
        self.front.point_at(self.port)

    def end(self) -> None:
        for forwarder in (self.front, self.link):
            forwarder.close()
        super().end()
        if self.standby is not None:
            self.standby.ends_by = signal.SIGQUIT
            self.standby.end()
