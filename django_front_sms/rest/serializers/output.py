"""What clients get. Each form reads one row, and asks the database for nothing more."""

from typing import Any, Literal

from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers
from rest_framework.reverse import reverse

from django_front_sms.models import BulkSend, InboundMessage, MmsFile, OptOut, OutboundMessage, Priority
from django_front_sms.rest.serializers.fields import Metadata


class _Row(serializers.ModelSerializer[Any]):
    """`created_by` is the key of a user, as text: some sites have UUIDs."""

    created_by = serializers.CharField(source="created_by_id", read_only=True, allow_null=True)


class Message(_Row):
    """An outgoing message. `state` is what is believed of it; `timeline` says why. Amounts are in øre."""

    priority = serializers.SerializerMethodField()
    on_duplicate = serializers.SerializerMethodField()
    waits_for = serializers.CharField(
        read_only=True, help_text="While queued: `schedule`, `twin`, `retry`, or empty where it waits for its turn."
    )
    metadata = Metadata(read_only=True)

    class Meta:
        model = OutboundMessage
        fields = (
            "id", "account", "recipient", "sender", "text", "unicode", "segments", "price", "priority", "on_duplicate",
            "ignore_opt_out", "state", "given_up", "waits_for", "gateway_id", "error_code", "error_text", "attempts",
            "scheduled_at", "expires_at", "next_at", "created_at", "sent_at", "delivered_at", "idempotency_key",
            "metadata", "duplicate_of", "reply_to", "bulk", "created_by",
        )  # fmt: skip
        read_only_fields = fields

    def get_priority(self, message: OutboundMessage) -> Literal["normal", "urgent"]:
        return "urgent" if message.priority == Priority.URGENT else "normal"

    def get_on_duplicate(self, message: OutboundMessage) -> Literal["defer", "coalesce", "reject"] | None:
        """null: as the site's settings say."""
        return message.on_duplicate or None  # type: ignore[return-value]


class Messages(serializers.Serializer[Any]):
    """In the order in which they were asked for."""

    messages = Message(many=True, read_only=True)


class Bulk(_Row):
    """A bulk send. `messages` lists its messages at `messages/?bulk=<id>`."""

    metadata = Metadata(read_only=True)

    class Meta:
        model = BulkSend
        fields = (
            "id", "account", "sender", "text", "unicode", "recipients", "created_at", "idempotency_key", "metadata",
            "created_by",
        )  # fmt: skip
        read_only_fields = fields


class BulkInFull(Bulk):
    """With how many of its messages are in which state."""

    states = serializers.DictField(child=serializers.IntegerField(), read_only=True)

    class Meta(Bulk.Meta):
        fields = (*Bulk.Meta.fields, "states")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class File(serializers.ModelSerializer[MmsFile]):
    """A file of an MMS. `name` and `content_type` are what the sender said of it."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = MmsFile
        fields = ("id", "gateway_id", "name", "content_type", "size", "sha256", "position", "repaired", "url")
        read_only_fields = fields

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_url(self, file: MmsFile) -> str | None:
        """Where to download it; null until it is in storage, and for those who may not see files."""
        request = self.context["request"]
        if not (file.file and request.user.has_perm("front_sms.view_mmsfile")):
            return None
        return reverse("front_sms_rest:inbound-file", args=[file.message_id, file.pk], request=request)


class Inbound(serializers.ModelSerializer[InboundMessage]):
    """A message that somebody sent to us. `problem` is empty where all of it could be read."""

    files = File(many=True, read_only=True)

    class Meta:
        model = InboundMessage
        fields = (
            "id", "account", "api", "gateway_id", "sender", "recipient", "text", "keyword", "sent_at", "received_at",
            "counter", "problem", "in_reply_to", "files",
        )  # fmt: skip
        read_only_fields = fields


class Entry(serializers.Serializer[Any]):
    """One thing that happened. `title` and `detail` are words for people; `ref` names a row, as in `out:7`."""

    at = serializers.DateTimeField()
    kind = serializers.CharField()
    level = serializers.ChoiceField(["info", "good", "bad", "warn", "wait"])
    title = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    by = serializers.CharField(allow_blank=True)
    ref = serializers.CharField(allow_blank=True)


class Timeline(serializers.Serializer[Any]):
    """Oldest first. The last entry says what it waits for, or why it ended, where that is not plain."""

    entries = Entry(many=True)


class Exchanged(serializers.Serializer[Any]):
    """A message of a conversation, in one direction or the other."""

    direction = serializers.ChoiceField(["outbound", "inbound"])
    at = serializers.DateTimeField()
    outbound = Message(allow_null=True)
    inbound = Inbound(allow_null=True)


class Conversation(serializers.Serializer[Any]):
    """All that an account and one counterpart wrote to each other; `url` has it."""

    account = serializers.CharField()
    number = serializers.CharField()
    url = serializers.URLField()
    latest = Exchanged()


class ConversationPage(serializers.Serializer[Any]):
    """The newest ones, or those at the cursor. A page may be short although others follow."""

    next = serializers.URLField(allow_null=True)
    results = Conversation(many=True)


class Thread(serializers.Serializer[Any]):
    """The last messages, oldest first; `next` has those before them."""

    account = serializers.CharField()
    number = serializers.CharField()
    next = serializers.URLField(allow_null=True)
    results = Exchanged(many=True)


class OptedOut(_Row):
    """Somebody who wants no more messages from a sender of an account; an empty `sender` is every one of them.
    `message` is the inbound message by which they said so."""

    class Meta:
        model = OptOut
        fields = ("id", "account", "number", "sender", "since", "message", "created_by")
        read_only_fields = fields


class Arrival(serializers.Serializer[Any]):
    """A text as it would arrive. `units` are septets (gsm7) or UTF-16 units (ucs2)."""

    encoding = serializers.ChoiceField(["gsm7", "ucs2"])
    segments = serializers.IntegerField()
    units = serializers.IntegerField()
    units_left = serializers.IntegerField()
    replaced = serializers.ListField(child=serializers.CharField(), help_text="What the gateway would replace.")
    text = serializers.CharField(allow_blank=True)


class Wrong(serializers.Serializer[Any]):
    """One thing that is wrong with a request: in its body, its query, or a header."""

    code = serializers.CharField()
    detail = serializers.CharField()
    pointer = serializers.CharField(required=False, help_text="Into the body, as RFC 6901 has it.")
    parameter = serializers.CharField(required=False)
    header = serializers.CharField(required=False)


class Problem(serializers.Serializer[Any]):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="For programs; the reference lists them.")
    detail = serializers.CharField(help_text="For people.")
    errors = Wrong(many=True, required=False)  # type: ignore[assignment]  # the stubs take it for the property
    index = serializers.IntegerField(required=False, help_text="The place of the message at fault among many.")
    invalid = serializers.ListField(child=serializers.CharField(), required=False, help_text="Numbers of a bulk send.")


def page_of(form: type[serializers.BaseSerializer[Any]]) -> serializers.Serializer[Any]:
    """A page in the schema."""
    fields = {
        "next": serializers.URLField(allow_null=True, help_text="The page of older ones."),
        "previous": serializers.URLField(allow_null=True, help_text="The page of newer ones."),
        "results": form(many=True),
    }
    return inline_serializer(f"{form.__name__}Page", fields)
