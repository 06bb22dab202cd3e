"""Storing new messages: idempotency keys, opt-outs and limits are checked in the same transaction."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from django_front_sms import events, optouts
from django_front_sms.conf import get_settings
from django_front_sms.db.bulk import in_chunks, insert_rows
from django_front_sms.db.content import is_refused_content
from django_front_sms.db.routing import atomic, committed, connection, on_commit
from django_front_sms.db.transactions import nested_transaction
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import BulkSend, OutboundMessage
from django_front_sms.sending import limits
from django_front_sms.sending.validation import check_expiry

Row = TypeVar("Row", OutboundMessage, BulkSend)

BATCH = 1000  # rows in one INSERT


class RefusedDraft(InvalidMessage):
    """A draft that was not stored; `place` is its position among the drafts, from 0."""

    def __init__(self, message: str, code: str, place: int) -> None:
        super().__init__(message, code)
        self.place = place


def store_one(draft: OutboundMessage) -> OutboundMessage:
    """Insert one message, or return the row that has its idempotency key. Raises `RefusedDraft`."""
    return store([draft])[0]


def store(drafts: list[OutboundMessage]) -> list[OutboundMessage]:
    """Insert new messages; for a draft whose idempotency key exists, return the row that has it.

    Raises `RefusedDraft` for the first draft that is refused.
    """
    if not drafts:
        return []
    # With limits, callers lock the same rows, so a database may require that the transaction is retried.
    insert = nested_transaction(_insert) if get_settings().rate_limits else atomic()(_insert)
    with refused_content():
        try:
            rows = insert(drafts)
        except IntegrityError:  # another process stored one of the keys since `_known` looked
            rows = insert(drafts, latest=True)
    on_commit(lambda: events.hint("dispatch"))
    return rows


@contextmanager
def refused_content() -> Iterator[None]:
    """Raise `InvalidMessage` if the database refuses a character or a value of the rows.

    The database's exception, which can quote the text, is not chained.
    """
    try:
        yield
    except Exception as error:
        if not is_refused_content(error):
            raise
        raise InvalidMessage(
            _(
                "The database cannot store this message. Remove emoji and other rare characters, or have the "
                "character set of the database changed (utf8mb4 on MySQL and MariaDB)."
            ),
            "unstorable",
        ) from None


def with_keys(rows: "QuerySet[Row]", digests: Collection[str], *, latest: bool = False) -> dict[str, Row]:
    """The rows of `rows` that have these digests of idempotency keys, by digest.

    `latest`: include rows that were committed since the caller's transaction began.
    """

    def read() -> dict[str, Row]:
        found = (row for some in in_chunks(digests, BATCH) for row in rows.filter(idempotency_digest__in=some))
        return {str(row.idempotency_digest): row for row in found}

    known = read()
    if latest and len(known) < len(digests) and connection().vendor != "sqlite":
        known = {**committed(read), **known}
    return known


def _insert(drafts: list[OutboundMessage], *, latest: bool = False) -> list[OutboundMessage]:
    for message in drafts:  # an earlier attempt may have set it
        message.pk = None
    wanted = {message.idempotency_digest for message in drafts if message.idempotency_digest}
    known = with_keys(OutboundMessage.objects.all(), wanted, latest=latest)
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
            must_match(message, earlier, index)
            rows.append(earlier)
    _check_expiry(new, drafts)
    _check_opt_outs(new, drafts)
    _count_limits(new, drafts)
    if connection().features.can_return_rows_from_bulk_insert:
        for chunk in in_chunks(new, BATCH):
            insert_rows(chunk)
    else:  # MySQL returns no primary keys of many rows, and callers need them
        for message in new:
            message.save(force_insert=True)
    return rows


def _check_expiry(new: list[OutboundMessage], drafts: list[OutboundMessage]) -> None:
    for message in new:
        try:
            check_expiry(message.expires_at, message.scheduled_at)
        except InvalidMessage as error:
            raise RefusedDraft(str(error), error.code, drafts.index(message)) from None


def _check_opt_outs(new: list[OutboundMessage], drafts: list[OutboundMessage]) -> None:
    for place in optouts.refused(new):
        reason = _("This number opted out of messages from this sender. Only service messages may be sent to it.")
        raise RefusedDraft(reason, "opted_out", drafts.index(new[place]))


def _count_limits(new: list[OutboundMessage], drafts: list[OutboundMessage]) -> None:
    refusal = limits.count(new, get_settings())
    if refusal is not None:
        place, reason = refusal
        raise RefusedDraft(reason, "rate_limited", drafts.index(new[place]))


def must_match(message: OutboundMessage | BulkSend, earlier: OutboundMessage | BulkSend, place: int = 0) -> None:
    """Raise `RefusedDraft` if a repeated idempotency key has another payload."""
    if earlier.payload_digest not in (message.payload_digest, ""):  # empty: the payload was erased
        raise RefusedDraft(
            _("This idempotency key belongs to another message (number, sender, text or price differ). Use a new key."),
            "idempotency_mismatch",
            place,
        )
