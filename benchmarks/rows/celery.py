"""Sending against a Celery task for each message: equal processes, the same database, 0 ms gateway.

The peer's rate is counted from its first message to its last, so that neither its start nor its queueing is in it.
"""

from collections.abc import Iterator

from benchmarks.peers import celery as peer
from benchmarks.row import Options, Row
from benchmarks.sending import enqueue, gateway, product

PROCESSES = 2


def theirs(url: str, count: int) -> float:
    from django.db.models import Max, Min

    from django_front_sms.models import OutboundMessage

    OutboundMessage.objects.all().delete()
    enqueue(count)
    with peer.queue():
        for key in OutboundMessage.objects.values_list("pk", flat=True):
            peer.send.delay(key)
        sent = OutboundMessage.objects.filter(state="sent")
        with peer.worker(url, PROCESSES):
            peer.until(lambda: sent.count() == count)
    times = sent.aggregate(first=Min("sent_at"), last=Max("sent_at"))
    OutboundMessage.objects.all().delete()
    return (count - 1) / (times["last"] - times["first"]).total_seconds()


def measure(options: Options) -> Iterator[Row]:
    what = f"sending, {PROCESSES} processes, of a Celery task per message (0 ms)"
    few = max(100, options.count // 5)
    with gateway(0) as url:
        a, b = options.in_turn(
            what,
            lambda: options.count / product(url, options.count, PROCESSES).seconds,
            lambda: theirs(url, few),
        )
    yield Row(what, a, b, at_least=20)
