"""Faults of the database that last a while: read-only mode, time-outs, a full disk, no free connections, fail-over."""

import contextlib

from tests.faults.process_faults import FaultInjector
from tests.faults.schedule import Fault
from tests.faults.standby import Replicated


class DatabaseFaults(FaultInjector):
    def _make_read_only(self, fault: Fault) -> None:
        self._configure_database("default_transaction_read_only", "on", fault)

    def _limit_statements(self, fault: Fault) -> None:
        self._configure_database("statement_timeout", "1ms", fault)

    def _configure_database(self, setting: str, value: str, fault: Fault) -> None:
        database = self.environment.postgresql
        database.execute(f"ALTER SYSTEM SET {setting} = '{value}'", "SELECT pg_reload_conf()")
        self.done[fault.name] += 1
        self.after(fault.seconds, lambda: database.execute(f"ALTER SYSTEM RESET {setting}", "SELECT pg_reload_conf()"))

    def _end_sessions(self, fault: Fault) -> None:
        ours = "backend_type = 'client backend' AND pid <> pg_backend_pid()"
        self.environment.postgresql.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")
        self.done["end sessions"] += 1

    def _take_connections(self, fault: Fault) -> None:
        """Open all free connections, end the sessions of others, and open the connections that this frees."""
        taken = self.environment.postgresql.take_connections()
        self._end_sessions(fault)
        taken += self.environment.postgresql.take_connections()
        self.done["take connections"] += 1
        self.after(fault.seconds, lambda: [one.close() for one in taken])

    def _fill_disk(self, fault: Fault) -> None:
        filler = self.environment.postgresql.disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        self.done["fill disk"] += 1
        self.after(fault.seconds, lambda: filler.unlink(missing_ok=True))

    # ---- Fail-over

    @property
    def _replicated(self) -> Replicated:
        assert isinstance(self.environment.database, Replicated)
        return self.environment.database

    def _fail_over(self, fault: Fault) -> None:
        """Kill the primary; promote the standby `fault.seconds` later."""
        self._replicated.lose_primary()
        self.done["fail over"] += 1
        self.after(fault.seconds, self._promote)

    def _promote(self) -> None:
        self._replicated.promote()
        self._replicated.add_standby()

    def _fail_over_with_lag(self, fault: Fault) -> None:
        """Stop replication for a while, then fail over: the commits in between are lost."""
        self._replicated.cut_link()
        self.after(fault.seconds, lambda: self._fail_over(fault))
