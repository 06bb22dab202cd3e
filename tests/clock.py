"""A clock that a test moves."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Replaces every clock that the package reads.

    `ran` is the time that has passed, in seconds. `database_is_off`, `wall_is_off` and `boot_is_off` set a clock off
    from it. `of_machine`: the machine whose boot-time clock it is.
    """

    def __init__(self) -> None:
        self.start = datetime.now(UTC)
        self.ran = 0.0
        self.database_is_off = 0.0
        self.wall_is_off = 0.0
        self.boot_is_off = 0.0
        self.of_machine = "a machine"

    def database(self, using: str = "default") -> datetime:
        return self.start + timedelta(seconds=self.ran + self.database_is_off)

    def boot(self) -> float:
        return self.ran + self.boot_is_off

    def machine(self) -> str:
        return self.of_machine

    def wall(self) -> float:
        return self.ran + self.wall_is_off

    def process(self) -> datetime:
        """The time of the process that calls `send_sms`; independent of the database's clock."""
        return self.start + timedelta(seconds=self.wall())

    def advance(self, seconds: float) -> None:
        self.ran += seconds
