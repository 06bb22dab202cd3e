"""A one-time code while 50,000 reminders are queued: how long until its request goes to the gateway, of an idle
system's. A Celery worker with two processes on Redis does the sending; 50 ms gateway."""

import time
from collections.abc import Iterator
from datetime import timedelta

from benchmarks.measurement import Options, Row
from benchmarks.sending import enqueue, gateway, sending_to
from benchmarks.worker import queue, until, worker

REMINDERS = 50_000


def code(number: int) -> float:
    """Seconds from the call of `send_sms` until the exchange with the gateway began."""
    from django.utils import timezone

    from django_front_sms import send_sms
    from django_front_sms.models import OutboundMessage

    asked = timezone.now()
    row = send_sms("+4799999998", f"Koden er {time.time_ns()} {number}", priority="urgent")
    until(lambda: OutboundMessage.objects.filter(pk=row.pk, state="sent").exists(), 60)
    attempt = row.send_attempts.get()
    return (attempt.finished_at - timedelta(seconds=attempt.duration) - asked).total_seconds() * 1000


def measure(options: Options) -> Iterator[Row]:
    from django_front_sms.models import OutboundMessage

    what = f"a one-time code behind {REMINDERS:,} reminders, of an idle system's"
    OutboundMessage.objects.all().delete()
    rounds = 4 * options.rounds
    with gateway(0.05) as url, queue(), sending_to(url), worker(url, 2):
        code(0)
        options.step(f"{what}: idle")
        idle = [code(number) for number in range(rounds)]
        options.step(f"{what}: busy")
        enqueue(REMINDERS)
        until(lambda: OutboundMessage.objects.filter(state="sent").count() > 1000, 60)
        busy = [code(number) for number in range(rounds)]
        left = OutboundMessage.objects.filter(state="queued").count()
    OutboundMessage.objects.all().delete()
    if not left:
        raise RuntimeError("the reminders were all sent before the last code was")
    yield Row(what, busy, idle, unit=" ms", at_most=2)
