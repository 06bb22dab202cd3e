"""`db.bulk.insert_rows` against Django's own `bulk_create`, in turns in one run: the ratio of the medians.

DATABASE_URL=postgres://… python -m benchmarks.bulk_insert
"""

import os
import secrets
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

SIZES = (1, 10, 100, 1000)
TURNS = 21


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        _measure()
    finally:
        teardown_databases(databases, verbosity=0)


def _measure() -> None:
    from django.utils import timezone

    from django_front_sms.db.bulk import insert_rows
    from django_front_sms.models import OutboundMessage, SendAttempt
    from django_front_sms.outbox.records import Attempt

    def messages(size: int) -> list[Any]:
        fields = {"account": "default", "sender": "Mitt Firma", "next_at": timezone.now()}
        return [OutboundMessage(recipient=f"+479{n:07d}", text=f"Test {n} {'x' * 60}", **fields) for n in range(size)]

    stored = messages(max(SIZES))
    OutboundMessage.objects.bulk_create(stored)
    turn = iter(range(1, 100_000))

    def attempts(kind: Any, size: int) -> list[Any]:
        fields = {"number": next(turn), "token": secrets.token_hex(16), "claimed_at": timezone.now()}
        return [
            kind(
                message_id=message.pk,
                wire_recipient=message.recipient,
                wire_sender=message.sender,
                wire_digest=secrets.token_hex(16),
                twin_key=secrets.token_hex(16),
                **fields,
            )
            for message in stored[:size]
        ]

    for size in SIZES:
        _compare(
            f"{size} messages",
            (partial(messages, size), insert_rows),
            (partial(messages, size), OutboundMessage.objects.bulk_create),
        )
        _compare(
            f"{size} attempts",
            (partial(attempts, Attempt, size), insert_rows),
            (partial(attempts, SendAttempt, size), SendAttempt.objects.bulk_create),
        )


_Way = tuple[Callable[[], Sequence[Any]], Callable[[Sequence[Any]], object]]


def _compare(what: str, ours: _Way, djangos: _Way) -> None:
    times: tuple[list[float], list[float]] = ([], [])
    for _turn in range(TURNS):
        for (make, store), took in zip((ours, djangos), times, strict=True):
            rows = make()
            began = time.perf_counter()
            store(rows)
            took.append(time.perf_counter() - began)
    mine, other = map(statistics.median, times)
    print(f"{what}: insert_rows {mine * 1000:.2f} ms, bulk_create {other * 1000:.2f} ms, ratio {other / mine:.2f}")


if __name__ == "__main__":
    main()
