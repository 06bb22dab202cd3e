"""What the surroundings refuse for a while: an open disk, a connection, a descriptor."""

import contextlib
import resource
from pathlib import Path

from tests.faults.deeds import Performer
from tests.faults.schedule import Deed


class Ordeals(Performer):
    def _make_read_only(self, deed: Deed) -> None:
        self._configure_database("default_transaction_read_only", "on", deed)

    def _limit_statements(self, deed: Deed) -> None:
        self._configure_database("statement_timeout", "1ms", deed)

    def _configure_database(self, setting: str, value: str, deed: Deed) -> None:
        database = self.stage.postgresql
        database.execute(f"ALTER SYSTEM SET {setting} = '{value}'", "SELECT pg_reload_conf()")
        self.done[deed.what] += 1
        self.after(deed.seconds, lambda: database.execute(f"ALTER SYSTEM RESET {setting}", "SELECT pg_reload_conf()"))

    def _end_sessions(self, deed: Deed) -> None:
        ours = "backend_type = 'client backend' AND pid <> pg_backend_pid()"
        self.stage.postgresql.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")
        self.done["end sessions"] += 1

    def _take_connections(self, deed: Deed) -> None:
        """All that are left; and those that are in use come back no more, once they are ended."""
        taken = self.stage.postgresql.take_connections()
        self._end_sessions(deed)
        taken += self.stage.postgresql.take_connections()
        self.done["take connections"] += 1
        self.after(deed.seconds, lambda: [one.close() for one in taken])

    def _fill_disk(self, deed: Deed) -> None:
        filler = self.stage.postgresql.disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        self.done["fill disk"] += 1
        self.after(deed.seconds, lambda: filler.unlink(missing_ok=True))

    def _take_descriptors(self, deed: Deed) -> None:
        """From a worker and its children: what is open stays so, and nothing else can be opened."""
        worker = self._worker(deed)
        for pid in (worker.pid, *worker.children()):
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                highest = max(int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir())
                _soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 1, hard))
                self.after(deed.seconds, lambda pid=pid, hard=hard: give_descriptors(pid, hard))
        self.done["take descriptors"] += 1


def give_descriptors(pid: int, hard: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(1024, hard), hard))
