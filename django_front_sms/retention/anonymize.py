"""What is taken out of a row, and what stays for the figures.

Only rows that came to their end are emptied: nothing here changes what is sent, how often, or what is decided.
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

_FORGOTTEN: dict[str, Any] = {
    "recipient": "",
    "text": "",
    "error_text": "",
    "idempotency_key": None,  # its digest stays: the same key sends once, however late it comes again
    "payload_digest": "",
    "metadata": {},
}


def batches(rows: "QuerySet[Any]") -> Iterator[list[int]]:
    """Keys of `rows`, some at a time, in their order: each row is come by once, whatever becomes of it.

    So is, each day, every row that was emptied before. An index without those would cost every message that is sent;
    and a place where the next run could begin would hide what is restored or held back below it, for ever."""
    last = 0
    while keys := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield keys
        last = keys[-1]


def ended(now: datetime) -> Q:
    """Of outgoing messages: nothing happens to them any more but a delivery status, and nobody has to decide."""
    # An answer that is late may still send a message back into the queue.
    recent = SendAttempt.objects.filter(message=OuterRef("pk"), claimed_at__gt=now - get_settings().twin_gap)
    late = recent.filter(outcome__in=(SendAttempt.Outcome.PENDING, SendAttempt.Outcome.LOST))
    return ~Q(state__in=OPEN) & ~UNDECIDED & Q(~Exists(late))


@nested_transaction
def outgoing(keys: Collection[int]) -> int:
    """Empty outgoing messages, their attempts and statuses; gives how many. Those that did not end stay as they are."""
    now = database_now()
    rows = [row.pk for row in locked(keys)]
    rows = list(OutboundMessage.objects.filter(ended(now), pk__in=rows).values_list("pk", flat=True))
    OutboundMessage.objects.filter(pk__in=rows).update(**_FORGOTTEN)
    # Until its window is over, equal messages must be recognised (§2.2, code 17). `late_keys` sees to the rest.
    over = When(claimed_at__lte=now - get_settings().twin_gap, then=Value(""))
    attempts = SendAttempt.objects.filter(message__in=rows)
    attempts.update(wire_recipient="", wire_digest="", detail="", twin_key=Case(over, default=F("twin_key")))
    DeliveryStatus.objects.filter(message__in=rows).exclude(raw=b"").update(raw=b"")  # a purge has been there before
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
    """Empty inbound messages; gives how many. Their files are gone before: `files.forget`."""
    rows = InboundMessage.objects.processed().filter(pk__in=keys)
    # Without Front's id, an identity is made of the numbers. With it, it is not, and a redelivery is still known.
    for key in rows.filter(gateway_id=None).values_list("pk", flat=True):
        InboundMessage.objects.filter(pk=key).update(identity=secrets.token_hex(16))
    return rows.update(sender="", text="", keyword="", raw=b"", content_digest="")


def bulk_sends(keys: Collection[int]) -> int:
    rows = BulkSend.objects.filter(pk__in=keys)
    return rows.update(text="", metadata={}, idempotency_key=None, payload_digest="")


@nested_transaction
def events(keys: Collection[int]) -> int:
    """Remove events that were told; those that were given up stay for staff to see, without their tracebacks."""
    rows = Event.objects.finished().filter(pk__in=keys)
    emptied = rows.failed().exclude(traceback="").update(traceback="")
    removed, _by_model = rows.filter(failed=False).delete()
    return emptied + removed


# What is still full


def full_outgoing() -> OutboundQuerySet:
    return OutboundMessage.objects.exclude(recipient="")


def full_statuses() -> "QuerySet[DeliveryStatus]":
    return DeliveryStatus.objects.processed().exclude(raw=b"")


def full_inbound() -> "QuerySet[InboundMessage]":
    """Those that the worker is done with."""
    return InboundMessage.objects.processed().exclude(content_digest="")


def full_files() -> "QuerySet[MmsFile]":
    return MmsFile.objects.exclude(file="", name="", sha256="").filter(message__process_at=None)


def full_bulk_sends() -> "QuerySet[BulkSend]":
    """Those all of whose messages are empty."""
    still = full_outgoing().filter(bulk=OuterRef("pk"))
    return BulkSend.objects.exclude(text="").filter(~Exists(still))
