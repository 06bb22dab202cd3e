"""Empties the personal fields of rows, and keeps the other fields for statistics.

Only rows in a final state are emptied, so that this never changes whether or how often a message is sent.
"""

import secrets
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When

from django_front_sms.conf import get_settings
from django_front_sms.db.clock import database_now
from django_front_sms.db.transactions import nested_transaction
from django_front_sms.models import (
    BulkSend,
    DeliveryStatus,
    Event,
    InboundMessage,
    MmsFile,
    OutboundMessage,
    SendAttempt,
)
from django_front_sms.models.outbound import UNDECIDED, OutboundQuerySet
from django_front_sms.outbox.transitions import locked
from django_front_sms.states import OPEN

BATCH = 500

_EMPTY_FIELDS: dict[str, Any] = {
    "recipient": "",
    "text": "",
    "error_text": "",
    "idempotency_key": None,  # its digest stays, so that a late repetition of the key is still recognised
    "payload_digest": "",
    "metadata": {},
}


def batches(rows: "QuerySet[Any]") -> Iterator[list[int]]:
    """Yield the keys of `rows` in order, `BATCH` at a time. Visits each row once, even if it cannot be processed.

    Each run also reads the rows that earlier runs emptied. A partial index without them would slow down each insert,
    and a stored starting point would miss older rows that are restored or were skipped.
    """
    last = 0
    while keys := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield keys
        last = keys[-1]


def ended(now: datetime) -> Q:
    """A condition for outgoing messages that are finished: only a delivery status can still change them."""
    # A late answer may put a message back into the queue.
    recent = SendAttempt.objects.of_message(OuterRef("pk")).claimed_after(now - get_settings().twin_gap)
    late = recent.filter(outcome__in=(SendAttempt.Outcome.PENDING, SendAttempt.Outcome.LOST))
    return ~Q(state__in=OPEN) & ~UNDECIDED & Q(~Exists(late))


@nested_transaction
def outbound(keys: Collection[int]) -> int:
    """Empty outgoing messages, their attempts and statuses; returns how many. Skips messages that are not finished."""
    now = database_now()
    rows = [row.pk for row in locked(keys)]
    rows = list(OutboundMessage.objects.filter(ended(now), pk__in=rows).values_list("pk", flat=True))
    OutboundMessage.objects.filter(pk__in=rows).update(**_EMPTY_FIELDS)
    # Until its window is over, equal messages must be recognised (§2.2, code 17). `late_keys` empties their keys later.
    over = When(claimed_at__lte=now - get_settings().twin_gap, then=Value(""))
    attempts = SendAttempt.objects.filter(message__in=rows)
    attempts.update(wire_recipient="", wire_digest="", detail="", twin_key=Case(over, default=F("twin_key")))
    DeliveryStatus.objects.filter(message__in=rows).exclude(raw=b"").update(raw=b"")  # some were emptied earlier
    return len(rows)


def late_keys() -> int:
    """Twin keys of messages that were emptied while their window was open."""
    over = database_now() - get_settings().twin_gap
    left = SendAttempt.objects.filter(wire_digest="", claimed_at__lte=over).exclude(twin_key="")
    return sum(SendAttempt.objects.filter(pk__in=keys).update(twin_key="") for keys in batches(left))


def statuses(keys: Collection[int]) -> int:
    return DeliveryStatus.objects.filter(pk__in=keys).update(raw=b"")


@nested_transaction
def inbound(keys: Collection[int]) -> int:
    """Empty inbound messages; returns how many. Call `files.delete_files` first: it deletes their files."""
    rows = InboundMessage.objects.processed().filter(pk__in=keys)
    # An identity without Front's id contains the numbers. One with it does not, and still detects a redelivery.
    for key in rows.filter(gateway_id=None).values_list("pk", flat=True):
        InboundMessage.objects.filter(pk=key).update(identity=secrets.token_hex(16))
    return rows.update(sender="", text="", keyword="", raw=b"", content_digest="")


def bulk_sends(keys: Collection[int]) -> int:
    rows = BulkSend.objects.filter(pk__in=keys)
    return rows.update(text="", metadata={}, idempotency_key=None, payload_digest="")


@nested_transaction
def events(keys: Collection[int]) -> int:
    """Delete delivered events. Events that were given up stay for staff to see, without their tracebacks."""
    rows = Event.objects.finished().filter(pk__in=keys)
    emptied = rows.failed().with_traceback().update(traceback="")
    removed, _by_model = rows.filter(failed=False).delete()
    return emptied + removed


# Rows that are not emptied yet


def full_outbound() -> OutboundQuerySet:
    return OutboundMessage.objects.with_recipient()


def full_statuses() -> "QuerySet[DeliveryStatus]":
    return DeliveryStatus.objects.processed().exclude(raw=b"")


def full_inbound() -> "QuerySet[InboundMessage]":
    """Processed inbound messages that are not emptied yet."""
    return InboundMessage.objects.processed().exclude(content_digest="")


def full_files() -> "QuerySet[MmsFile]":
    return MmsFile.objects.exclude(file="", name="", sha256="").filter(message__process_at=None)


def full_bulk_sends() -> "QuerySet[BulkSend]":
    """Bulk sends that are not emptied yet, but whose messages all are."""
    still = full_outbound().filter(bulk=OuterRef("pk"))
    return BulkSend.objects.exclude(text="").filter(~Exists(still))
