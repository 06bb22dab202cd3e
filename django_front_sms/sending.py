"""The public face: sending and previewing. Bad input raises `InvalidMessage`, and nothing is stored.

Rows are written inside the caller's transaction; the worker is woken when that commits. A broker that is down never
raises here and never loses a row: the next sweep finds it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

from asgiref.sync import sync_to_async
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from django_front_sms import events, limits, optouts
from django_front_sms.conf import FrontSMSSettings, get_settings
from django_front_sms.db.bulk import insert_rows
from django_front_sms.drafts import check_recipient, draft, identify
from django_front_sms.exceptions import InvalidMessage, NotPossible, NotRepliable
from django_front_sms.gateway import gsm
from django_front_sms.gateway.gsm import Preview
from django_front_sms.models import BulkSend, InboundMessage, OutboundMessage
from django_front_sms.states import OPEN, State

BATCH = 1000  # rows in one INSERT


def send_sms(
    to: str,
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
) -> OutboundMessage:
    """Queue one SMS, and give its row.

    `to` is a number in any form that people write; without a country code it is taken in `DEFAULT_REGION`.
    `text` has at most `MAX_TEXT_LENGTH` characters (§2.1). `sender` goes out exactly as written; None is the account's
    own. `unicode`: None decides by the text, True allows Unicode, False lets the gateway replace what GSM lacks.
    `price` is in øre: whole kroner, 100 to 20000 (§2.1). Naive datetimes are in the current time zone.
    A repeated `idempotency_key` gives the row that it gave before.

    Raises `InvalidMessage`, whose `code` names the fault.
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
    )
    return _store_one(asked)


async def asend_sms(to: str, text: str, **options: Any) -> OutboundMessage:
    """`send_sms` for async code; the same arguments and errors."""
    return await sync_to_async(send_sms)(to, text, **options)


def send_many_sms(messages: Iterable[Mapping[str, Any]], **defaults: Any) -> list[OutboundMessage]:
    """Queue many SMS, all or none, and give their rows in the same order.

    Each of `messages` is a dict with `send_sms`'s arguments; `defaults` fill in what one leaves out.
    Raises `InvalidMessage` with `index`, the place of the first one at fault, from 0.
    """
    conf = get_settings()
    drafts = []
    for index, message in enumerate(messages):
        try:
            drafts.append(draft(conf, **{**defaults, **message}))
        except InvalidMessage as error:
            error.index = index
            raise
    return _store(drafts)


def send_bulk_sms(
    to: Iterable[str],
    text: str,
    *,
    sender: str | None = None,
    account: str = "default",
    unicode: bool | None = None,
    skip_invalid: bool = False,
    created_by: Any = None,
    metadata: Mapping[str, Any] | None = None,
    ignore_opt_out: bool = False,
    idempotency_key: str | None = None,
) -> BulkSend:
    """Queue one text to many numbers by Front's bulk API (§2.4), and give the row that groups them.

    Each distinct number gets one message. Front gives no ids for them, so no delivery status ever comes. With
    `skip_invalid`, numbers that can't be read, and those that opted out, are left out; otherwise they raise
    `InvalidMessage`, which lists them in `invalid`. `unicode=False` refuses a text with characters outside GSM: bulk
    does not replace them (§2.2, code 16). A repeated `idempotency_key` gives the row that it gave before.
    """
    conf = get_settings()
    wanted, invalid = _distinct(to, conf)
    if invalid and not skip_invalid:
        raise InvalidMessage(
            _("%(count)d of the numbers cannot be sent to; see `invalid`. Correct them, or pass skip_invalid=True.")
            % {"count": len(invalid)},
            "invalid_recipient",
            invalid=invalid,
        )
    if not wanted:
        raise InvalidMessage(_("There is no number to send to."), "no_recipients", invalid=invalid)
    if unicode is False and not gsm.is_gsm(text):
        raise InvalidMessage(
            _("Bulk takes GSM characters only, unless Unicode is allowed (§2.4). Allow it, or replace the others."),
            "not_gsm",
        )
    options: dict[str, Any] = {"sender": sender, "account": account, "unicode": unicode, "created_by": created_by}
    options |= {"metadata": metadata, "ignore_opt_out": ignore_opt_out}
    drafts = [draft(conf, number, text, **options) for number in wanted]
    first = drafts[0]
    bulk = BulkSend(
        account=account,
        sender=first.sender,
        text=text,
        unicode=first.unicode,
        created_by=first.created_by,
        metadata=first.metadata,
        idempotency_key=idempotency_key or None,
    )
    identify(bulk, sorted(wanted), first.sender, text, first.unicode)
    return _earlier(bulk) or _store_bulk(bulk, _willing(drafts, wanted, invalid, skip_invalid))


def _earlier(bulk: BulkSend) -> BulkSend | None:
    """The row that has this bulk send's idempotency key already."""
    if not bulk.idempotency_digest:
        return None
    earlier = BulkSend.objects.filter(idempotency_digest=bulk.idempotency_digest).first()
    if earlier is not None:
        _must_match(bulk, earlier)
    return earlier


def _store_bulk(bulk: BulkSend, drafts: list[OutboundMessage]) -> BulkSend:
    bulk.recipients = len(drafts)
    try:
        with _without_index(), transaction.atomic():
            bulk.save(force_insert=True)
            for message in drafts:
                message.bulk = bulk
            _store(drafts)
    except IntegrityError:  # somebody stored its key since we looked
        earlier = _earlier(bulk)
        if earlier is None:
            raise
        return earlier
    return bulk


def _distinct(to: Iterable[str], conf: FrontSMSSettings) -> tuple[dict[str, str], list[str]]:
    """The numbers in E.164, each once, in the order given, with how it was written; and those that are none."""
    wanted: dict[str, str] = {}
    invalid: list[str] = []
    for number in to:
        try:
            wanted.setdefault(check_recipient(number, conf), number)
        except InvalidMessage:
            invalid.append(number)
    return wanted, invalid


def _willing(
    drafts: list[OutboundMessage], written: Mapping[str, str], invalid: list[str], skip: bool
) -> list[OutboundMessage]:
    """The drafts whose recipients did not opt out; unless `skip`, there must be no others."""
    refused = set(optouts.refused(drafts))
    unwilling = [written[message.recipient] for place, message in enumerate(drafts) if place in refused]
    if unwilling and not skip:
        raise InvalidMessage(
            _("%(count)d of the numbers opted out; see `invalid`. Leave them out, or pass skip_invalid=True.")
            % {"count": len(unwilling)},
            "opted_out",
            invalid=unwilling,
        )
    willing = [message for place, message in enumerate(drafts) if place not in refused]
    if not willing:
        raise InvalidMessage(_("There is no number to send to."), "no_recipients", invalid=[*invalid, *unwilling])
    return willing


def preview_sms(text: str, *, unicode: bool | None = None) -> Preview:
    """How `text` would arrive: encoding, segments, units, and what the gateway would replace. Stores nothing."""
    return gsm.preview(text, unicode=unicode, replacement=get_settings().replacement)


def resend(message: OutboundMessage, by: Any = None, *, idempotency_key: str | None = None) -> OutboundMessage:
    """The same once more, as a new message. `NotPossible` while the old one is on its way, or waits for a decision."""
    if message.state in OPEN | {State.UNCONFIRMED} and not message.given_up:
        raise NotPossible(
            _("This message is %(state)s; it can be sent again when it has come to an end.")
            % {"state": message.get_state_display()}
        )
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
        on_duplicate="defer",  # who sends it again does not want to hear that it was sent before
        ignore_opt_out=message.ignore_opt_out,
        idempotency_key=idempotency_key,
        created_by=by,
        metadata={**message.metadata, "resend_of": message.pk},
    )
    return _store_one(asked)


def reply(inbound: InboundMessage, text: str, **options: Any) -> OutboundMessage:
    """Answer `inbound` from the number that was written to."""
    if not inbound.sender.startswith("+"):
        raise NotRepliable(_("This message came from a text or a short code, not from a number that can be answered."))
    answered = inbound.in_reply_to
    options.setdefault("account", inbound.account)
    options.setdefault("sender", answered.sender if answered else inbound.recipient)
    asked = draft(get_settings(), inbound.sender, text, **options)
    asked.reply_to = inbound
    return _store_one(asked)


def _store_one(asked: OutboundMessage) -> OutboundMessage:
    with _without_index():
        return _store([asked])[0]


@contextmanager
def _without_index() -> Iterator[None]:
    """The caller gave no list of messages, so that what is wrong has no place in one."""
    try:
        yield
    except InvalidMessage as error:
        error.index = None
        raise


def _store(drafts: list[OutboundMessage]) -> list[OutboundMessage]:
    """Insert what is new; a draft whose idempotency key is known gives the row that has it."""
    if not drafts:
        return []
    try:
        with transaction.atomic():
            rows = _insert(drafts, _known(drafts))
    except IntegrityError:
        # Somebody stored one of the keys since we looked.
        for message in drafts:
            message.pk = None
        with transaction.atomic():
            rows = _insert(drafts, _known(drafts))
    transaction.on_commit(lambda: events.hint("dispatch"))
    return rows


def _known(drafts: Iterable[OutboundMessage]) -> dict[str, OutboundMessage]:
    """The rows that have these idempotency keys already, by the digest of account and key."""
    wanted = [message.idempotency_digest for message in drafts if message.idempotency_digest]
    known: dict[str, OutboundMessage] = {}
    for start in range(0, len(wanted), BATCH):
        found = OutboundMessage.objects.filter(idempotency_digest__in=wanted[start : start + BATCH])
        known |= {str(message.idempotency_digest): message for message in found}
    return known


def _insert(drafts: list[OutboundMessage], known: dict[str, OutboundMessage]) -> list[OutboundMessage]:
    rows: list[OutboundMessage] = []
    new: list[OutboundMessage] = []
    for index, message in enumerate(drafts):
        digest = message.idempotency_digest or ""
        earlier = known.get(digest)
        if earlier is None:
            new.append(message)
            rows.append(message)
            if digest:
                known[digest] = message
        else:
            _must_match(message, earlier, index)
            rows.append(earlier)
    _check_opt_outs(new, drafts)
    _check_limits(new, drafts)
    if connection.features.can_return_rows_from_bulk_insert:
        for start in range(0, len(new), BATCH):
            insert_rows(new[start : start + BATCH])
    else:  # MySQL names no keys of many rows, and callers need them
        for message in new:
            message.save(force_insert=True)
    return rows


def _check_opt_outs(new: list[OutboundMessage], drafts: list[OutboundMessage]) -> None:
    for place in optouts.refused(new):
        raise InvalidMessage(
            _("This number opted out of messages from this sender. A service message may pass ignore_opt_out=True."),
            "opted_out",
            index=drafts.index(new[place]),
        )


def _check_limits(new: list[OutboundMessage], drafts: list[OutboundMessage]) -> None:
    try:
        limits.check(new, get_settings())
    except InvalidMessage as error:
        if error.index is not None:
            error.index = drafts.index(new[error.index])  # its place among all, not only among the new ones
        raise


def _must_match(
    message: OutboundMessage | BulkSend, earlier: OutboundMessage | BulkSend, index: int | None = None
) -> None:
    if earlier.payload_digest not in (message.payload_digest, ""):  # empty: what it was is erased, that it was is not
        raise InvalidMessage(
            _("This idempotency key belongs to another message (number, sender, text or price differ). Use a new key."),
            "idempotency_mismatch",
            index=index,
        )
