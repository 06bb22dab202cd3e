"""The bodies and queries that clients send. Serializers check types; `sending.validation` checks the message itself."""

from typing import Any, TypeVar

from django.db.models import BigIntegerField
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import OnDuplicate
from django_front_sms.optouts import number_form, sender_form
from django_front_sms.rest.exceptions import InvalidQuery
from django_front_sms.rest.pagination import MAX_PAGE_SIZE, PrimaryKeyCursorPagination
from django_front_sms.rest.serializers.fields import (
    BoundedListField,
    MetadataField,
    StrictBooleanField,
    StrictCharField,
    StrictDateTimeField,
    StrictIntegerField,
    StrictSerializer,
)
from django_front_sms.sending.validation import LONGEST_KEY
from django_front_sms.states import State

MAX_MESSAGES = 1_000  # in one request
MAX_NUMBERS = 2_000  # in one bulk send
_SerializerT = TypeVar("_SerializerT", bound=serializers.BaseSerializer[Any])


# Bodies


class MessageContentSerializer(StrictSerializer):
    """The fields that messages and replies have in common."""

    text = StrictCharField(allow_blank=True, help_text="At most `MAX_TEXT_LENGTH` characters.")
    unicode = StrictBooleanField(
        required=False,
        allow_null=True,
        help_text="null: decided by the text. false: characters outside GSM are replaced by the gateway.",
    )
    price = StrictIntegerField(
        required=False,
        allow_null=True,
        help_text="In øre, whole kroner: 100 to 20000. Needs the permission `front_sms.set_price_outboundmessage`.",
    )
    priority = serializers.ChoiceField(["normal", "urgent"], required=False)
    scheduled_at = StrictDateTimeField(required=False, allow_null=True, help_text="Not before this time.")
    expires_at = StrictDateTimeField(required=False, allow_null=True, help_text="Not after this time.")
    on_duplicate = serializers.ChoiceField(
        [value for value in OnDuplicate.values if value],
        required=False,
        allow_null=True,
        help_text="What to do while an equal message is in Front's duplicate window; null: as the site's settings say.",
    )
    ignore_opt_out = StrictBooleanField(
        required=False, help_text="Needs the permission `front_sms.ignore_opt_out_outboundmessage`."
    )
    sensitive = StrictBooleanField(
        required=False, help_text="The text is shown to nobody, and removed once the message is final."
    )
    idempotency_key = StrictCharField(
        required=False, allow_null=True, max_length=LONGEST_KEY, help_text="The same key never sends twice."
    )
    metadata = MetadataField(required=False, help_text="Yours: stored with the message and returned with it.")


class NewMessageSerializer(MessageContentSerializer):
    """A message to one number."""

    to = StrictCharField(help_text="A phone number in any usual form.")
    sender = StrictCharField(
        required=False, allow_null=True, help_text="As registered with Front; null: the account's own."
    )
    account = StrictCharField(
        required=False, max_length=50, help_text='As in the site\'s settings; default: "default".'
    )


class NewReplySerializer(MessageContentSerializer):
    """An answer to an inbound message, sent from the number that was written to."""


class NewMessagesSerializer(StrictSerializer):
    """All are queued, or none."""

    messages = BoundedListField(child=NewMessageSerializer(), min_length=1, max_length=MAX_MESSAGES)


class NewBulkSendSerializer(StrictSerializer):
    """One text to many numbers by Front's bulk API, which gives no delivery status."""

    to = BoundedListField(child=StrictCharField(allow_blank=True), min_length=1, max_length=MAX_NUMBERS)
    text = StrictCharField(allow_blank=True, help_text="At most `MAX_TEXT_LENGTH` characters.")
    sender = StrictCharField(required=False, allow_null=True)
    account = StrictCharField(required=False, max_length=50)
    unicode = StrictBooleanField(
        required=False, allow_null=True, help_text="false: a text with characters outside GSM is refused."
    )
    skip_invalid = StrictBooleanField(
        required=False, help_text="Leave out numbers that cannot be sent to, instead of refusing all."
    )
    ignore_opt_out = StrictBooleanField(
        required=False, help_text="Needs the permission `front_sms.ignore_opt_out_outboundmessage`."
    )
    metadata = MetadataField(required=False)


class PreviewRequestSerializer(StrictSerializer):
    """A text to preview."""

    text = StrictCharField(allow_blank=True, max_length=10_000)
    unicode = StrictBooleanField(required=False, allow_null=True)


class NewOptOutSerializer(StrictSerializer):
    number = StrictCharField(help_text="The number that gets no more messages, in any usual form.")
    sender = StrictCharField(
        required=False, allow_blank=True, help_text="Left out or empty: every sender of the account."
    )
    account = StrictCharField(required=False, max_length=50)

    def validate_number(self, value: str) -> str:
        return _e164(value)

    def validate_sender(self, value: str) -> str:
        sender = sender_form(value)
        if len(sender) > 20:
            raise ValidationError(_("A sender has at most 20 characters."), "max_length")
        return sender


# Queries, in which numbers and choices are text. A field's `source` is the lookup that filters by it.


class PositiveIntegerField(serializers.IntegerField):
    """A whole number that fits the primary keys of every database."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": BigIntegerField.MAX_BIGINT, "required": False, **kwargs})


class PageQuerySerializer(StrictSerializer):
    cursor = StrictCharField(required=False, max_length=200, help_text="From `next` or `previous` of another page.")
    page_size = PositiveIntegerField(max_value=MAX_PAGE_SIZE, default=PrimaryKeyCursorPagination.page_size)


class MessageQuerySerializer(PageQuerySerializer):
    state = serializers.ChoiceField(State.values, required=False)
    account = StrictCharField(required=False, max_length=50)
    recipient = StrictCharField(required=False, help_text="The whole number, in any usual form.")
    bulk = PositiveIntegerField(source="bulk_id", help_text="The id of a bulk send.")
    created_from = StrictDateTimeField(source="created_at__gte", required=False, help_text="At or after this time.")
    created_to = StrictDateTimeField(source="created_at__lt", required=False, help_text="Before this time.")

    def validate_recipient(self, value: str) -> str:
        return _e164(value)


class InboundMessageQuerySerializer(PageQuerySerializer):
    account = StrictCharField(required=False, max_length=50)
    sender = StrictCharField(required=False, help_text="The sender's whole number, or its name.")
    received_from = StrictDateTimeField(source="received_at__gte", required=False, help_text="At or after this time.")
    received_to = StrictDateTimeField(source="received_at__lt", required=False, help_text="Before this time.")

    def validate_sender(self, value: str) -> str:
        try:
            return _e164(value)
        except ValidationError:  # short codes and names are senders too
            return sender_form(value)


class BulkSendQuerySerializer(PageQuerySerializer):
    account = StrictCharField(required=False, max_length=50)


class ConversationQuerySerializer(PageQuerySerializer):
    account = StrictCharField(required=False, max_length=50)
    number = StrictCharField(required=False, help_text="The counterpart's whole number, or its name.")
    unanswered = serializers.BooleanField(
        required=False, help_text="true: only conversations in which the counterpart wrote last."
    )
    validate_number = InboundMessageQuerySerializer.validate_sender


class OptOutQuerySerializer(PageQuerySerializer):
    account = StrictCharField(required=False, max_length=50)
    number = StrictCharField(required=False, help_text="The whole number, in any usual form.")

    def validate_number(self, value: str) -> str:
        return _e164(value)


class SavedTextQuerySerializer(PageQuerySerializer):
    name = StrictCharField(required=False, max_length=100)
    account = StrictCharField(required=False, max_length=50, allow_blank=True)
    language = StrictCharField(required=False, max_length=20, allow_blank=True)


def _e164(written: str) -> str:
    try:
        return number_form(written)
    except InvalidMessage as error:
        raise ValidationError(str(error), error.code) from None


# Validation


def validated_body(serializer_class: type[_SerializerT], request: Request) -> dict[str, Any]:
    """The validated body. Raises `ValidationError`."""
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def validated_query(serializer_class: type[_SerializerT], request: Request) -> dict[str, Any]:
    """The validated query. Raises `InvalidQuery`."""
    repeated = [name for name, values in request.query_params.lists() if len(values) > 1]
    if repeated:
        error = ErrorDetail(_("This parameter occurs more than once."), "repeated")
        raise InvalidQuery({name: [error] for name in repeated})
    serializer = serializer_class(data=request.query_params.dict())
    if not serializer.is_valid():
        raise InvalidQuery(dict(serializer.errors))
    return dict(serializer.validated_data)
