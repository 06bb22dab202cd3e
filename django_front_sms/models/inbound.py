"""Inbound messages and the files of an MMS."""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_front_sms.conf import get_settings
from django_front_sms.models.primary import PrimaryModel, PrimaryQuerySet
from django_front_sms.models.push import PushQuerySet

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from django_front_sms.models.outbound import OutboundMessage


class InboundQuerySet(PushQuerySet["InboundMessage"]):
    """Inbound messages; `process_at` is null if a message's events were written and its files are in storage."""

    def with_sender(self) -> Self:
        """Messages whose sender could be read, and that were not anonymized."""
        return self.exclude(sender="")


class InboundMessage(PrimaryModel):
    """One inbound SMS or MMS; both APIs (§2.5) store the same fields."""

    class Api(models.TextChoices):
        GET = "get", "GET"
        JSON = "json", "JSON"

    class OptOutIntent(models.TextChoices):
        """The request that the words of a message make."""

        NONE = "", "—"
        OPT_OUT = "out", _("opt-out")
        OPT_IN = "in", _("opt-in")
        PERHAPS_OPT_OUT = "perhaps", _("perhaps an opt-out")

    account = models.CharField(_("account"), max_length=50)
    gateway_id = models.BigIntegerField(_("Front's id"), null=True, blank=True)
    sender = models.CharField(_("sender"), max_length=100, blank=True, default="")
    recipient = models.CharField(_("recipient"), max_length=100, blank=True, default="")
    text = models.TextField(_("text"), blank=True, default="")
    keyword = models.CharField(_("keyword"), max_length=200, blank=True, default="")
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    counter = models.BigIntegerField(_("counter"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    api = models.CharField(_("API"), max_length=4, choices=Api.choices)
    raw = models.BinaryField(_("as it came"), blank=True, default=b"")
    problem = models.CharField(_("problem"), max_length=1000, blank=True, default="")
    in_reply_to = models.ForeignKey(
        "front_sms.OutboundMessage",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="replies",
        verbose_name=_("in reply to"),
    )
    opt_out_intent = models.CharField(
        _("opt-out intent"), max_length=8, choices=OptOutIntent.choices, blank=True, default="", editable=False
    )
    announced = models.BooleanField(default=False, editable=False)  # its events were written
    process_at = models.DateTimeField(
        null=True, blank=True, default=timezone.now, editable=False
    )  # null: its events were written, and its files are in storage
    # Identifies a push. A repeated push, even a concurrent one, violates this unique key.
    identity = models.CharField(max_length=32, unique=True, editable=False)
    content_digest = models.CharField(max_length=32, editable=False)

    objects: ClassVar = InboundQuerySet.as_manager()

    files: "RelatedManager[MmsFile]"

    class Meta:
        verbose_name = _("inbound message")
        verbose_name_plural = _("inbound messages")
        ordering: ClassVar = ["-pk"]
        permissions: ClassVar = [
            ("read_again_inboundmessage", "Can read inbound messages again"),
            ("export_inboundmessage", "Can export inbound messages"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["process_at"], name="front_sms_to_process", condition=Q(process_at__isnull=False)),
            models.Index(fields=["sender", "recipient", "id"], name="front_sms_in_sender"),
            models.Index(fields=["account", "sender", "id"], name="front_sms_in_thread"),
            models.Index(fields=["account", "counter"], name="front_sms_in_counter"),
            models.Index(fields=["account", "gateway_id"], name="front_sms_in_gateway_id"),
            models.Index(fields=["received_at"], name="front_sms_in_received"),
            models.Index(fields=["id"], name="front_sms_in_problem", condition=~Q(problem="")),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    def reply(self, text: str, **options: Any) -> "OutboundMessage":
        """Send `text` to the sender, from the number that the message was sent to; `options` are `send_sms`'s.

        Raises `InvalidMessage` with code `not_repliable` if the sender is a text."""
        from django_front_sms import sending

        return sending.reply(self, text, **options)


class _NamedStorage(Storage):
    """The storage that `MMS_STORAGE` names, looked up at each use.

    Invalid settings therefore do not prevent the site from starting, and its checks can report them."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return super().__getattribute__(name)
        return getattr(storages[get_settings().mms_storage], name)


def mms_storage() -> Storage:
    """The storage that `MMS_STORAGE` names."""
    return _NamedStorage()


class MmsFileQuerySet(PrimaryQuerySet["MmsFile"]):
    def unstored(self) -> Self:
        """Files that are not in storage yet: their content is still in `raw` of their message."""
        return self.filter(file="").exclude(sha256="")


class MmsFile(PrimaryModel):
    """A file of an MMS. `file` is named by a digest of its content, never by the sender's name for it."""

    message = models.ForeignKey(
        InboundMessage, models.CASCADE, related_name="files", db_index=False, verbose_name=_("message")
    )
    gateway_id = models.BigIntegerField(_("Front's id"), null=True, blank=True)
    content_type = models.CharField(_("content type"), max_length=255, blank=True, default="")
    name = models.CharField(_("name"), max_length=255, blank=True, default="")
    file = models.FileField(_("file"), storage=mms_storage, blank=True, default="", max_length=255)
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True, default="")
    position = models.PositiveIntegerField(_("position"), default=0)
    repaired = models.BooleanField(_("repaired"), default=False)

    objects: ClassVar = MmsFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("MMS file")
        verbose_name_plural = _("MMS files")
        ordering: ClassVar = ["message", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "position"], name="front_sms_file_position")
        ]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"


class RefusedPush(PrimaryModel):
    """An authenticated push that was refused. Front keeps it, and stops its queue after three tries (§1.2).

    `reason` is empty if it was larger than `limit`: raise `MAX_INBOUND_BYTES`. Otherwise Django responded before the
    view was called, and `reason` is the name of the exception. Restart the queue afterwards: no message is lost.
    """

    account = models.CharField(_("account"), max_length=50)
    purpose = models.CharField(_("purpose"), max_length=10)  # "status" or "inbound"
    size = models.BigIntegerField(_("size in bytes"), null=True, blank=True)  # null: unknown
    limit = models.BigIntegerField(_("limit in bytes"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=50, blank=True, default="")
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    class Meta:
        verbose_name = _("refused push")
        verbose_name_plural = _("refused pushes")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"#{self.pk}"
