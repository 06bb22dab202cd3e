"""Front's counter of inbound messages (§2.5): its highest number, and the gaps in it."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_front_sms.models.primary import PrimaryModel, PrimaryQuerySet


class InboundCounter(PrimaryModel):
    """The highest number of an account's counter. Its row is also the lock under which messages are counted."""

    account = models.CharField(_("account"), max_length=50, unique=True)
    turns = models.BigIntegerField(default=0, editable=False)
    lowest = models.BigIntegerField(null=True, editable=False)  # since the last reset
    highest = models.BigIntegerField(null=True, editable=False)
    highest_at = models.DateTimeField(null=True, editable=False)  # the latest time of a message since the last reset
    reset_at = models.DateTimeField(null=True, editable=False)  # of the last reset; null: there was none

    class Meta:
        verbose_name = _("counter")
        verbose_name_plural = _("counters")

    def __str__(self) -> str:
        return self.account

    @classmethod
    def lock(cls, account: str) -> "InboundCounter":
        """Lock the row until the transaction ends, and return it. The lock is an UPDATE, which locks on every
        database."""
        if not cls.objects.filter(account=account).update(turns=F("turns") + 1):
            cls.objects.get_or_create(account=account)
            cls.objects.filter(account=account).update(turns=F("turns") + 1)
        return cls.objects.get(account=account)


class CounterGapQuerySet(PrimaryQuerySet["CounterGap"]):
    def unfilled(self) -> Self:
        """Gaps with missing messages. Within the grace period these may be late."""
        return self.filter(closed_at=None)

    def closed(self) -> Self:
        """Gaps that late messages filled, and resets of the counter."""
        return self.filter(closed_at__isnull=False)

    def unannounced(self) -> Self:
        """Unfilled gaps that have not been signalled."""
        return self.unfilled().filter(announced_at=None)

    def open(self) -> Self:
        """Unfilled gaps past the grace period, which have been signalled: their messages are missing."""
        return self.unfilled().filter(announced_at__isnull=False, is_reset=False)


class CounterGap(PrimaryModel):
    """Numbers of the counter for which no message has arrived.

    With `is_reset` no message is missing: the counter jumped far ahead, or back, so Front has probably reset it.
    """

    account = models.CharField(_("account"), max_length=50)
    first = models.BigIntegerField(_("first"))
    last = models.BigIntegerField(_("last"))
    came = models.JSONField(_("came late"), default=list, blank=True)  # numbers between them
    shown_at = models.DateTimeField(editable=False)  # the time of the message after the gap: missing messages are older
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    announced_at = models.DateTimeField(_("announced"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    is_reset = models.BooleanField(_("counter restarted"), default=False)

    objects: ClassVar = CounterGapQuerySet.as_manager()

    class Meta:
        verbose_name = _("counter gap")
        verbose_name_plural = _("counter gaps")
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["closed_at", "account"], name="front_sms_gap_open")]

    def __str__(self) -> str:
        return f"{self.account} {self.first}-{self.last}"

    @property
    def missing(self) -> list[int]:
        """The numbers that are missing, in order; none for a reset."""
        if self.is_reset:
            return []
        came = set(self.came)
        return [number for number in range(self.first, self.last + 1) if number not in came]
