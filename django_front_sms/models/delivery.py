"""The history of an outbound message: attempts, delivery statuses, and decisions of users."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_front_sms.models.outbound import OutboundMessage
from django_front_sms.models.primary import PrimaryModel, PrimaryQuerySet
from django_front_sms.models.push import PushQuerySet


class AttemptQuerySet(PrimaryQuerySet["SendAttempt"]):
    def of_message(self, message: Any) -> Self:
        """Attempts of one message. `message`: its key, the row, or an expression such as `OuterRef`."""
        return self.filter(message=message)

    def claimed_after(self, moment: datetime) -> Self:
        """Attempts that began after a moment."""
        return self.filter(claimed_at__gt=moment)


class SendAttempt(PrimaryModel):
    """One claim of a message, and its outcome. The wire fields hold the values that were sent."""

    class Outcome(models.TextChoices):
        """The known outcomes of an attempt."""

        PENDING = "pending", _("under way")
        NOT_SENT = "not_sent", _("not sent")
        ANSWERED = "answered", _("answered")
        AMBIGUOUS = "ambiguous", _("no clear answer")
        LOST = "lost", _("worker stopped")  # like AMBIGUOUS, but a late answer may still come, and then counts

    message = models.ForeignKey(
        OutboundMessage, models.CASCADE, related_name="send_attempts", db_index=False, verbose_name=_("message")
    )
    number = models.PositiveIntegerField(_("number"))
    token = models.CharField(max_length=32, editable=False)
    twin_key = models.CharField(max_length=32, editable=False)
    wire_recipient = models.CharField(_("recipient on the wire"), max_length=20)
    wire_sender = models.CharField(_("sender on the wire"), max_length=20)
    wire_digest = models.CharField(max_length=32, editable=False)
    claimed_at = models.DateTimeField(_("claimed"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    duration = models.FloatField(_("duration in seconds"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome.choices, default=Outcome.PENDING)
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    error_code = models.BigIntegerField(_("error code"), null=True, blank=True)
    gateway_id = models.BigIntegerField(_("Front's id"), null=True, blank=True)
    detail = models.CharField(_("detail"), max_length=300, blank=True, default="")
    voided = models.BooleanField(_("set aside by a person"), default=False)

    objects: ClassVar = AttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering: ClassVar = ["message", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "number"], name="front_sms_attempt_number"),
        ]
        indexes: ClassVar = [models.Index(fields=["twin_key", "claimed_at"], name="front_sms_twin")]

    def __str__(self) -> str:
        return f"#{self.message_id} {self.number}: {self.get_outcome_display()}"


class DeliveryStatusQuerySet(PushQuerySet["DeliveryStatus"]):
    def unmatched(self) -> Self:
        """Statuses whose message is not known."""
        return self.filter(message=None)

    def matched(self) -> Self:
        """Statuses whose message is known."""
        return self.filter(message__isnull=False)


class DeliveryStatus(PrimaryModel):
    """One status push (§2.3), unchanged. `message` is null while no message with that id is known."""

    message = models.ForeignKey(
        OutboundMessage, models.CASCADE, null=True, blank=True, related_name="statuses", verbose_name=_("message")
    )
    account = models.CharField(_("account"), max_length=50)
    gateway_id = models.BigIntegerField(_("Front's id"), null=True, blank=True)
    status = models.BigIntegerField(_("status"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    raw = models.BinaryField(_("as it came"), blank=True, default=b"")
    problem = models.CharField(_("problem"), max_length=1000, blank=True, default="")
    process_at = models.DateTimeField(
        null=True, blank=True, default=timezone.now, editable=False
    )  # null: folded, or given up

    objects: ClassVar = DeliveryStatusQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery status")
        verbose_name_plural = _("delivery statuses")
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(fields=["process_at"], name="front_sms_to_fold", condition=Q(process_at__isnull=False)),
            models.Index(fields=["account", "gateway_id"], name="front_sms_status_id"),
            models.Index(fields=["received_at"], name="front_sms_status_received"),
            models.Index(fields=["id"], name="front_sms_status_problem", condition=~Q(problem="")),
        ]

    def __str__(self) -> str:
        return f"{self.gateway_id}: {self.status}"


class DecisionQuerySet(PrimaryQuerySet["Decision"]):
    def about_account(self, account: str) -> Self:
        """Decisions about an account, not about one of its messages."""
        return self.filter(account=account, message=None)

    def resumes(self, account: str, during: tuple[datetime, datetime]) -> Self:
        """Decisions that resumed an account within a span of time."""
        return self.about_account(account).filter(action=Decision.Action.RESUME, at__range=during)


class Decision(PrimaryModel):
    """A person's decision about a message or an account."""

    class Action(models.TextChoices):
        CANCEL = "cancel", _("stopped it")
        MARK_SENT = "mark_sent", _("marked it as sent")
        SEND_ANYWAY = "send_anyway", _("sent it anyway")
        GIVE_UP = "give_up", _("gave it up")
        RESUME = "resume", _("resumed the account")

    message = models.ForeignKey(
        OutboundMessage, models.CASCADE, null=True, blank=True, related_name="decisions", verbose_name=_("message")
    )
    account = models.CharField(_("account"), max_length=50, blank=True, default="")
    action = models.CharField(_("decision"), max_length=12, choices=Action.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("by"), related_name="+"
    )
    at = models.DateTimeField(_("at"), default=timezone.now)

    objects: ClassVar = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"#{self.message_id} {self.get_action_display()}"
