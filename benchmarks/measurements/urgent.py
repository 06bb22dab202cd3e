"""A one-time code while 150,000 reminders are queued, while events wait for a slow receiver, and for an idle worker:
the time until its request is at the gateway. 50 ms gateway; `front_sms worker`, and a Celery worker with four
processes on Redis that keeps its connections, as in the deployment guide."""

import queue
import statistics
import time
from collections.abc import Iterator, Sequence

from benchmarks.gateway import STAMP, gateway
from benchmarks.measurement import Options, Row
from benchmarks.sending import enqueue, sending_to
from benchmarks.worker import command_worker, until, worker
from benchmarks.worker import queue as celery_queue

REMINDERS = 150_000
EVENTS, RECEIVER = 2000, 0.2  # with four processes, 100 s of work


def code(number: int, ages: "queue.Queue[float]") -> float:
    """Milliseconds from before the call of `send_sms` until the request arrived at the gateway."""
    from django_front_sms import send_sms

    send_sms("+4799999998", f"{STAMP}{time.time_ns()} {number}", priority="urgent")
    return ages.get(timeout=60)


def codes_when_idle(count: int, ages: "queue.Queue[float]") -> list[float]:
    """Like `code`, but each code is sent after the previous one was recorded and the worker is idle."""
    from django_front_sms.models import OutboundMessage

    found = []
    for number in range(count + 1):
        found.append(code(number, ages))
        until(lambda: not OutboundMessage.objects.exclude(state="sent").exists(), 60)
        time.sleep(0.1)  # until the worker has ended its dispatch, and only waits
    return found[1:]  # the first one opens connections


def codes_among_events(count: int, ages: "queue.Queue[float]") -> list[float]:
    """Like `code`, while all processes of the worker call slow receivers."""
    from django_front_sms import events
    from django_front_sms.models import Event

    for _ in range(10):  # as webhooks and dispatches do, so that no process is left for messages
        events.hint("deliver_events")
        time.sleep(0.5)  # hints that are closer together are sent as one
    found = [code(number, ages) for number in range(count)]
    if not Event.objects.pending().filter(kind=Event.Kind.SENDING_PAUSED).exists():
        raise RuntimeError("all events were delivered before the last code was")
    return found


def slowest(times: Sequence[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(times, n=100, method="inclusive")[98]


def measure(options: Options) -> Iterator[Row]:
    from django_front_sms.events import records
    from django_front_sms.models import Event, OutboundMessage

    codes = 20 * options.rounds
    OutboundMessage.objects.all().delete()
    ages: queue.Queue[float] = queue.Queue()
    with gateway(0.05, ages) as url, sending_to(url):
        options.step("one-time codes: front_sms worker, idle")
        with command_worker(url), sending_to(url, worker="command"):
            alone = codes_when_idle(codes, ages)
        with celery_queue():
            options.step("one-time codes: Celery, idle")
            with worker(url, 4, keeps_connections=True):
                idle = codes_when_idle(codes, ages)
            options.step("one-time codes: Celery, while receivers are slow")
            Event.objects.bulk_create([records.sending_paused(str(number), 13) for number in range(EVENTS)])
            with worker(url, 4, keeps_connections=True, receiver=RECEIVER):
                among_events = codes_among_events(4 * options.rounds, ages)
            Event.objects.all().delete()
            options.step(f"one-time codes: Celery, behind {REMINDERS:,} reminders")
            enqueue(REMINDERS)  # while no worker runs, so that all of them are still queued
            with worker(url, 4, keeps_connections=True):
                until(lambda: OutboundMessage.objects.filter(state="sent").count() > 2 * codes + 1000, 60)
                busy = [code(number, ages) for number in range(codes)]
            left = OutboundMessage.objects.filter(state="queued").count()
    OutboundMessage.objects.all().delete()
    if not left:
        raise RuntimeError("the reminders were all sent before the last code was")
    yield Row("a one-time code at an idle `front_sms worker`", alone, unit=" ms", at_most=50)
    yield Row("a one-time code at an idle Celery worker", idle, unit=" ms", at_most=50)
    yield Row(f"a one-time code behind {REMINDERS:,} reminders, of an idle system's", busy, idle, unit=" ms", at_most=2)
    yield Row("of these, 99 of 100 within, longer than idle", [slowest(busy) - slowest(idle)], unit=" ms", at_most=150)
    what = f"a one-time code while {EVENTS:,} events wait for a receiver of {RECEIVER} s"
    yield Row(what, among_events, unit=" ms", at_most=2000)
