"""The used amounts of the limits in `RATE_LIMITS`."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models

from django_front_sms.models.primary import PrimaryModel, PrimaryQuerySet


class RateCounterQuerySet(PrimaryQuerySet["RateCounter"]):
    def current(self, now: datetime) -> Self:
        """Counters with a slot that still counts."""
        return self.filter(expires_at__gt=now)

    def expired(self, now: datetime) -> Self:
        """Counters whose slots are all past."""
        return self.filter(expires_at__lte=now)


class RateCounter(PrimaryModel):
    """The amount that was sent within the period of one limit, for one account, one recipient or the whole site.

    The row is also the lock under which messages are counted. `key` is a keyed digest: it does not reveal the number.
    """

    SLOTS: ClassVar = 100  # that a period is divided into

    key = models.CharField(max_length=32, primary_key=True)
    limit = models.CharField(max_length=20)  # its key in RATE_LIMITS
    account = models.CharField(max_length=50, blank=True, default="")  # of limits for each account
    used = models.JSONField(default=list)  # [[time slot, messages or segments], …]
    expires_at = models.DateTimeField(db_index=True)  # when all of its slots are past

    objects: ClassVar = RateCounterQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["key"]

    @classmethod
    def slot(cls, period: timedelta, now: datetime) -> int:
        """The time slot that `now` is in."""
        return int(now.timestamp() * cls.SLOTS / period.total_seconds())

    @classmethod
    def within(cls, used: Iterable[tuple[int, int]], period: timedelta, now: datetime) -> dict[int, int]:
        """The amount in each slot of `used`, without the slots that are past."""
        oldest = cls.slot(period, now) - cls.SLOTS
        return {slot: amount for slot, amount in used if slot >= oldest}

    def amount(self, period: timedelta, now: datetime) -> int:
        """The amount that was counted within `period`, the period of the limit."""
        return sum(self.within(self.used, period, now).values())

    def __str__(self) -> str:
        return f"{self.limit} {self.account}".strip()
