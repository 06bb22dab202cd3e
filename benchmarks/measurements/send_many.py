"""`send_many_sms` of 10,000 messages against a bare `bulk_create` of the same rows."""

import time
from collections.abc import Iterator

from benchmarks.measurement import Options, Row
from benchmarks.sending import enqueue, texts

COUNT = 10_000


def ours() -> float:
    began = time.perf_counter()
    enqueue(COUNT)
    return COUNT / (time.perf_counter() - began)


def bare() -> float:
    """Insert rows whose values are known: no number is parsed, and no segments are counted."""
    from django.utils import timezone

    from django_front_sms.models import OutboundMessage

    began = time.perf_counter()
    now = timezone.now()
    OutboundMessage.objects.bulk_create(
        [
            OutboundMessage(account="default", recipient="+4799999999", sender="x", text=one["text"], next_at=now)
            for one in texts(COUNT)
        ],
        batch_size=1000,
    )
    return COUNT / (time.perf_counter() - began)


def measure(options: Options) -> Iterator[Row]:
    from django_front_sms.models import OutboundMessage

    what = "send_many_sms of 10,000, of a bare bulk_create"
    a, b = options.in_turn(what, ours, bare)
    OutboundMessage.objects.all().delete()
    yield Row(what, a, b, at_least=0.5)
