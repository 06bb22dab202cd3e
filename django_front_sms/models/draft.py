"""Drafts of the composer."""

import json
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_front_sms.models.primary import PrimaryModel, PrimaryQuerySet

KEPT_FOR = timedelta(days=1)


class DraftQuerySet(PrimaryQuerySet["ComposerDraft"]):
    def old(self) -> "DraftQuerySet":
        """Drafts that were not changed for `KEPT_FOR`."""
        return self.filter(changed_at__lt=timezone.now() - KEPT_FOR)


class ComposerDraft(PrimaryModel):
    """The fields of a message that a user wrote in the composer, for the confirmation page.

    It is kept after a logout, and deleted after a day, because it contains texts and numbers.
    """

    key = models.CharField(max_length=64)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    content = models.TextField()  # JSON in ASCII: the fields may have characters that a database does not accept
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects: ClassVar = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        default_permissions = ()
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="front_sms_one_draft")]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def fields(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.content)
        return found
