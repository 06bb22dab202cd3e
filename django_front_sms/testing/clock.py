"""A clock that tests move: the app's, Django's `timezone.now()` and the simulator's, all at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from unittest import mock

from django.utils import timezone

from django_front_sms.db import clock


class MovingClock(clock.SystemClocks):
    """The real time, and `ahead` seconds more. It runs on by itself, too: what waits for it never waits in vain."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def advance(self, seconds: float) -> None:
        """ValueError where `seconds` are below 0: the app takes a step back for a broken clock."""
        if seconds < 0:
            raise ValueError(f"the clock cannot go back ({seconds} s); give seconds from 0 up")
        self.ahead += seconds

    def database(self, using: str) -> datetime:
        return super().database(using) + timedelta(seconds=self.ahead)

    def boot(self) -> float:
        return super().boot() + self.ahead

    def wall(self) -> float:
        return super().wall() + self.ahead

    @contextmanager
    def installed(self) -> Iterator[None]:
        """In force inside. `datetime.now()` and `time.time()` of the site's own code stay as they are."""
        # Fields have `timezone.now` itself as their default, so it is its `datetime` that is replaced.
        with mock.patch.object(clock, "source", self), mock.patch.object(timezone, "datetime", _datetime_of(self)):
            yield


class _Lookalike(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


def _datetime_of(moving: MovingClock) -> type[datetime]:
    class Moved(datetime, metaclass=_Lookalike):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(seconds=moving.ahead)

    return Moved
