"""`send_sms` with `RATE_LIMITS` compared to without; one caller, and eight concurrent callers on one account."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.measurement import Options, Row

COUNT = 160
CALLERS = 8
LIMITS = {"per_account": "100000000/d", "per_recipient": "100000/h"}


def _rate(callers: int, limits: dict[str, str]) -> Callable[[], float]:
    """A function that returns the number of messages per second that `callers` threads store."""

    def send(caller: int) -> None:
        from django.db import connection

        from django_front_sms import send_sms

        for number in range(COUNT // callers):
            send_sms(f"+4790{caller:02}{number:04}", "Test")
        connection.close()

    def measure() -> float:
        from django.conf import settings
        from django.test import override_settings

        with override_settings(FRONT_SMS={**settings.FRONT_SMS, "RATE_LIMITS": limits}):
            began = time.perf_counter()
            with ThreadPoolExecutor(callers) as pool:
                list(pool.map(send, range(callers)))
            return COUNT / (time.perf_counter() - began)

    return measure


def measure(options: Options) -> Iterator[Row]:
    from django_front_sms.models import OutboundMessage, RateCounter

    for callers in (1, CALLERS):
        what = f"send_sms with RATE_LIMITS by {callers} at a time, of the same without"
        limited, free = options.in_turn(what, _rate(callers, LIMITS), _rate(callers, {}))
        yield Row(what, limited, free)
    OutboundMessage.objects.all().delete()
    RateCounter.objects.all().delete()
