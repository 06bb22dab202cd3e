"""Quiet hours: the daily period in which normal messages wait. Pure functions, in the site's time zone."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Self

from django.utils import timezone

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The time from `start` to `end` of each day, or of the next one if `end` is the earlier of the two."""

    start: time
    end: time

    @classmethod
    def parse(cls, written: Sequence[str]) -> Self:
        """From `("21:00", "08:00")`; raises `ValueError`."""
        times = [_TIME.fullmatch(text) if isinstance(text, str) else None for text in written]
        if len(times) != 2 or not all(times) or written[0] == written[1]:
            raise ValueError('Quiet hours must be two different times, like ("21:00", "08:00").')
        start, end = (time(int(found[1]), int(found[2])) for found in times if found)
        return cls(start, end)

    def end_after(self, at: datetime, zone: tzinfo) -> datetime | None:
        """The end of the quiet hours that contain `at`; None outside of them.

        By local time in `zone`. If daylight saving time skips or repeats an hour, the longer period applies.
        """
        today = at.astimezone(zone).date()
        for day in (today - timedelta(days=1), today):
            start = min(_readings(day, self.start, zone))
            last_day = day if self.start < self.end else day + timedelta(days=1)
            end = max(_readings(last_day, self.end, zone))
            if start <= at < end:
                return end
        return None


def _readings(day: date, clock: time, zone: tzinfo) -> list[datetime]:
    """The times at which the local clock shows `clock`: two in the hour that is repeated in autumn. In the hour that is
    skipped in spring, the two differ from it by the change of the clock."""
    return [datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1)]


def ends_at(written: Sequence[str] | None, at: datetime) -> datetime | None:
    """The end of the quiet hours that contain `at`, in the site's time zone; None outside of them, or without any.
    `written`: the value of `QUIET_HOURS`."""
    if not written:
        return None
    return _parsed(tuple(written)).end_after(at, timezone.get_default_timezone())


_parsed = functools.lru_cache(maxsize=64)(QuietHours.parse)
