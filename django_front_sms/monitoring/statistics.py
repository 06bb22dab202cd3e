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
from itertools import chain
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Case, Count, F, Sum, When
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

# The older messages are, the less often their outcomes change, and the longer their numbers are kept in the cache.
_SETTLED_AFTER = timedelta(days=2)
_SETTLED_KEPT_FOR = 3600  # seconds
# Each ends between once and twice this long ago, and its numbers are kept for as long.
_RECENT = (timedelta(minutes=10), timedelta(minutes=3), timedelta(seconds=30))
_WORTH_KEEPING = 20_000  # messages; counting fewer is fast enough without a cache


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
        self._hours: defaultdict[datetime, Tally] = defaultdict(Tally)
        for hour, messages, segments in hours:
            self._hours[hour].include(Tally(Counter(messages), segments))

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

    With many messages, those of past days are counted once an hour, those of the last days every ten minutes, those of
    the last minutes every three minutes or thirty seconds, and only those of the last minute each time; the numbers are
    stored in Django's cache.
    `accounts`: count the messages of these only; None: of all in the settings.
    """
    zone = timezone.get_current_timezone()
    today = timezone.localdate(now)
    since = datetime.combine(today - timedelta(days=days - 1), time.min, zone).astimezone(UTC)
    names = _names(accounts)
    periods = _periods(since, now or timezone.now(), names)
    kept = _from_cache(periods)
    since = periods[len(kept) - 1].end if kept else since
    missing = periods[len(kept) :]
    *counted, latest = _count(since, [period.end for period in missing], names)
    earlier = [*kept, *counted]
    if sum(sum(messages.values()) for _hour, messages, _segments in chain(*earlier)) >= _WORTH_KEEPING:
        for period, hours in zip(missing, counted, strict=True):
            _keep(period.key, hours, period.kept_for)
    return Traffic(chain(*earlier, latest), zone)


class _Period(NamedTuple):
    """Messages created before `end` and after the period before, whose numbers are cached for `kept_for` seconds."""

    end: datetime
    kept_for: int
    key: str


def _periods(since: datetime, now: datetime, accounts: Collection[str]) -> list[_Period]:
    end = max(since, datetime.combine(now.astimezone(UTC) - _SETTLED_AFTER, time.min, UTC))
    key = f"front_sms:hours:{digest(*accounts)}:{since:%Y%m%d%H}:{end:%Y%m%d%H}"
    periods = [_Period(end, _SETTLED_KEPT_FOR, key)]
    for age in _RECENT:
        latest = now.astimezone(UTC) - age
        end = max(end, latest - (latest - datetime.min.replace(tzinfo=UTC)) % age)
        key += f":{end:%d%H%M%S}"
        periods.append(_Period(end, age.seconds, key))
    return periods


def _names(accounts: Collection[str] | None) -> list[str]:
    known = get_settings().accounts
    return sorted(known if accounts is None else known.keys() & set(accounts))


def _from_cache(periods: Iterable[_Period]) -> list[list[_Hour]]:
    """The hours of the first periods, up to the first one that is not in the cache."""
    found: list[list[_Hour]] = []
    for period in periods:
        if (hours := _recall(period.key)) is None:
            break
        found.append(hours)
    return found


def _count(since: datetime, ends: Sequence[datetime], accounts: Collection[str]) -> list[list[_Hour]]:
    """The hours of each period that ends at one of `ends`, and of the time after them."""
    # By hours in UTC, not by days: MySQL supports no other time zone unless its time zone tables are loaded.
    hour = TruncHour("created_at", tzinfo=UTC)
    period = Case(*(When(created_at__lt=end, then=n) for n, end in enumerate(ends)), default=len(ends))
    rows = created_since(since, accounts).order_by().values_list(hour, "state", period)
    tallies: list[defaultdict[datetime, Tally]] = [defaultdict(Tally) for _ in (*ends, None)]
    for moment, state, number, count, segments in rows.annotate(count=Count("*"), parts=Sum("segments")):
        tallies[number][moment].add(state, count, segments)
    return [[(hour, dict(tally.messages), tally.segments) for hour, tally in part.items()] for part in tallies]


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


def _keep(key: str, value: object, seconds: int) -> None:
    try:
        cache.set(key, value, seconds)
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
