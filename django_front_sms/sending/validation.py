"""Validation of new messages: an unsaved row, or `InvalidMessage` with a code."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from phonenumbers import PhoneNumber

from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.db.digest import digest
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.gateway import gsm, numbers
from django_front_sms.models import BulkSend, OnDuplicate, OutboundMessage, Priority, Wait
from django_front_sms.sending.metadata import check_metadata

PRICED_LENGTH = 160  # §2.1
PRICES = range(100, 20_001, 100)  # øre, whole kroner (§2.1)
LONGEST_KEY = 200  # characters of an idempotency key
Recipient = str | PhoneNumber  # `phonenumber_field.PhoneNumber` is a subclass
_PRIORITIES = {"normal": Priority.NORMAL, "urgent": Priority.URGENT}


def draft(conf: FrontSMSSettings, to: Recipient, text: str, **options: Any) -> OutboundMessage:
    """An unsaved message; the arguments are `send_sms`'s."""
    return draft_to(conf, check_recipient(to, conf), text, **options)


def draft_to(
    conf: FrontSMSSettings,
    recipient: str,
    text: str,
    *,
    sender: str | None = None,
    account: str = "default",
    unicode: bool | None = None,
    price: int | None = None,
    priority: str = "normal",
    scheduled_at: datetime | None = None,
    expires_at: datetime | None = None,
    on_duplicate: str | None = None,
    ignore_opt_out: bool = False,
    idempotency_key: str | None = None,
    created_by: Any = None,
    metadata: Mapping[str, Any] | None = None,
    sensitive: bool = False,
) -> OutboundMessage:
    """An unsaved message to `recipient`, a number in E.164 that was checked already; otherwise as `draft`."""
    settings_of_account = conf.account(account)
    preview = check_text(text, unicode, conf)
    check_price(price, recipient, text, preview)
    sender = numbers.PRICED_SENDER if price else _sender(sender, settings_of_account)
    message = OutboundMessage(
        account=account,
        recipient=recipient,
        sender=sender,
        text=text,
        unicode=preview.encoding == "ucs2",
        segments=preview.segments,
        price=price,
        priority=_one_of(_PRIORITIES, priority, "priority"),
        on_duplicate=_one_of({value: value for value in OnDuplicate.values}, on_duplicate or "", "on_duplicate"),
        ignore_opt_out=ignore_opt_out,
        sensitive=sensitive,
        expires_at=_aware(expires_at),
        idempotency_key=idempotency_key or None,
        created_by=created_by if getattr(created_by, "pk", None) else None,
        metadata=check_metadata(metadata),
        **_schedule(_aware(scheduled_at), conf),
    )
    identify(message, recipient, sender, text, message.unicode, price)
    return message


def _schedule(scheduled_at: datetime | None, conf: FrontSMSSettings) -> dict[str, Any]:
    """The fields that say when a message is due, and what it waits for until then."""
    now = timezone.now()
    if scheduled_at is None:
        # Due on the database's clock too, which may be behind this machine's.
        return {"next_at": now - timedelta(seconds=conf.window_margin)}
    waits_for = Wait.SCHEDULE if scheduled_at > now else Wait.NOTHING
    return {"scheduled_at": scheduled_at, "next_at": scheduled_at, "waits_for": waits_for}


def identify(row: OutboundMessage | BulkSend, *payload: object) -> None:
    """Set the digests of a row that has an idempotency key: of the key, and of the `payload` of each repetition."""
    if row.idempotency_key:
        row.idempotency_digest = digest(row.account, check_idempotency_key(row.idempotency_key))
        row.payload_digest = digest(*payload)


def check_idempotency_key(key: str) -> str:
    """Return `key` unchanged; raise `ValueError` where it is too long or cannot be stored."""
    if len(key) > LONGEST_KEY or "\0" in key:
        raise ValueError(f"idempotency_key has more than {LONGEST_KEY} characters, or a NUL. Use a digest of it.")
    return key


def check_recipient(to: object, conf: FrontSMSSettings) -> str:
    """The number in E.164. `to` is a text, a `phonenumbers.PhoneNumber` or a `phonenumber_field.PhoneNumber`."""
    try:
        return numbers.parse_recipient(to, region=conf.default_region, allowed_regions=conf.allowed_regions)
    except numbers.NumberError as error:
        raise InvalidMessage(str(error), error.code) from None


def check_known_number(number: str, conf: FrontSMSSettings) -> str:
    """The number of an inbound message's sender, which is accepted even if no numbering plan has it; raises
    `InvalidMessage` with code `region_not_allowed`."""
    try:
        return check_recipient(number, conf)
    except InvalidMessage as error:
        if error.code == "region_not_allowed":
            raise
        return number


def _sender(sender: str | None, account: Account) -> str:
    """`sender`, or the account's own where it is None; checked."""
    if sender is None and not account.sender:
        raise InvalidMessage(
            _('There is no sender. Set SENDER in FRONT_SMS["ACCOUNTS"]["%(account)s"], or give one with the message.')
            % {"account": account.name},
            "invalid_sender",
        )
    return check_sender(account.sender if sender is None else sender)


def check_sender(sender: str) -> str:
    """Return `sender` unchanged, because it must equal what Front registered; raise `InvalidMessage`."""
    try:
        return numbers.check_sender(sender)
    except numbers.NumberError as error:
        raise InvalidMessage(str(error), "invalid_sender") from None


def check_text(text: str, unicode: bool | None, conf: FrontSMSSettings) -> gsm.Preview:
    """Return `text` as it will arrive; raise `InvalidMessage`."""
    if not text or not text.strip():
        raise InvalidMessage(_("The text is empty. Write something to send."), "empty_text")
    if len(text) > conf.max_text_length:
        raise InvalidMessage(
            _("The text has %(length)d characters; Front takes at most %(limit)d. Shorten it.")
            % {"length": len(text), "limit": conf.max_text_length},
            "text_too_long",
        )
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidMessage(
            _("The text holds a character that cannot be stored (NUL, or half of a surrogate pair). Remove it."),
            "not_gsm",
        )
    return gsm.preview(text, unicode=unicode, replacement=conf.replacement)


def check_price(price: int | None, recipient: str, text: str, preview: gsm.Preview) -> None:
    """§2.1: whole kroner, Norwegian subscribers, one segment."""
    if price is None:
        return
    if not isinstance(price, int) or price not in PRICES:
        raise InvalidMessage(
            _("The price must be whole kroner in øre, from 100 to 20000: 500 is 5 kr."), "invalid_price"
        )
    if len(text) > PRICED_LENGTH or preview.segments > 1:
        raise InvalidMessage(
            _("A priced message must fit one SMS: 160 GSM characters, or 70 in Unicode. Shorten it."),
            "priced_text_too_long",
        )
    if not recipient.startswith("+47"):
        raise InvalidMessage(_("Priced messages go to Norwegian numbers only."), "priced_recipient")


def check_expiry(expires_at: datetime | None, scheduled_at: datetime | None) -> None:
    """Refuse a message that would expire before it could be sent; both times are aware."""
    if expires_at is None:
        return
    if expires_at <= timezone.now():
        raise InvalidMessage(
            _("This message expires in the past, so it would never be sent. Choose a later time to expire, or none."),
            "invalid_expiry",
        )
    if scheduled_at is not None and expires_at <= scheduled_at:
        raise InvalidMessage(
            _("This message expires before its scheduled time, so it would never be sent. Let it expire later."),
            "invalid_expiry",
        )


def _one_of(values: Mapping[str, Any], value: str, name: str) -> Any:
    if value not in values:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(repr(v) for v in values if v)}.")
    return values[value]


def _aware(moment: datetime | None) -> datetime | None:
    """Return an aware time; a naive one is taken in the current time zone."""
    return timezone.make_aware(moment) if moment is not None and timezone.is_naive(moment) else moment
