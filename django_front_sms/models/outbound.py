"""Outbound messages, and the bulk sends that group them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_front_sms.models.primary import PrimaryModel, PrimaryQuerySet
from django_front_sms.states import ACCEPTED, FINAL, OPEN, State

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from django_front_sms.models.delivery import Decision, DeliveryStatus, SendAttempt
    from django_front_sms.timeline import Entry


HIDDEN_TEXT = "••••••"


class Priority(models.IntegerChoices):
    """Higher values are sent first; urgent messages also have separate threads."""

    NORMAL = 0, _("normal")
    URGENT = 1, _("urgent")


class Wait(models.TextChoices):
    """Why a queued message was not sent yet."""

    NOTHING = "", "—"
    SCHEDULE = "schedule", _("its scheduled time")
    TWIN = "twin", _("the end of the duplicate window of an equal message")
    RETRY = "retry", _("the next attempt")
    QUIET_HOURS = "quiet", _("the end of the quiet hours")


class OnDuplicate(models.TextChoices):
    """What to do with a message while an equal one is in Front's duplicate window (§2.2, code 17)."""

    SETTING = "", _("as the site's settings say")
    DEFER = "defer", _("wait for the end of the duplicate window")
    COALESCE = "coalesce", _("do not send again")
    REJECT = "reject", _("reject")


class BulkSend(PrimaryModel):
    """One text to many numbers (§2.4); each number has an `OutboundMessage` of its own, which cannot be tracked."""

    account = models.CharField(_("account"), max_length=50)
    sender = models.CharField(_("sender"), max_length=20)
    text = models.TextField(_("text"))
    unicode = models.BooleanField(_("Unicode"), default=False)
    recipients = models.PositiveIntegerField(_("recipients"), default=0)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("created by"), related_name="+"
    )
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    # As OutboundMessage has them.
    idempotency_key = models.CharField(_("idempotency key"), max_length=200, null=True, blank=True)  # noqa: DJ001
    idempotency_digest = models.CharField(max_length=32, null=True, unique=True, editable=False)  # noqa: DJ001
    payload_digest = models.CharField(max_length=32, blank=True, default="", editable=False)

    class Meta:
        verbose_name = _("bulk send")
        verbose_name_plural = _("bulk sends")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"#{self.pk}"


OVERDUE_AFTER = timedelta(minutes=5)
UNDECIDED = Q(state=State.UNCONFIRMED, given_up=False)


class OutboundQuerySet(PrimaryQuerySet["OutboundMessage"]):
    def unfinished(self) -> Self:
        """Messages that are queued or being sent."""
        return self.filter(state__in=OPEN)

    def queued(self) -> Self:
        """Messages that wait to be sent."""
        return self.filter(state=State.QUEUED)

    def due(self, account: str, priorities: Sequence[int] = tuple(Priority), *, now: datetime) -> Self:
        """Queued messages whose time has come, the longest waiting first."""
        of_account = self.queued().filter(account=account, priority__in=priorities, next_at__lte=now)
        return of_account.order_by("next_at", "pk")

    def sendable(self, now: datetime) -> Self:
        """Queued messages whose time has come, of accounts that are not paused."""
        return self.queued().filter(next_at__lte=now)._of_running_accounts()

    def oldest_due(self, now: datetime) -> datetime | None:
        """Since when the longest waiting sendable message has been due; None if there is none.

        New rows are due a little before they were created, on every clock."""
        times = self.sendable(now).order_by("next_at").values_list("next_at", "created_at").first()
        return max(filter(None, times)) if times else None

    def long_due(self, now: datetime) -> Self:
        """Queued messages that have been due for more than `OVERDUE_AFTER`, also those of paused accounts."""
        return self.queued().filter(next_at__lte=now - OVERDUE_AFTER)

    def overdue(self, now: datetime) -> Self:
        """Messages that have been due for more than `OVERDUE_AFTER`, of accounts that are not paused."""
        return self.long_due(now)._of_running_accounts()

    def _of_running_accounts(self) -> Self:
        paused = apps.get_model("front_sms", "AccountState").objects.paused()
        return self.exclude(account__in=paused.values("account"))

    def at_risk(self) -> Self:
        """Queued messages that an earlier attempt may have sent."""
        return self.queued().filter(risk_at__isnull=False)

    def without_risk(self) -> Self:
        """Messages that no earlier attempt may have sent."""
        return self.filter(risk_at__isnull=True)

    def with_recipient(self) -> Self:
        """Messages that were not anonymized."""
        return self.exclude(recipient="")

    def expired(self, now: datetime) -> Self:
        """Queued messages whose `expires_at` has passed."""
        return self.queued().filter(expires_at__lte=now)

    def lost(self, now: datetime) -> Self:
        """Messages whose lease expired while they were being sent."""
        return self.sending().filter(lease_until__lte=now)

    def sending(self) -> Self:
        """Messages whose attempt is under way."""
        return self.filter(state=State.SENDING)

    def accepted(self) -> Self:
        """Messages that Front has, delivered or not."""
        return self.filter(state__in=ACCEPTED)

    def rejected(self) -> Self:
        return self.filter(state=State.REJECTED)

    def delivered(self) -> Self:
        return self.filter(state=State.DELIVERED)

    def unconfirmed(self) -> Self:
        """Messages that wait for a person's decision: whether they were sent is not known."""
        return self.filter(UNDECIDED)

    def without_status(self) -> Self:
        """Messages that `sweep` marked as without a delivery status after `HOURS_WITHOUT_STATUS`, and that still are.

        Messages without Front's id cannot get a status, and are never marked."""
        return self.filter(state=State.SENT, status_missed_at__isnull=False)

    def with_sensitive_text(self) -> Self:
        """Accepted messages whose text is sensitive and was not removed yet."""
        return self.accepted().filter(sensitive=True).exclude(text="")

    def missing_status(self, account: str, since: datetime) -> Self:
        """Messages sent before `since` without a delivery status, which are not marked yet."""
        sent = self.filter(
            account=account, state=State.SENT, gateway_id__isnull=False, status_missed_at=None, sent_at__lte=since
        )
        statuses = apps.get_model("front_sms", "DeliveryStatus").objects.filter(message=OuterRef("pk"))
        return sent.filter(~Exists(statuses))


class OutboundMessage(PrimaryModel):
    """One SMS to send. `state` is its known state, which follows from `send_attempts` and `statuses`."""

    account = models.CharField(_("account"), max_length=50)
    recipient = models.CharField(_("recipient"), max_length=20, help_text=_("E.164"))
    sender = models.CharField(_("sender"), max_length=20)
    text = models.TextField(_("text"))
    unicode = models.BooleanField(_("Unicode"), default=False)
    segments = models.PositiveSmallIntegerField(_("segments"), default=1)
    price = models.PositiveIntegerField(_("price in øre"), null=True, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices, default=Priority.NORMAL)
    on_duplicate = models.CharField(
        _("on duplicate"), max_length=8, choices=OnDuplicate.choices, blank=True, default=""
    )
    ignore_opt_out = models.BooleanField(_("ignore opt-out"), default=False)
    sensitive = models.BooleanField(
        _("sensitive"),
        default=False,
        help_text=_("The text is shown to nobody, and removed once the message is final."),
    )

    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.QUEUED)
    gateway_id = models.BigIntegerField(_("Front's id"), null=True, blank=True)
    error_code = models.BigIntegerField(_("error code"), null=True, blank=True)
    error_text = models.CharField(_("error"), max_length=300, blank=True, default="")
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    waits_for = models.CharField(_("waits for"), max_length=8, choices=Wait.choices, blank=True, default="")
    given_up = models.BooleanField(_("given up"), default=False)

    scheduled_at = models.DateTimeField(_("scheduled for"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    next_at = models.DateTimeField(_("due"), null=True, blank=True, default=timezone.now)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    status_missed_at = models.DateTimeField(_("no status, noted"), null=True, blank=True, editable=False)

    idempotency_key = models.CharField(_("idempotency key"), max_length=200, null=True, blank=True)  # noqa: DJ001
    # A digest of account and key: a collation of MySQL may find "kunde-Å" and "kunde-a" equal. Null without a key:
    # a unique constraint allows many nulls, but one empty string. The constraint is in Meta because `unique=True` would
    # add an index for LIKE on PostgreSQL.
    idempotency_digest = models.CharField(max_length=32, null=True, editable=False)  # noqa: DJ001
    payload_digest = models.CharField(max_length=32, blank=True, default="", editable=False)
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    # Most messages have none of these four, so their indexes, below, leave those out.
    duplicate_of = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("duplicate of"),
        related_name="duplicates",
    )
    reply_to = models.ForeignKey(
        "InboundMessage",
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("reply to"),
        related_name="answers",
    )
    bulk = models.ForeignKey(
        BulkSend,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("bulk send"),
        related_name="messages",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("created by"),
        related_name="+",
    )

    # The claim that holds the row, and since when it may have reached Front without a recorded answer.
    token = models.CharField(max_length=32, blank=True, default="", editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    risk_at = models.DateTimeField(_("at risk since"), null=True, blank=True, editable=False)

    objects: ClassVar = OutboundQuerySet.as_manager()

    send_attempts: "RelatedManager[SendAttempt]"
    statuses: "RelatedManager[DeliveryStatus]"
    decisions: "RelatedManager[Decision]"

    class Meta:
        verbose_name = _("outgoing message")
        verbose_name_plural = _("sent messages")
        ordering: ClassVar = ["-pk"]
        permissions: ClassVar = [
            ("cancel_outboundmessage", "Can cancel outgoing messages"),
            ("resend_outboundmessage", "Can resend outgoing messages"),
            ("decide_outboundmessage", "Can decide about unconfirmed messages"),
            ("set_price_outboundmessage", "Can set the price of outgoing messages"),
            ("ignore_opt_out_outboundmessage", "Can send to people who opted out"),
            ("export_outboundmessage", "Can export outgoing messages"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="front_sms_known_state"),
            models.CheckConstraint(
                condition=~Q(state=State.QUEUED) | Q(next_at__isnull=False), name="front_sms_queued_has_due_time"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.SENDING) | Q(lease_until__isnull=False), name="front_sms_sending_has_lease"
            ),
            models.UniqueConstraint(fields=["idempotency_digest"], name="front_sms_out_idempotency"),
        ]
        # Partial where only a few rows of millions matter. MySQL has no partial indexes: see `MYSQL_INDEXES` in the
        # migration.
        indexes: ClassVar = [
            models.Index(
                fields=["account", "priority", "next_at", "id"], name="front_sms_due", condition=Q(state=State.QUEUED)
            ),
            models.Index(fields=["lease_until"], name="front_sms_leased", condition=Q(state=State.SENDING)),
            models.Index(fields=["expires_at"], name="front_sms_expiring", condition=Q(state=State.QUEUED)),
            models.Index(
                fields=["risk_at"], name="front_sms_at_risk", condition=Q(state=State.QUEUED, risk_at__isnull=False)
            ),
            models.Index(fields=["id"], name="front_sms_unconfirmed", condition=Q(state=State.UNCONFIRMED)),
            models.Index(
                fields=["account", "sent_at"],
                name="front_sms_no_status_yet",
                condition=Q(state=State.SENT, gateway_id__isnull=False, status_missed_at=None),
            ),
            models.Index(
                fields=["id"],
                name="front_sms_status_missed",
                condition=Q(state=State.SENT, status_missed_at__isnull=False),
            ),
            models.Index(fields=["recipient", "sender", "id"], name="front_sms_out_recipient"),
            models.Index(fields=["account", "recipient", "id"], name="front_sms_out_thread"),
            models.Index(fields=["state", "id"], name="front_sms_out_state"),
            # All columns that charts count by, so that they read no rows.
            models.Index(fields=["account", "created_at", "state", "segments"], name="front_sms_out_created"),
            models.Index(fields=["id"], name="front_sms_out_urgent", condition=Q(priority=Priority.URGENT)),
            models.Index(fields=["id"], name="front_sms_sensitive", condition=Q(sensitive=True)),
            # Without the many nulls: each change of a message writes to every index that holds its row.
            models.Index(
                fields=["account", "gateway_id"],
                name="front_sms_out_gateway_id",
                condition=Q(gateway_id__isnull=False),
            ),
            models.Index(
                fields=["duplicate_of"], name="front_sms_out_duplicate_of", condition=Q(duplicate_of__isnull=False)
            ),
            models.Index(fields=["reply_to"], name="front_sms_out_reply_to", condition=Q(reply_to__isnull=False)),
            models.Index(fields=["bulk"], name="front_sms_out_bulk", condition=Q(bulk__isnull=False)),
            models.Index(fields=["created_by"], name="front_sms_out_created_by", condition=Q(created_by__isnull=False)),
            # Counts refusals by reason for the dashboard, and lists them, without reading other rows.
            models.Index(
                fields=["account", "created_at", "error_code"],
                name="front_sms_out_refused",
                condition=Q(state=State.REJECTED),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def shown_text(self) -> str:
        """The text to show: dots if the message is sensitive."""
        return HIDDEN_TEXT if self.sensitive else self.text

    @property
    def is_settled(self) -> bool:
        """Whether no other state is expected: it is final, or Front sends no more statuses of it."""
        if self.state == State.SENT:
            return self.gateway_id is None or self.status_missed_at is not None
        return self.state in FINAL or self.given_up

    def timeline(self) -> "list[Entry]":
        """The timeline of this message, oldest first."""
        from django_front_sms.timeline import of_outbound

        return of_outbound(self)

    def cancel(self, by: Any = None) -> State:
        """Cancel the message before it is sent, and return its new state: `cancelled`, or `unconfirmed` if an earlier
        attempt may have reached Front.

        Raises `NotPossible` if it is being sent, or has ended."""
        from django_front_sms import outbox

        return outbox.cancel(self, by)

    def resend(self, by: Any = None, *, idempotency_key: str | None = None) -> "OutboundMessage":
        """Send the same text to the same number again, as a new message; this row does not change."""
        from django_front_sms import sending

        return sending.resend(self, by, idempotency_key=idempotency_key)
