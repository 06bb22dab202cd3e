"""What a fail-over to a standby that lacks commits has cost, and what the app shows of it.

New rows have the keys of lost ones, so messages are told apart by their texts here, of which each is sent once.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.faults.gateway import Request
from tests.faults.judge import ACCEPTED, Tag

Line = Mapping[str, Any]
Given = Sequence[tuple[int, str]]


def digest_of(row: Any) -> str:
    """Of a message, as the gateway makes it."""
    return Request(row.sender, "00" + row.recipient[1:], row.text, "", row.price or 0).digest


def by_text(
    rows: Sequence[Line], given: Given, accepted: Sequence[Line], seen: Sequence[Line]
) -> tuple[list[int], list[dict[str, Any]], list[dict[str, Any]]]:
    """The keys that the sender was given and the gateway's log, as the judge wants them: by the key that the row with
    the same text has now. Of a row that is gone, the key is negative, and what the gateway accepted is left out.

    `given`: keys and digests of the texts."""
    now = {row["digest"]: row["pk"] for row in rows}
    gone = {digest: -number for number, (_, digest) in enumerate(given, 1) if digest not in now}

    def tagged(line: Line) -> dict[str, Any]:
        tag = Tag.read(line["tag"])
        key = now.get(line["digest"], gone.get(line["digest"], 0))
        return {**line, "tag": f"{key}:{tag.number}:{tag.claimed}"}

    committed = [now.get(digest, gone.get(digest, 0)) for _, digest in given]
    return committed, [tagged(line) for line in accepted if line["digest"] in now], [tagged(line) for line in seen]


def losses(rows: Sequence[Line], given: Given, accepted: Sequence[Line]) -> dict[str, Any]:
    """Counts. `rows gone`: messages that the sender was given a key of, without a row. `keys given twice`: to two
    messages. `denied`: messages that the gateway has, by the state of their row, where that is not an accepted one.
    `orphans`: what the gateway accepted under an id that no row has."""
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
    """How many statuses without a message the app shows after Front has pushed one for each that it accepted: at once,
    by the filter of the admin, and a day later as what needs attention."""
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
