"""Front counts what it brings to a customer (§2.5): what is remembered of that count, and its holes."""

from typing import ClassVar

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_front_sms.models.primary import PrimaryModel


class InboundCounter(PrimaryModel):
    """How far an account's counter has come; its row is also the lock behind which messages are counted."""

    account = models.CharField(_("account"), max_length=50, unique=True)
    turns = models.BigIntegerField(default=0, editable=False)
    lowest = models.BigIntegerField(null=True, editable=False)  # of this count
    highest = models.BigIntegerField(null=True, editable=False)
    highest_at = models.DateTimeField(null=True, editable=False)  # the latest time of a message of this count
    reset_at = models.DateTimeField(null=True, editable=False)  # since when it counts anew; null: it never did

    class Meta:
        verbose_name = _("counter")
        verbose_name_plural = _("counters")

    def __str__(self) -> str:
        return self.account

    @classmethod
    def lock(cls, account: str) -> "InboundCounter":
        """Take the lock until the transaction ends: an UPDATE, which locks on every database."""
        if not cls.objects.filter(account=account).update(turns=F("turns") + 1):
            cls.objects.get_or_create(account=account)
            cls.objects.filter(account=account).update(turns=F("turns") + 1)
        return cls.objects.get(account=account)


class CounterGap(PrimaryModel):
    """Numbers that no message came with: each is a message that Front sent and we never got.

    With `is_reset` it is no hole: the counter jumped so far, or back, that it must have been set anew.
    """

    account = models.CharField(_("account"), max_length=50)
    first = models.BigIntegerField(_("first"))
    last = models.BigIntegerField(_("last"))
    came = models.JSONField(_("came late"), default=list, blank=True)  # numbers between them
    shown_at = models.DateTimeField(editable=False)  # the time of the message that showed it: what is missing is older
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    told_at = models.DateTimeField(_("told"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    is_reset = models.BooleanField(_("counted anew"), default=False)

    class Meta:
        verbose_name = _("counter gap")
        verbose_name_plural = _("counter gaps")
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["closed_at", "account"], name="front_sms_gap_open")]

    def __str__(self) -> str:
        return f"{self.account} {self.first}-{self.last}"

    @property
    def missing(self) -> list[int]:
        """The numbers that have not come, in order; none for a reset."""
        if self.is_reset:
            return []
        came = set(self.came)
        return [number for number in range(self.first, self.last + 1) if number not in came]
