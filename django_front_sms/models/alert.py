"""Alerts that people were mailed about."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from django_front_sms.models.primary import PrimaryModel


class ActiveAlert(PrimaryModel):
    """An alert of `monitoring.alerts` that is active, so that its mail is sent once, whichever worker sends it.

    `subject` is the account, the rate limit or the kind of event that it is about.
    """

    name = models.CharField(max_length=30)
    subject = models.CharField(max_length=100)
    since = models.DateTimeField(default=timezone.now)
    mailed_at = models.DateTimeField(null=True, blank=True)  # null: not active for long enough yet

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["name", "subject"], name="front_sms_one_alert")]

    def __str__(self) -> str:
        return f"{self.name} {self.subject}"
