"""The responses. Serializing a row makes no database query."""

from typing import Any, Literal

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from django_front_sms.models import (
    BulkSend,
    HandledConversation,
    InboundMessage,
    MmsFile,
    OptOut,
    OutboundMessage,
    Priority,
    SavedText,
)
from django_front_sms.rest.serializers.fields import MetadataField


class _CreatedBySerializer(serializers.ModelSerializer[Any]):
    """Adds `created_by`: the primary key of a user, as text, because some sites use UUIDs."""

    created_by = serializers.CharField(source="created_by_id", read_only=True, allow_null=True)


class MessageSerializer(_CreatedBySerializer):
    """An outgoing message. `state` is its known state; its timeline has the reasons. `price` is in øre."""

    priority = serializers.SerializerMethodField()
    on_duplicate = serializers.SerializerMethodField()
    waits_for = serializers.CharField(
        read_only=True,
        help_text="While queued: `schedule`, `twin`, `retry`, `quiet`, or empty while it waits for its turn.",
    )
    metadata = MetadataField(read_only=True)
    text = serializers.CharField(source="shown_text", read_only=True, help_text="Dots if the message is `sensitive`.")

    class Meta:
        model = OutboundMessage
        fields = (
            "id", "account", "recipient", "sender", "text", "unicode", "segments", "price", "priority", "on_duplicate",
            "ignore_opt_out", "sensitive",
            "state", "given_up", "waits_for", "gateway_id", "error_code", "error_text", "attempts",
            "scheduled_at", "expires_at", "next_at", "created_at", "sent_at", "delivered_at", "idempotency_key",
            "metadata", "duplicate_of", "reply_to", "bulk", "created_by",
        )  # fmt: skip
        read_only_fields = fields

    def get_priority(self, message: OutboundMessage) -> Literal["normal", "urgent"]:
        return "urgent" if message.priority == Priority.URGENT else "normal"

    def get_on_duplicate(self, message: OutboundMessage) -> Literal["defer", "coalesce", "reject"] | None:
        """null: as the site's settings say."""
        return message.on_duplicate or None  # type: ignore[return-value]


class MessagesSerializer(serializers.Serializer[Any]):
    """The messages in the order of the request."""

    messages = MessageSerializer(many=True, read_only=True)


class BulkSendSerializer(_CreatedBySerializer):
    """A bulk send. `messages` lists its messages at `messages/?bulk=<id>`."""

    metadata = MetadataField(read_only=True)

    class Meta:
        model = BulkSend
        fields = (
            "id", "account", "sender", "text", "unicode", "recipients", "created_at", "idempotency_key", "metadata",
            "created_by",
        )  # fmt: skip
        read_only_fields = fields


class BulkSendDetailSerializer(BulkSendSerializer):
    """A bulk send, and how many of its messages are in each state."""

    states = serializers.DictField(child=serializers.IntegerField(), read_only=True)

    class Meta(BulkSendSerializer.Meta):
        fields = (*BulkSendSerializer.Meta.fields, "states")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class MmsFileSerializer(serializers.ModelSerializer[MmsFile]):
    """A file of an MMS. `name` and `content_type` are as the sender gave them, unverified."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = MmsFile
        fields = ("id", "gateway_id", "name", "content_type", "size", "sha256", "position", "repaired", "url")
        read_only_fields = fields

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_url(self, file: MmsFile) -> str | None:
        """The address of the file; null until it is in storage, and for users who may not view files."""
        request = self.context["request"]
        if not (file.file and request.user.has_perm("front_sms.view_mmsfile")):
            return None
        return reverse("front_sms_rest:inbound-file", args=[file.message_id, file.pk], request=request)


class InboundMessageSerializer(serializers.ModelSerializer[InboundMessage]):
    """A received message. `problem` is empty if all of it could be read."""

    files = MmsFileSerializer(many=True, read_only=True)

    class Meta:
        model = InboundMessage
        fields = (
            "id", "account", "api", "gateway_id", "sender", "recipient", "text", "keyword", "sent_at", "received_at",
            "counter", "problem", "in_reply_to", "files",
        )  # fmt: skip
        read_only_fields = fields


class TimelineEntrySerializer(serializers.Serializer[Any]):
    """An event. `title` and `detail` are texts for people, `technical` is for developers: ids, receivers, exceptions.
    `ref` names a row, as in `out:7`."""

    at = serializers.DateTimeField()
    kind = serializers.CharField()
    level = serializers.ChoiceField(["info", "good", "bad", "warn", "wait"])
    title = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    by = serializers.CharField(allow_blank=True)
    ref = serializers.CharField(allow_blank=True)
    technical = serializers.CharField(allow_blank=True)


class TimelineSerializer(serializers.Serializer[Any]):
    """The events of a message, oldest first. The last may say what the message waits for, or why it ended."""

    entries = TimelineEntrySerializer(many=True)


class ConversationItemSerializer(serializers.Serializer[Any]):
    """A message of a conversation: either `outbound` or `inbound`; the other is null."""

    direction = serializers.ChoiceField(["outbound", "inbound"])
    at = serializers.DateTimeField()
    outbound = MessageSerializer(allow_null=True)
    inbound = InboundMessageSerializer(allow_null=True)


class ConversationSerializer(serializers.Serializer[Any]):
    """The messages between an account and one counterpart. `url` is their address; `latest` is the newest of them."""

    account = serializers.CharField()
    number = serializers.CharField()
    url = serializers.URLField()
    latest = ConversationItemSerializer()


class ConversationPageSerializer(serializers.Serializer[Any]):
    """A page of conversations, latest activity first. A page may be short although more follow."""

    next = serializers.URLField(allow_null=True)
    results = ConversationSerializer(many=True)


class HandledConversationSerializer(serializers.ModelSerializer[HandledConversation]):
    """Who marked a conversation as handled, and when. `up_to` is the latest inbound message that this includes."""

    by = serializers.CharField(source="by_id", read_only=True, allow_null=True)

    class Meta:
        model = HandledConversation
        fields = ("up_to", "at", "by")
        read_only_fields = fields


class ThreadSerializer(serializers.Serializer[Any]):
    """The latest messages of a conversation, oldest first. `next` is the address of those before them."""

    account = serializers.CharField()
    number = serializers.CharField()
    handled = HandledConversationSerializer(
        allow_null=True, help_text="null: not marked, or a message was received since."
    )
    next = serializers.URLField(allow_null=True)
    results = ConversationItemSerializer(many=True)


class OptOutSerializer(_CreatedBySerializer):
    """A number that gets no messages from a sender of an account; with an empty `sender`, from none of its senders.
    `message` is the inbound message that asked for it."""

    class Meta:
        model = OptOut
        fields = ("id", "account", "number", "sender", "since", "message", "created_by")
        read_only_fields = fields


class SavedTextSerializer(_CreatedBySerializer):
    """A saved text with its `{placeholders}`; an empty `account` or `language` is any."""

    class Meta:
        model = SavedText
        fields = ("id", "name", "account", "language", "text", "created_at", "changed_at", "created_by")
        read_only_fields = fields


class PreviewSerializer(serializers.Serializer[Any]):
    """A text as it would arrive. `units` are septets (gsm7) or UTF-16 units (ucs2)."""

    encoding = serializers.ChoiceField(["gsm7", "ucs2"])
    segments = serializers.IntegerField()
    units = serializers.IntegerField()
    units_left = serializers.IntegerField()
    replaced = serializers.ListField(child=serializers.CharField(), help_text="What the gateway would replace.")
    text = serializers.CharField(allow_blank=True)


class ErrorItemSerializer(serializers.Serializer[Any]):
    """A fault of a request: in its body, its query, or a header."""

    code = serializers.CharField()
    detail = serializers.CharField()
    pointer = serializers.CharField(required=False, help_text="The place in the body (RFC 6901).")
    parameter = serializers.CharField(required=False)
    header = serializers.CharField(required=False)


class ProblemSerializer(serializers.Serializer[Any]):
    """An error, as RFC 9457 describes it."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="For programs; the reference lists them.")
    detail = serializers.CharField(help_text="For people.")
    errors = ErrorItemSerializer(many=True, required=False)  # type: ignore[assignment]  # the stubs declare a property
    index = serializers.IntegerField(required=False, help_text="The place of the invalid message among many, from 0.")
    invalid = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="The refused numbers of a bulk send."
    )
