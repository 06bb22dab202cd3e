"""The bodies and queries that clients send. What a message may be is for `drafts` to say; here is its form alone."""

from typing import Any, TypeVar

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import OnDuplicate
from django_front_sms.optouts import number_form, sender_form
from django_front_sms.rest.exceptions import BadHeader, BadQuery
from django_front_sms.rest.serializers.fields import Flag, Metadata, Moment, Strict, Text, Whole
from django_front_sms.sending.validation import LONGEST_KEY
from django_front_sms.states import State

MOST = 10_000  # messages, or numbers of a bulk send, in one request
HEADER = "Idempotency-Key"
_PAGE, _LONGEST_PAGE = 50, 200
_BIGGEST = 2**63 - 1
_Form = TypeVar("_Form", bound=serializers.BaseSerializer[Any])


# Bodies


class Wording(Strict):
    """What a message and a reply have in common."""

    text = Text(allow_blank=True, help_text="At most `MAX_TEXT_LENGTH` characters.")
    unicode = Flag(
        required=False,
        allow_null=True,
        help_text="null: decided by the text. false: characters outside GSM are replaced by the gateway.",
    )
    price = Whole(
        required=False,
        allow_null=True,
        help_text="In øre, whole kroner: 100 to 20000. Needs the permission `front_sms.set_price_outboundmessage`.",
    )
    priority = serializers.ChoiceField(["normal", "urgent"], required=False)
    scheduled_at = Moment(required=False, allow_null=True, help_text="Not before this time.")
    expires_at = Moment(required=False, allow_null=True, help_text="Not after this time.")
    on_duplicate = serializers.ChoiceField(
        [value for value in OnDuplicate.values if value],
        required=False,
        allow_null=True,
        help_text="What becomes of it while an equal message is in Front's duplicate window; null: as the site says.",
    )
    ignore_opt_out = Flag(required=False, help_text="Needs the permission `front_sms.ignore_opt_out_outboundmessage`.")
    idempotency_key = Text(
        required=False, allow_null=True, max_length=LONGEST_KEY, help_text="The same key never sends twice."
    )
    metadata = Metadata(required=False, help_text="Yours: kept with the message, and given back.")


class NewMessage(Wording):
    """A message to one number."""

    to = Text(help_text="A phone number in any form that people write.")
    sender = Text(required=False, allow_null=True, help_text="As it is registered with Front; null: the account's own.")
    account = Text(required=False, max_length=50, help_text='As in the site\'s settings; left out: "default".')


class NewReply(Wording):
    """An answer to an inbound message, from the number that was written to."""


class NewMessages(Strict):
    """All are queued, or none."""

    messages = serializers.ListField(child=NewMessage(), min_length=1, max_length=MOST)


class NewBulk(Strict):
    """One text to many numbers by Front's bulk API: no delivery status ever comes for them."""

    to = serializers.ListField(child=Text(allow_blank=True), min_length=1, max_length=MOST)
    text = Text(allow_blank=True, help_text="At most `MAX_TEXT_LENGTH` characters.")
    sender = Text(required=False, allow_null=True)
    account = Text(required=False, max_length=50)
    unicode = Flag(required=False, allow_null=True, help_text="false: a text with characters outside GSM is refused.")
    skip_invalid = Flag(required=False, help_text="Leave out numbers that cannot be sent to, instead of refusing all.")
    ignore_opt_out = Flag(required=False, help_text="Needs the permission `front_sms.ignore_opt_out_outboundmessage`.")
    metadata = Metadata(required=False)


class Draft(Strict):
    """A text to be previewed."""

    text = Text(allow_blank=True, max_length=10_000)
    unicode = Flag(required=False, allow_null=True)


class NewOptOut(Strict):
    number = Text(help_text="Whom no message may be sent to, in any form that people write.")
    sender = Text(required=False, allow_blank=True, help_text="Left out or empty: every sender of the account.")
    account = Text(required=False, max_length=50)

    def validate_number(self, value: str) -> str:
        return _number(value)

    def validate_sender(self, value: str) -> str:
        sender = sender_form(value)
        if len(sender) > 20:
            raise ValidationError(_("A sender has at most 20 characters."), "max_length")
        return sender


# Queries. Numbers and choices come as text here.


class Numeric(serializers.IntegerField):
    """A whole number that a database can look for."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": _BIGGEST, "required": False, **kwargs})


class Cursor(Text):
    """A page's place; `pages` reads it."""


class Paged(Strict):
    cursor = Cursor(required=False, max_length=200, help_text="From `next` or `previous` of another page.")
    page_size = Numeric(max_value=_LONGEST_PAGE, default=_PAGE)


class MessageQuery(Paged):
    state = serializers.ChoiceField(State.values, required=False)
    account = Text(required=False, max_length=50)
    recipient = Text(required=False, help_text="The whole number, in any form that people write.")
    bulk = Numeric(help_text="The id of a bulk send.")
    created_from = Moment(required=False, help_text="At or after this time.")
    created_to = Moment(required=False, help_text="Before this time.")

    def validate_recipient(self, value: str) -> str:
        return _number(value)


class InboundQuery(Paged):
    account = Text(required=False, max_length=50)
    sender = Text(required=False, help_text="The whole number, or the name, that it came from.")
    received_from = Moment(required=False, help_text="At or after this time.")
    received_to = Moment(required=False, help_text="Before this time.")

    def validate_sender(self, value: str) -> str:
        try:
            return _number(value)
        except ValidationError:  # Front has senders that are no numbers of people, and they are facts
            return sender_form(value)


class BulkQuery(Paged):
    account = Text(required=False, max_length=50)


class ConversationQuery(Paged):
    account = Text(required=False, max_length=50)
    number = Text(required=False, help_text="The counterpart's whole number, or the name.")
    unanswered = serializers.BooleanField(
        required=False, help_text="true: only those whose last word is the counterpart's."
    )
    validate_number = InboundQuery.validate_sender


class OptOutQuery(Paged):
    account = Text(required=False, max_length=50)
    number = Text(required=False, help_text="The whole number, in any form that people write.")

    def validate_number(self, value: str) -> str:
        return _number(value)


def _number(written: str) -> str:
    try:
        return number_form(written)
    except InvalidMessage as error:
        raise ValidationError(str(error), error.code) from None


# Reading them


def body(form: type[_Form], request: Request) -> dict[str, Any]:
    """The body, checked. Raises `ValidationError`."""
    read = form(data=request.data)
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)


def query(form: type[_Form], request: Request) -> dict[str, Any]:
    """The query, checked. Raises `BadQuery`."""
    repeated = [name for name, values in request.query_params.lists() if len(values) > 1]
    if repeated:
        words = ErrorDetail(_("This parameter stands here more than once."), "repeated")
        raise BadQuery({name: [words] for name in repeated})
    read = form(data=request.query_params.dict())
    if not read.is_valid():
        raise BadQuery(dict(read.errors))
    return dict(read.validated_data)


def idempotency_key(request: Request) -> str | None:
    """The header's key; None where there is none. Raises `BadHeader`."""
    key = request.headers.get(HEADER)
    if not key:
        return None
    if len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()):
        words = _("A key has at most 200 characters, all of them printable ASCII. Use a digest of yours.")
        raise BadHeader({HEADER: [ErrorDetail(words, "invalid")]})
    return key
