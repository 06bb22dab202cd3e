"""Which time it is: one clock for every process of a site, the database's.

Web servers and workers may disagree about the time; rules that span processes (leases, duplicate windows, due times)
are therefore counted on the database's clock. A process measures its own durations with `Moment`.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connections

from django_front_sms.db.routing import write_alias

_NOW = {
    # Each moves within a transaction, and none follows the session's time zone: MySQL's CURRENT_TIMESTAMP does, and
    # goes back one hour in October.
    "postgresql": "SELECT clock_timestamp()",
    "mysql": "SELECT UTC_TIMESTAMP(6)",
    "sqlite": "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')",
}
_BOOT_TIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClocks:
    """The clocks as they are. Tests put others in their place: `clock.source = …`."""

    def database(self, using: str) -> datetime:
        """The database's clock: aware, UTC; raises what the database raises."""
        connection = connections[using]
        with connection.cursor() as cursor:
            cursor.execute(_NOW[connection.vendor])
            read: datetime | str = cursor.fetchone()[0]
        value = datetime.fromisoformat(read) if isinstance(read, str) else read
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def boot(self) -> float:
        """Seconds; goes on while the machine sleeps."""
        return time.clock_gettime(_BOOT_TIME)

    def wall(self) -> float:
        """Seconds since 1970; may be set, in either direction."""
        return time.time()


source = SystemClocks()


def database_now() -> datetime:
    """The clock of this app's database: aware, UTC."""
    return source.database(write_alias())


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in this process's time, on both clocks that can tell that the machine slept or was stopped."""

    boot: float
    wall: float

    @classmethod
    def now(cls) -> "Moment":
        return cls(source.boot(), source.wall())

    def elapsed(self) -> float:
        """Seconds since then: the larger of what the boot-time clock and the wall clock say."""
        return max(source.boot() - self.boot, source.wall() - self.wall)
