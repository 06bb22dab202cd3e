"""A clock that tests move: for the app, for Django's `timezone.now()` and for the simulator."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.utils import timezone

from django_front_sms.db import clock


class MovingClock(clock.SystemClocks):
    """The time of `datetime.now()` plus `ahead` seconds. It keeps running.

    All clocks of the app use it, including the database's. They therefore also work with libraries that replace
    `datetime.now()`: freezegun stops them, and time-machine moves them.
    """

    def __init__(self) -> None:
        self.ahead = 0.0

    def advance(self, seconds: float) -> None:
        """Move the clock forward. Raises ValueError for a negative value: the app treats it as a clock fault."""
        if seconds < 0:
            raise ValueError(f"the clock cannot go back ({seconds} s); give seconds from 0 up")
        self.ahead += seconds

    def now(self, tz: datetime.tzinfo | None = datetime.UTC) -> datetime.datetime:
        # Looked up at each call: freezegun replaces the class in the module.
        return datetime.datetime.now(tz) + datetime.timedelta(seconds=self.ahead)

    def database(self, using: str) -> datetime.datetime:
        return self.now()

    def boot(self) -> float:
        return super().boot() + self.ahead

    def machine(self) -> str:
        return ""  # freezegun stops the database's clock here, but not `boot`

    def wall(self) -> float:
        return self.now().timestamp()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Use this clock inside the context. The site's own `datetime.now()` and `time.time()` do not change."""
        # Model fields have the function `timezone.now` as their default, so the `datetime` that it uses is replaced.
        with mock.patch.object(clock, "source", self), mock.patch.object(timezone, "datetime", _MovedDatetime(self)):
            yield


class _MovedDatetime:
    """Replaces `datetime` in `django.utils.timezone`.

    It is an object, not a subclass: freezegun's `datetime` has a metaclass of its own, which a subclass would have to
    inherit from.
    """

    def __init__(self, clock: MovingClock) -> None:
        self._clock = clock

    def now(self, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return self._clock.now(tz)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, datetime.datetime)

    def __getattr__(self, name: str) -> Any:
        return getattr(datetime.datetime, name)
