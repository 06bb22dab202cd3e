"""Conversations that users marked as handled."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_front_sms.models.primary import PrimaryModel, PrimaryQuerySet


class HandledQuerySet(PrimaryQuerySet["HandledConversation"]):
    def of(self, account: Any, number: Any) -> Self:
        """The mark of one conversation; the arguments may be expressions such as `OuterRef`."""
        return self.filter(account=account, number=number)


class HandledConversation(PrimaryModel):
    """A conversation that needs no answer, until a newer inbound message than `up_to` is received."""

    account = models.CharField(_("account"), max_length=50)
    number = models.CharField(_("number"), max_length=100)
    up_to = models.BigIntegerField(editable=False)  # the primary key of the last inbound message that was handled
    at = models.DateTimeField(_("handled"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("handled by"), related_name="+"
    )

    objects: ClassVar = HandledQuerySet.as_manager()

    class Meta:
        verbose_name = _("handled conversation")
        verbose_name_plural = _("handled conversations")
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "number"], name="front_sms_one_handled"),
        ]
        indexes: ClassVar = [models.Index(fields=["number"], name="front_sms_handled_number")]

    def __str__(self) -> str:
        return f"#{self.pk}"
