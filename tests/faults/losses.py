"""The losses after a fail-over to a standby that lacks commits, and what the app shows of them.

New rows reuse the primary keys of lost rows, so messages are identified by their texts, each of which is sent once.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.faults.gateway_requests import Request
from tests.faults.judge import ACCEPTED, Tag

Line = Mapping[str, Any]
Given = Sequence[tuple[int, str]]


def digest_of(row: Any) -> str:
    """Return the digest of a message, as the gateway computes it."""
    return Request(row.sender, "00" + row.recipient[1:], row.text, "", row.price or 0).digest


def by_text(
    rows: Sequence[Line], given: Given, accepted: Sequence[Line], seen: Sequence[Line]
) -> tuple[list[int], list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the committed keys and the gateway's logs, with each key replaced by that of the row with the same text.
    The key of a missing row is negative, and its acceptances are left out.

    `given`: the primary keys that the sender received, with the digests of the texts."""
    now = {row["digest"]: row["pk"] for row in rows}
    gone = {digest: -number for number, (_, digest) in enumerate(given, 1) if digest not in now}

    def tagged(line: Line) -> dict[str, Any]:
        tag = Tag.read(line["tag"])
        key = now.get(line["digest"], gone.get(line["digest"], 0))
        return {**line, "tag": f"{key}:{tag.number}:{tag.claimed}"}

    committed = [now.get(digest, gone.get(digest, 0)) for _, digest in given]
    return committed, [tagged(line) for line in accepted if line["digest"] in now], [tagged(line) for line in seen]


def losses(rows: Sequence[Line], given: Given, accepted: Sequence[Line]) -> dict[str, Any]:
    """Return counts. `rows gone`: messages whose key the sender received, without a row. `keys given twice`: keys of
    two messages. `denied`: accepted messages whose row has a state of messages that were not accepted, by state.
    `orphans`: accepted messages with an id that no row has."""
    there = {row["digest"] for row in rows}
    taken = {line["digest"] for line in accepted}
    gone = {digest for _, digest in given} - there
    ids = {row["gateway_id"] for row in rows}
    keys = Counter(key for key, _ in given)
    return {
        "rows gone": len(gone),
        "rows gone, accepted": len(gone & taken),
        "keys given twice": sum(count > 1 for count in keys.values()),
        "denied": dict(
            Counter(row["state"] for row in rows if row["digest"] in taken and row["state"] not in ACCEPTED)
        ),
        "orphans": sum(line["id"] not in ids for line in accepted),
    }


def shown(accepted: Sequence[Line]) -> dict[str, int]:
    """Store a status for each accepted message, and count the statuses without a message that the app shows: at once,
    in the admin's filter, and a day later, in the alerts."""
    from django_front_sms import outbox
    from django_front_sms.db import clock
    from django_front_sms.gateway.push import StatusPush
    from django_front_sms.inbox.store import store_status
    from django_front_sms.models import DeliveryStatus
    from django_front_sms.monitoring import alerts

    for line in accepted:
        store_status("default", StatusPush(status=4, gateway_id=line["id"]), b"")
    outbox.fold_statuses()
    at_once = DeliveryStatus.objects.unmatched().count()
    real: Callable[[str], datetime] = clock.source.database
    try:
        clock.source.database = lambda using: real(using) + timedelta(days=1, hours=1)  # type: ignore[method-assign]
        outbox.fold_statuses()
        later = alerts.current()["unreadable_statuses"].count
    finally:
        del clock.source.database
    return {"shown at once": at_once, "shown after a day": later}
