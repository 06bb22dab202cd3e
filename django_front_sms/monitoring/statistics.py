"""Statistics: how much was sent, with which outcome, and how fast it arrived.

Plain numbers for the dashboard, a terminal or a monitoring system. Each function takes one or two queries that an
index answers, so that all of them together take less than a tenth of a second with millions of rows.
"""

import logging
import math
import statistics
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import TruncHour
from django.utils import timezone

from django_front_sms.conf import get_settings
from django_front_sms.db.digest import digest
from django_front_sms.models import OutboundMessage
from django_front_sms.monitoring.alerts import RECENTLY
from django_front_sms.states import ACCEPTED, State

logger = logging.getLogger(__name__)

SAMPLE = 1000  # messages whose time to delivery is measured

# What became of the messages of days long over changes seldom.
_SETTLED_AFTER = timedelta(days=2)
_WORTH_KEEPING = 20_000  # messages; few are counted in no time, and then always are
_KEPT_FOR = 3600  # seconds


@dataclass(slots=True)
class Tally:
    """Messages that were asked for in one stretch of time: how many by state, and the segments of those Front took."""

    messages: Counter[str] = field(default_factory=Counter)
    segments: int = 0

    @property
    def total(self) -> int:
        return self.messages.total()

    @property
    def delivery_rate(self) -> float | None:
        """Of those whose fate is known, how many reached their phones, from 0 to 1; None where no fate is known."""
        delivered = self.messages[State.DELIVERED]
        known = delivered + self.messages[State.UNDELIVERED]
        return delivered / known if known else None

    def spend(self) -> Decimal | None:
        """What these cost by `PRICE_PER_SEGMENT`; None where the site does not say."""
        price = get_settings().price_per_segment
        return price * self.segments if price is not None else None

    def add(self, state: str, count: int, segments: int) -> None:
        """Count messages in one state; `segments` are those of all of them."""
        self.messages[state] += count
        if state in ACCEPTED:
            self.segments += segments

    def include(self, other: "Tally") -> None:
        self.messages.update(other.messages)
        self.segments += other.segments


_Hour = tuple[datetime, dict[str, int], int]  # when it begins, messages by state, segments


class Traffic:
    """The messages of the last days, counted by the hour in which they were asked for."""

    def __init__(self, hours: Iterable[_Hour], zone: tzinfo) -> None:
        self._zone = zone
        self._hours = {hour: Tally(Counter(messages), segments) for hour, messages, segments in hours}

    def by_hour(self, first: datetime, hours: int) -> dict[datetime, Tally]:
        """So many hours from the one of `first` on, in order; an hour without a message is there, too."""
        start = first.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        moments = (start + timedelta(hours=n) for n in range(hours))
        return {moment: self._hours.get(moment, Tally()) for moment in moments}

    def by_day(self, first: date, days: int) -> dict[date, Tally]:
        """So many days from `first` on, in order, as the site's time zone has them."""
        tallies = {first + timedelta(days=n): Tally() for n in range(days)}
        for hour, tally in self._hours.items():
            day = tallies.get(hour.astimezone(self._zone).date())
            if day is not None:
                day.include(tally)
        return tallies


def traffic(days: int, now: datetime | None = None, accounts: Collection[str] | None = None) -> Traffic:
    """What was asked for today and in the `days - 1` days before, as the current time zone has them; one query.

    Where there were many messages, those of days long over are counted once an hour, and kept in Django's cache.
    `accounts`: count the messages of these only; None: of all in the settings.
    """
    zone = timezone.get_current_timezone()
    today = timezone.localdate(now)
    since = datetime.combine(today - timedelta(days=days - 1), time.min, zone).astimezone(UTC)
    settled = datetime.combine(today, time.min, UTC) - _SETTLED_AFTER
    names = _names(accounts)
    key = f"front_sms:hours:{digest(*names)}:{since:%Y%m%d%H}:{settled:%Y%m%d}"
    old: list[_Hour] | None = _recall(key)
    if old is not None:
        return Traffic([*old, *_hours(settled, names)], zone)
    hours = _hours(since, names)
    old = [hour for hour in hours if hour[0] < settled]
    if sum(sum(messages.values()) for _hour, messages, _segments in old) >= _WORTH_KEEPING:
        _keep(key, old)
    return Traffic(hours, zone)


def _names(accounts: Collection[str] | None) -> list[str]:
    known = get_settings().accounts
    return sorted(known if accounts is None else known.keys() & set(accounts))


def _hours(since: datetime, accounts: Collection[str]) -> list[_Hour]:
    # By UTC's hours, and not by days: MySQL knows no other time zone unless somebody told it.
    hours = asked_for(since, accounts).order_by().values_list(TruncHour("created_at", tzinfo=UTC), "state")
    tallies: defaultdict[datetime, Tally] = defaultdict(Tally)
    for hour, state, count, segments in hours.annotate(count=Count("*"), parts=Sum("segments")):
        tallies[hour].add(state, count, segments)
    return [(hour, dict(tally.messages), tally.segments) for hour, tally in tallies.items()]


def asked_for(since: datetime, accounts: Collection[str] | None = None) -> "QuerySet[OutboundMessage]":
    """The messages since then of these accounts in the settings (None: all): the index begins with the account."""
    return OutboundMessage.objects.filter(account__in=_names(accounts), created_at__gte=since)


def _recall(key: str) -> Any:
    try:
        return cache.get(key)
    except Exception:
        logger.warning("Django's cache cannot be read: figures are counted anew each time.", exc_info=True)
        return None


def _keep(key: str, value: object) -> None:
    try:
        cache.set(key, value, _KEPT_FOR)
    except Exception:
        logger.warning("Django's cache cannot be written: figures are counted anew each time.", exc_info=True)


def refusals(now: datetime | None = None, accounts: Collection[str] | None = None) -> list[tuple[int | None, int]]:
    """Front's error codes of the messages that were rejected in the last `RECENTLY`, the most frequent first; None for
    those that were refused here (opted out, for example)."""
    rejected = asked_for((now or timezone.now()) - RECENTLY, accounts).filter(state=State.REJECTED)
    counted = rejected.order_by().values_list("error_code").annotate(count=Count("*")).order_by("-count", "error_code")
    return [(code, count) for code, count in counted]


@dataclass(frozen=True, slots=True)
class DeliveryTimes:
    """How long messages took from us to the phone, in seconds, in order."""

    seconds: Sequence[float]

    @property
    def median(self) -> float | None:
        return statistics.median(self.seconds) if self.seconds else None

    @property
    def slowest_twentieth(self) -> float | None:
        """The 95th percentile: 19 of 20 were at least as fast."""
        return self.seconds[math.ceil(len(self.seconds) * 0.95) - 1] if self.seconds else None

    def within(self, low: float, high: float) -> int:
        """How many took at least `low` seconds, and less than `high`."""
        return bisect_left(self.seconds, high) - bisect_left(self.seconds, low)


def delivery_times(sample: int = SAMPLE, accounts: Collection[str] | None = None) -> DeliveryTimes:
    """Of the latest messages that were delivered: from when Front took them to when it told that they had arrived."""
    latest = OutboundMessage.objects.filter(state=State.DELIVERED).order_by("-pk")
    if accounts is not None:
        latest = latest.filter(account__in=accounts)
    took = latest.values_list(F("delivered_at") - F("sent_at"), flat=True)[:sample]
    return DeliveryTimes(sorted(max(each.total_seconds(), 0.0) for each in took if each is not None))
