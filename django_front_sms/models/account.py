"""The state of an account, shared by all processes."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from django_front_sms.models.outbound import OutboundMessage, Priority
from django_front_sms.models.primary import PrimaryModel, PrimaryQuerySet


class AccountQuerySet(PrimaryQuerySet["AccountState"]):
    def paused(self) -> Self:
        """Accounts whose sending is paused."""
        return self.filter(paused_at__isnull=False)

    def with_overdue(self, now: datetime) -> Self:
        """Annotate each row with `overdue_normal` and `overdue_urgent`: the due time of its oldest message of that
        priority that is `long_due`, or None."""
        overdue = OutboundMessage.objects.long_due(now).filter(account=OuterRef("account"))
        normal, urgent = (
            Subquery(overdue.filter(priority=priority).order_by("next_at").values("next_at")[:1])
            for priority in (Priority.NORMAL, Priority.URGENT)
        )
        return self.annotate(overdue_normal=normal, overdue_urgent=urgent)


class AccountState(PrimaryModel):
    """The state of one gateway account. Its row is also the lock that claims of the account take.

    No foreign key refers to it: a check of one could block the lock. `key` is `conf.Account.gateway`.
    """

    key = models.CharField(max_length=32, unique=True, editable=False)
    account = models.CharField(_("account"), max_length=50)
    claims = models.BigIntegerField(default=0, editable=False)
    clock = models.DateTimeField(null=True, editable=False)  # the highest time that a claim or a sweep saw
    readings = models.JSONField(default=dict, editable=False)  # of that clock, by machine: `outbox.clock_skew`
    slots = models.JSONField(default=dict, editable=False)  # who may claim, by lane and number
    generation = models.PositiveIntegerField(default=0, editable=False)  # counts the resumes
    paused_at = models.DateTimeField(_("paused since"), null=True, blank=True)
    pause_code = models.IntegerField(_("because of code"), null=True, blank=True)
    probe_at = models.DateTimeField(_("next probe"), null=True, blank=True)
    probes = models.PositiveIntegerField(_("probes"), default=0)
    rate_at = models.DateTimeField(null=True, editable=False)  # up to when MAX_PER_SECOND is used up

    overdue_normal: datetime | None  # where `with_overdue` was called
    overdue_urgent: datetime | None

    objects: ClassVar = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        permissions: ClassVar = [("resume_accountstate", "Can resume paused accounts")]

    def __str__(self) -> str:
        return self.account

    @classmethod
    def lock(cls, key: str, account: str) -> "AccountState":
        """Lock the row until the transaction ends, and return it.

        The lock is an UPDATE, which locks on every database. It must be the transaction's first statement, so that
        nothing was read before the lock."""
        row = cls.objects.filter(key=key)
        if not row.update(claims=F("claims") + 1, account=account):
            cls.objects.get_or_create(key=key, defaults={"account": account})
            row.update(claims=F("claims") + 1)
        return cls.objects.get(key=key)
