"""The public functions for sending and previewing. Invalid input raises `InvalidMessage`, and nothing is stored.

Rows are written inside the caller's transaction; a worker is woken when it commits. If the broker is down, no exception
is raised and no row is lost: the next sweep finds it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from asgiref.sync import sync_to_async
from django.utils.translation import gettext as _

from django_front_sms.conf import get_settings
from django_front_sms.exceptions import InvalidMessage, NotPossible, NotRepliable
from django_front_sms.gateway import gsm
from django_front_sms.gateway.gsm import Preview
from django_front_sms.models import InboundMessage, OutboundMessage
from django_front_sms.redaction import redacted_errors
from django_front_sms.sending.store import RefusedDraft, store, store_one
from django_front_sms.sending.validation import Recipient, check_known_number, draft, draft_to
from django_front_sms.states import OPEN, State


@redacted_errors
def send_sms(
    to: Recipient,
    text: str,
    *,
    sender: str | None = None,
    account: str = "default",
    unicode: bool | None = None,
    price: int | None = None,
    priority: Literal["normal", "urgent"] = "normal",
    scheduled_at: datetime | None = None,
    expires_at: datetime | None = None,
    on_duplicate: Literal["defer", "coalesce", "reject"] | None = None,
    ignore_opt_out: bool = False,
    idempotency_key: str | None = None,
    created_by: Any = None,
    metadata: Mapping[str, Any] | None = None,
    sensitive: bool = False,
) -> OutboundMessage:
    """Queue one SMS and return its row.

    `to` is a number in any form that people write, or a number object, which is taken in E.164; without a country code
    it is in `DEFAULT_REGION`.
    `text` has at most `MAX_TEXT_LENGTH` characters (§2.1). `sender` is sent exactly as written; None is the account's
    sender. `unicode`: None decides by the text, True allows Unicode, False lets the gateway replace characters outside
    GSM.
    `price` is in øre: whole kroner, 100 to 20000 (§2.1). Naive datetimes are in the current time zone.
    A repeated `idempotency_key` returns the row of the first call. The text of a `sensitive` message is shown to
    nobody, and emptied when the message is final.

    Raises `InvalidMessage`, whose `code` names the error.
    """
    asked = draft(
        get_settings(),
        to,
        text,
        sender=sender,
        account=account,
        unicode=unicode,
        price=price,
        priority=priority,
        scheduled_at=scheduled_at,
        expires_at=expires_at,
        on_duplicate=on_duplicate,
        ignore_opt_out=ignore_opt_out,
        idempotency_key=idempotency_key,
        created_by=created_by,
        metadata=metadata,
        sensitive=sensitive,
    )
    return store_one(asked)


@redacted_errors
async def asend_sms(to: Recipient, text: str, **options: Any) -> OutboundMessage:
    """`send_sms` for async code; the same arguments and errors."""
    return await sync_to_async(send_sms)(to, text, **options)


@redacted_errors
def send_many_sms(messages: Iterable[Mapping[str, Any]], **defaults: Any) -> list[OutboundMessage]:
    """Queue many SMS, all or none, and return their rows in the same order.

    Each of `messages` is a dict of `send_sms`'s arguments; `defaults` apply to arguments that it leaves out.
    Raises `InvalidMessage` with `index`, the position of the first invalid message, from 0.
    """
    conf = get_settings()
    drafts = []
    for index, message in enumerate(messages):
        try:
            drafts.append(draft(conf, **{**defaults, **message}))
        except InvalidMessage as error:
            error.index = index
            raise
    try:
        return store(drafts)
    except RefusedDraft as error:
        error.index = error.place
        raise


@redacted_errors
def preview_sms(text: str, *, unicode: bool | None = None) -> Preview:
    """Return `text` as it would arrive, with encoding, segments, units and replaced characters. Stores nothing."""
    return gsm.preview(text, unicode=unicode, replacement=get_settings().replacement)


@redacted_errors
def resend(message: OutboundMessage, by: Any = None, *, idempotency_key: str | None = None) -> OutboundMessage:
    """Queue the same text again as a new message.

    Raises `NotPossible` while the old message is open or waits for a decision, and where its text was removed.
    """
    if message.state in OPEN | {State.UNCONFIRMED} and not message.given_up:
        raise NotPossible(
            _("This message is %(state)s; it can be sent again when it has come to an end.")
            % {"state": message.get_state_display()}
        )
    if message.sensitive:
        raise NotPossible(_("The text of this message is confidential; it cannot be sent again. Write a new one."))
    if not message.recipient:
        raise NotPossible(_("The number and the text of this message were erased; it cannot be sent again."))
    asked = draft(
        get_settings(),
        message.recipient,
        message.text,
        sender=None if message.price else message.sender,
        account=message.account,
        unicode=message.unicode,
        price=message.price,
        priority="urgent" if message.priority else "normal",
        on_duplicate="defer",  # "coalesce" and "reject" would not send the message again
        ignore_opt_out=message.ignore_opt_out,
        idempotency_key=idempotency_key,
        created_by=by,
        metadata={**message.metadata, "resend_of": message.pk},
    )
    return store_one(asked)


@redacted_errors
def reply(inbound: InboundMessage, text: str, **options: Any) -> OutboundMessage:
    """Queue an answer to `inbound`, sent from the number that it was sent to. Raises `NotRepliable`."""
    if not inbound.sender.startswith("+"):
        raise NotRepliable(_("This message came from a text or a short code, not from a number that can be answered."))
    answered = inbound.in_reply_to
    options.setdefault("account", inbound.account)
    options.setdefault("sender", answered.sender if answered else inbound.recipient)
    conf = get_settings()
    asked = draft_to(conf, check_known_number(inbound.sender, conf), text, **options)
    asked.reply_to = inbound
    return store_one(asked)
