"""Compares the log of the gateway stand-in with the tables: lost, repeated and unfinished work."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection

_STATUSES = """
SELECT count(*) FROM front_sms_outboundmessage message WHERE (
    SELECT array_agg(status ORDER BY status) FROM front_sms_deliverystatus WHERE message_id = message.id
) IS DISTINCT FROM ARRAY[-1, 4]::bigint[]
"""


def settled(messages: int, inbound: int) -> bool:
    """Whether all statuses and inbound messages for `messages` messages have arrived and are processed."""
    from django_front_sms.models import DeliveryStatus, InboundMessage, OutboundMessage

    return (
        not any(unfinished().values())
        and OutboundMessage.objects.filter(state="delivered").count() >= messages
        and DeliveryStatus.objects.count() >= 2 * messages
        and InboundMessage.objects.count() >= inbound
    )


def unfinished() -> dict[str, int]:
    """The number of rows that a worker still has to process, by table."""
    from django_front_sms.models import DeliveryStatus, Event, InboundMessage, OutboundMessage

    return {
        "messages in the queue": OutboundMessage.objects.filter(state__in=("queued", "sending")).count(),
        "statuses to fold": DeliveryStatus.objects.filter(process_at__isnull=False).count(),
        "inbound messages to process": InboundMessage.objects.filter(process_at__isnull=False).count(),
        "events to deliver": Event.objects.pending().count(),
    }


def faults(
    written: int, front: Mapping[str, Any], delivered: list[int], pictures: Counter[str], hints_left: int
) -> Iterator[tuple[str, int]]:
    """The number of faults of each kind. Zeros are included, so that the report lists every check.

    `front`: the log of the gateway stand-in. `delivered`: the inbound messages that the receiver was called with.
    `pictures`: `stored_pictures()` before the purge.
    """
    from django_front_sms.models import DeliveryStatus, Event, InboundMessage, OutboundMessage, RefusedPush

    messages, inbound = OutboundMessage.objects.all(), InboundMessage.objects.values_list("pk", flat=True)
    pushed, calls = Counter(front["kinds"]), Counter(delivered)
    yield "messages that were written and are not stored", abs(written - messages.count())
    yield "messages that Front was not given exactly once", abs(written - front["answered"])
    yield "messages that are not delivered", messages.exclude(state="delivered").count()
    yield "messages that took more than one attempt", messages.exclude(attempts=1).count()
    yield "messages without exactly the two statuses", _count(_STATUSES)
    yield "statuses too few or too many", abs(DeliveryStatus.objects.count() - 2 * written)
    yield "statuses of no message", DeliveryStatus.objects.filter(message=None).count()
    yield "pushes that were not delivered", front["open"] + front["given_up"]
    yield "tries of a push that were not answered with 200", len(front["refused"])
    yield "pushes that were refused", RefusedPush.objects.count()
    yield "inbound messages too few or too many", abs(len(inbound) - pushed["inbound"] - pushed["mms"])
    yield "MMS files lost, changed or doubled", _files(Counter(front["pictures"]), pictures | stored_pictures())
    yield "inbound messages whose event was not delivered", len(set(inbound) - set(calls))
    yield "events that were delivered twice under two ids", sum(count - 1 for count in calls.values())
    yield "events that were given up", Event.objects.failed().count()
    yield from unfinished().items()
    yield "hints left in the queue", hints_left


def stored_pictures() -> Counter[str]:
    """The SHA-256 of each MMS file in the storage, and the number of rows that have it."""
    from django_front_sms.models import MmsFile

    stored: Counter[str] = Counter()
    for row in MmsFile.objects.exclude(file=""):
        with row.file.open("rb") as file:
            stored[hashlib.sha256(file.read()).hexdigest()] += 1
    return stored


def _files(pushed: Counter[str], stored: Counter[str]) -> int:
    """The number of pictures that were pushed but never stored, or stored but not pushed."""
    return (pushed - stored).total() + (stored - pushed).total()


def _count(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def sizes() -> dict[str, tuple[int, int]]:
    """Bytes of each table and of its indexes, the largest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class "
            "WHERE relkind = 'r' AND relname LIKE 'front\\_sms\\_%' ORDER BY pg_total_relation_size(oid) DESC"
        )
        return {name: (table, indexes) for name, table, indexes in cursor.fetchall()}
