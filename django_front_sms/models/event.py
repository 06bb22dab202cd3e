"""Events that are delivered to receivers of signals."""

import re
import secrets
from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_front_sms.models.primary import PrimaryModel, PrimaryQuerySet

_NAME = re.compile(r"[\w.<>]+")


def new_event_id() -> str:
    """32 hexadecimal digits, by which receivers recognise an event that is delivered again."""
    return secrets.token_hex(16)


def new_event_ids(count: int) -> list[str]:
    """`count` event ids from one draw of random bytes: a draw for each costs more than the rest of an event."""
    digits = secrets.token_hex(16 * count)
    return [digits[start : start + 32] for start in range(0, len(digits), 32)]


class EventQuerySet(PrimaryQuerySet["Event"]):
    def pending(self) -> Self:
        """Events that are still to be delivered."""
        return self.filter(next_at__isnull=False)

    def due(self, now: datetime) -> Self:
        """Pending events whose time has come, the longest waiting first."""
        return self.filter(next_at__lte=now).order_by("next_at", "pk")

    def finished(self) -> Self:
        """Events that were delivered, that have no receivers, or that were given up."""
        return self.filter(next_at__isnull=True)

    def failed(self) -> Self:
        """Events that were given up after the last attempt."""
        return self.filter(failed=True)

    def with_traceback(self) -> Self:
        """Events for which a receiver failed, whose traceback is still stored."""
        return self.exclude(traceback="")


class Event(PrimaryModel):
    """A change to deliver to receivers, written in the transaction of the change."""

    class Kind(models.TextChoices):
        MESSAGE_RECEIVED = "message_received", _("message received")
        REPLY_RECEIVED = "reply_received", _("reply received")
        STATE_CHANGED = "state_changed", _("state changed")
        STATUS_RECEIVED = "status_received", _("status received")
        COUNTER_GAP = "counter_gap", _("counter gap")
        SENDING_PAUSED = "sending_paused", _("sending paused")

    event_id = models.CharField(max_length=32, default=new_event_id, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    subject = models.CharField(
        max_length=80
    )  # "out:7", "in:7", "account:default": events of one subject keep their order
    data = models.JSONField(_("data"), default=dict)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    next_at = models.DateTimeField(
        _("due"), null=True, blank=True, default=timezone.now
    )  # null: delivered, or given up
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    delivered_to = models.JSONField(default=list, blank=True)  # the receivers that processed it
    failed = models.BooleanField(_("given up"), default=False)
    traceback = models.TextField(_("traceback"), blank=True, default="")

    objects: ClassVar = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering: ClassVar = ["pk"]
        permissions: ClassVar = [("redeliver_event", "Can deliver events again")]
        indexes: ClassVar = [
            models.Index(fields=["next_at", "id"], name="front_sms_event_due", condition=Q(next_at__isnull=False)),
            models.Index(fields=["subject", "id"], name="front_sms_event_subject"),
            models.Index(fields=["id"], name="front_sms_event_failed", condition=Q(failed=True)),
            # Most events report a state: queries for those need no index.
            models.Index(fields=["kind", "id"], name="front_sms_event_kind", condition=~Q(kind="state_changed")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    @property
    def error(self) -> str:
        """The name of the exception that a receiver raised; empty if the traceback has none.

        The message, which may contain personal data and have many lines, is left out."""
        last_frame = self.traceback.rpartition('  File "')[2]
        behind = (line for line in last_frame.split("\n")[1:] if line and not line.startswith(" "))
        name = next(behind, "").partition(":")[0]
        return name if _NAME.fullmatch(name) else ""
