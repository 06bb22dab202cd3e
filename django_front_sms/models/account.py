"""The state of an account, shared by all processes."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Case, Count, F, OuterRef, Subquery, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull
from django.utils.translation import gettext_lazy as _

from django_front_sms.models.outbound import OutboundMessage, Priority
from django_front_sms.models.primary import PrimaryModel, PrimaryQuerySet
from django_front_sms.states import State

MOST_WAITING = 10_000  # messages that are counted for one paused account


class AccountQuerySet(PrimaryQuerySet["AccountState"]):
    def paused(self) -> Self:
        """Accounts whose sending is paused."""
        return self.filter(paused_at__isnull=False)

    def with_waiting(self) -> Self:
        """Annotate each row with `waiting`: the number of queued messages where sending is paused, else 0.

        They are counted up to `MOST_WAITING`; where there are more, `waiting` is one higher.
        """
        queued = OutboundMessage.objects.filter(account=OuterRef("account"), state=State.QUEUED).order_by()
        # MariaDB has no outer references in a derived table, so that a count cannot have a limit of its own.
        beyond = Subquery(queued.values("pk")[MOST_WAITING : MOST_WAITING + 1])
        counted = Subquery(queued.values("account").annotate(n=Count("pk")).values("n"))
        waiting = Case(
            When(paused_at=None, then=0), When(IsNull(beyond, False), then=MOST_WAITING + 1), default=counted
        )
        return self.annotate(waiting=Coalesce(waiting, 0))

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

    waiting: int  # where `with_waiting` was called
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
