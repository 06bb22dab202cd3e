"""A one-time code while 150,000 reminders are queued: the time until its request goes to the gateway; and likewise at a
worker without work. 50 ms gateway; a Celery worker with two processes on Redis, and `front_sms worker`."""

import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

from benchmarks.measurement import Options, Row
from benchmarks.sending import enqueue, gateway, sending_to
from benchmarks.worker import command_worker, queue, until, worker

REMINDERS = 40000


def code(number: int) -> float:
    """Milliseconds from the call of `send_sms` until the exchange with the gateway began."""
    from django.utils import timezone

    from django_front_sms import send_sms
    from django_front_sms.models import OutboundMessage

    asked = timezone.now()
    row = send_sms("+4799999998", f"Koden er {time.time_ns()} {number}", priority="urgent")
    until(lambda: OutboundMessage.objects.filter(pk=row.pk, state="sent").exists(), 60)
    attempt = row.send_attempts.get()
    return (attempt.finished_at - timedelta(seconds=attempt.duration) - asked).total_seconds() * 1000


def slowest(times: Sequence[float]) -> float:
    """The time that 99 of 100 codes stay within."""
    return statistics.quantiles(times, n=100, method="inclusive")[98]


def measure(options: Options) -> Iterator[Row]:
    from django_front_sms.models import OutboundMessage

    codes = 20 * options.rounds
    OutboundMessage.objects.all().delete()
    with gateway(0.05) as url, sending_to(url):
        options.step("one-time codes: front_sms worker, idle")
        with command_worker(url), sending_to(url, worker="command"):
            code(0)
            alone = [code(number) for number in range(codes)]
        with queue(), worker(url, 2):
            code(0)
            options.step("one-time codes: Celery, idle")
            idle = [code(number) for number in range(codes)]
            options.step(f"one-time codes: Celery, behind {REMINDERS:,} reminders")
            enqueue(REMINDERS)
            until(lambda: OutboundMessage.objects.filter(state="sent").count() > 2 * codes + 1000, 60)
            busy = [code(number) for number in range(codes)]
            left = OutboundMessage.objects.filter(state="queued").count()
    OutboundMessage.objects.all().delete()
    if not left:
        raise RuntimeError("the reminders were all sent before the last code was")
    yield Row("a one-time code at an idle `front_sms worker`", alone, unit=" ms", at_most=50)
    yield Row("a one-time code at an idle Celery worker", idle, unit=" ms", at_most=50)
    yield Row(f"a one-time code behind {REMINDERS:,} reminders, of an idle system's", busy, idle, unit=" ms", at_most=2)
    yield Row("of these, 99 of 100 within, longer than idle", [slowest(busy) - slowest(idle)], unit=" ms", at_most=150)
