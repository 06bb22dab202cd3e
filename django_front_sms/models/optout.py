"""Opt-outs from messages."""

from collections.abc import Collection
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_front_sms.models.inbound import InboundMessage
from django_front_sms.models.primary import PrimaryModel, PrimaryQuerySet


class OptOutQuerySet(PrimaryQuerySet["OptOut"]):
    def of_numbers(self, account: str, numbers: Collection[str]) -> Self:
        """The opt-outs of these numbers from the senders of an account."""
        return self.filter(account=account, number__in=numbers)


class OptOut(PrimaryModel):
    """An opt-out of a number from a sender of an account; an empty `sender` means all of them."""

    account = models.CharField(_("account"), max_length=50, default="default")
    sender = models.CharField(
        _("sender"),
        max_length=20,
        blank=True,
        default="",
        help_text=_("The number or name that messages come from. Empty: every sender of the account."),
    )
    number = models.CharField(_("number"), max_length=20, help_text=_("The number that no messages are sent to."))
    since = models.DateTimeField(_("since"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("created by"), related_name="+"
    )
    message = models.ForeignKey(
        InboundMessage,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="opt_outs",
        verbose_name=_("inbound message"),
    )

    objects: ClassVar = OptOutQuerySet.as_manager()

    class Meta:
        verbose_name = _("opt-out")
        verbose_name_plural = _("opt-outs")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "number", "sender"], name="front_sms_one_opt_out"),
        ]
        indexes: ClassVar = [models.Index(fields=["number"], name="front_sms_opt_out_number")]

    def __str__(self) -> str:
        return f"#{self.pk}"
