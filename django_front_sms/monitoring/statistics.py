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
from django.db.models import Count, F, Sum
from django.db.models.functions import TruncHour
from django.utils import timezone

from django_front_sms.conf import get_settings
from django_front_sms.db.digest import digest
from django_front_sms.models import OutboundMessage
from django_front_sms.models.outbound import OutboundQuerySet
from django_front_sms.monitoring.alerts import RECENTLY
from django_front_sms.states import ACCEPTED, State

logger = logging.getLogger(__name__)

SAMPLE = 1000  # messages whose time to delivery is measured
MOST_REFUSALS = 10_000

# The outcomes of messages older than this change seldom, and are cached.
_SETTLED_AFTER = timedelta(days=2)
_WORTH_KEEPING = 20_000  # messages; counting fewer is fast enough without a cache
_KEPT_FOR = 3600  # seconds


@dataclass(slots=True)
class Tally:
    """The messages created in a period: their number by state, and the segments of those that Front accepted."""

    messages: Counter[str] = field(default_factory=Counter)
    segments: int = 0

    @property
    def total(self) -> int:
        return self.messages.total()

    @property
    def delivery_rate(self) -> float | None:
        """The share of messages with a final status that were delivered, from 0 to 1; None without such messages."""
        delivered = self.messages[State.DELIVERED]
        known = delivered + self.messages[State.UNDELIVERED]
        return delivered / known if known else None

    def spend(self) -> Decimal | None:
        """The cost of the segments by `PRICE_PER_SEGMENT`; None if it is not set."""
        price = get_settings().price_per_segment
        return price * self.segments if price is not None else None

    def add(self, state: str, count: int, segments: int) -> None:
        """Add `count` messages in one state, with `segments` in total."""
        self.messages[state] += count
        if state in ACCEPTED:
            self.segments += segments

    def include(self, other: "Tally") -> None:
        self.messages.update(other.messages)
        self.segments += other.segments


_Hour = tuple[datetime, dict[str, int], int]  # its start, messages by state, segments


class Traffic:
    """The messages of the last days, counted by the hour of their creation."""

    def __init__(self, hours: Iterable[_Hour], zone: tzinfo) -> None:
        self._zone = zone
        self._hours = {hour: Tally(Counter(messages), segments) for hour, messages, segments in hours}

    def by_hour(self, first: datetime, hours: int) -> dict[datetime, Tally]:
        """The tallies of `hours` hours in order, from the hour of `first`; includes hours without messages."""
        start = first.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        moments = (start + timedelta(hours=n) for n in range(hours))
        return {moment: self._hours.get(moment, Tally()) for moment in moments}

    def by_day(self, first: date, days: int) -> dict[date, Tally]:
        """The tallies of `days` days in order, from `first`, in the site's time zone."""
        tallies = {first + timedelta(days=n): Tally() for n in range(days)}
        for hour, tally in self._hours.items():
            day = tallies.get(hour.astimezone(self._zone).date())
            if day is not None:
                day.include(tally)
        return tallies


def traffic(days: int, now: datetime | None = None, accounts: Collection[str] | None = None) -> Traffic:
    """The messages created today and in the `days - 1` days before, in the current time zone; one query.

    With many messages, those of past days are counted once an hour, and stored in Django's cache.
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
    # By hours in UTC, not by days: MySQL supports no other time zone unless its time zone tables are loaded.
    hours = created_since(since, accounts).order_by().values_list(TruncHour("created_at", tzinfo=UTC), "state")
    tallies: defaultdict[datetime, Tally] = defaultdict(Tally)
    for hour, state, count, segments in hours.annotate(count=Count("*"), parts=Sum("segments")):
        tallies[hour].add(state, count, segments)
    return [(hour, dict(tally.messages), tally.segments) for hour, tally in tallies.items()]


def created_since(since: datetime, accounts: Collection[str] | None = None) -> OutboundQuerySet:
    """Messages created since `since` in `accounts`; None means all accounts in the settings.

    The condition on the account is always there, because the index begins with it.
    """
    return OutboundMessage.objects.filter(account__in=_names(accounts), created_at__gte=since)


def _recall(key: str) -> Any:
    try:
        return cache.get(key)
    except Exception:
        logger.warning("Django's cache could not be read. Statistics are computed without it.", exc_info=True)
        return None


def _keep(key: str, value: object) -> None:
    try:
        cache.set(key, value, _KEPT_FOR)
    except Exception:
        logger.warning("Django's cache could not be written. Statistics are computed without it.", exc_info=True)


def refusals(now: datetime | None = None, accounts: Collection[str] | None = None) -> list[tuple[int | None, int]]:
    """Front's error codes of the messages rejected in the last `RECENTLY`, with counts, the most frequent first.

    Only the latest `MOST_REFUSALS` are counted, because counting a million takes a second. The code is None for
    messages that were rejected without Front, for example because of an opt-out.
    """
    latest = created_since((now or timezone.now()) - RECENTLY, accounts).rejected().order_by("-pk")
    codes = Counter(latest.values_list("error_code", flat=True)[:MOST_REFUSALS])
    return sorted(codes.items(), key=lambda counted: (-counted[1], counted[0] is not None, counted[0] or 0))


@dataclass(frozen=True, slots=True)
class DeliveryTimes:
    """The delivery times of messages in seconds, in ascending order."""

    seconds: Sequence[float]

    @property
    def median(self) -> float | None:
        return statistics.median(self.seconds) if self.seconds else None

    @property
    def percentile_95(self) -> float | None:
        """The 95th percentile, in seconds."""
        return self.seconds[math.ceil(len(self.seconds) * 0.95) - 1] if self.seconds else None

    def within(self, low: float, high: float) -> int:
        """The number of delivery times of at least `low` and less than `high` seconds."""
        return bisect_left(self.seconds, high) - bisect_left(self.seconds, low)


def delivery_times(sample: int = SAMPLE, accounts: Collection[str] | None = None) -> DeliveryTimes:
    """The times from Front's acceptance to the delivery status, of the `sample` latest delivered messages."""
    latest = OutboundMessage.objects.delivered().order_by("-pk")
    if accounts is not None:
        latest = latest.filter(account__in=accounts)
    durations = latest.values_list(F("delivered_at") - F("sent_at"), flat=True)[:sample]
    return DeliveryTimes(sorted(max(each.total_seconds(), 0.0) for each in durations if each is not None))
