"""The database's clock, which all processes of a site share, and durations within one process.

The clocks of web servers and workers may differ. Rules that span processes (leases, duplicate windows, due times)
therefore use the database's clock. A process measures its own durations with `Moment`.
"""

import functools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from django.db import connections

from django_front_sms.db.routing import write_alias

_NOW = {
    # These advance within a transaction and ignore the session's time zone. MySQL's CURRENT_TIMESTAMP follows the time
    # zone, and steps back one hour in October.
    "postgresql": "SELECT clock_timestamp()",
    "mysql": "SELECT UTC_TIMESTAMP(6)",
    "sqlite": "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')",
}
BOOT_ID, TIME_NAMESPACE = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/time")
_BOOT_TIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClocks:
    """The real clocks. Tests replace them: `clock.source = …`."""

    def database(self, using: str) -> datetime:
        """The time of a database: aware, UTC. Raises what the database raises."""
        connection = connections[using]
        with connection.cursor() as cursor:
            cursor.execute(_NOW[connection.vendor])
            read: datetime | str = cursor.fetchone()[0]
        value = datetime.fromisoformat(read) if isinstance(read, str) else read
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def boot(self) -> float:
        """Seconds since boot, including sleep."""
        return time.clock_gettime(_BOOT_TIME)

    def machine(self) -> str:
        """The machine since its start, whose processes share the clock `boot`. Empty: do not compare that clock."""
        return _machine()

    def wall(self) -> float:
        """Seconds since 1970. The clock may be set forward or back."""
        return time.time()


@functools.cache
def _machine() -> str:
    try:
        boot_id = BOOT_ID.read_text().strip()
    except OSError:  # not Linux: this process, and its children, alone
        return secrets.token_hex(16)
    return f"{boot_id} {TIME_NAMESPACE.readlink().name}" if TIME_NAMESPACE.is_symlink() else boot_id


source = SystemClocks()


def database_now() -> datetime:
    """The clock of this app's database: aware, UTC."""
    return source.database(write_alias())


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time of this process, on the boot-time clock and the wall clock."""

    boot: float
    wall: float

    @classmethod
    def now(cls) -> "Moment":
        return cls(source.boot(), source.wall())

    def elapsed(self) -> float:
        """Seconds since then: the larger duration of both clocks, one of which misses sleep or a stopped machine."""
        return max(source.boot() - self.boot, source.wall() - self.wall)


@dataclass(frozen=True, slots=True)
class Reading:
    """The database's clock, and the boot-time clock of `machine` just before and after it was read."""

    time: datetime
    machine: str
    asked: float
    answered: float

    @classmethod
    def now(cls) -> "Reading":
        asked = source.boot()
        return cls(database_now(), source.machine(), asked, source.boot())


@dataclass(slots=True)
class Turn:
    """The time that one run of a job may take. After `seconds`, `hand_over` is asked to have the work continued by
    another run; while it returns False, a new turn begins. None: as long as there is work."""

    seconds: float | None = None
    hand_over: Callable[[], bool] = lambda: True
    _began: Moment = field(default_factory=Moment.now)
    _is_over: bool = False

    def is_over(self) -> bool:
        """Whether this run ends here. Called between two parts of the work."""
        if self.seconds is not None and not self._is_over and self._began.elapsed() >= self.seconds:
            self._is_over = self.hand_over()
            self._began = Moment.now()
        return self._is_over


ENDLESS = Turn()
