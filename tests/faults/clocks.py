"""The clocks of a run, which the runner can step. All processes read the offsets from one memory-mapped file."""

import mmap
import struct
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

CLOCKS = struct.Struct("<dd")  # offsets of the database's clock and of the wall clock, in seconds


def step(folder: Path, database: float, wall: float) -> None:
    path = folder / "clocks"
    if not path.exists():
        path.write_bytes(bytes(CLOCKS.size))
    with path.open("r+b") as file:
        file.write(CLOCKS.pack(database, wall))


def follow(folder: Path) -> None:
    """Make the package use these clocks in this process."""
    from django_front_sms.db import clock

    clock.source = _stepped(folder / "clocks")


def _stepped(path: Path) -> Any:
    from django_front_sms.db.clock import SystemClocks

    with path.open("rb") as file:
        offsets = mmap.mmap(file.fileno(), CLOCKS.size, access=mmap.ACCESS_READ)

    class SteppedClocks(SystemClocks):
        def database(self, using: str) -> datetime:
            return super().database(using) + timedelta(seconds=CLOCKS.unpack(offsets[:])[0])

        def wall(self) -> float:
            return super().wall() + CLOCKS.unpack(offsets[:])[1]

    return SteppedClocks()
