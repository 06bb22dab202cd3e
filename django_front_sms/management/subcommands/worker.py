"""`front_sms worker`: sends messages, processes pushes and delivers events, without Celery or a broker."""

import signal
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from types import FrameType

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms.worker import Worker, run_once

HELP = gettext_lazy("Send what is due, fold statuses and deliver events, without Celery, until it is stopped.")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help=_("do all that is due now, and end: for cron"))
    parser.add_argument(
        "--concurrency", type=_threads, default=2, metavar="N", help=_("jobs at the same time (default: 2)")
    )


def _threads(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise ArgumentTypeError(_("must be a whole number from 1 to 64"))
    return int(text)


def handle(out: OutputWrapper, given: Namespace) -> int:
    if given.once:
        run_once()
        return 0
    worker = Worker(given.concurrency)

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a second Ctrl-C does not wait
        worker.stop()

    earlier = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    out.write(_("The worker runs. Ctrl-C or SIGTERM ends it when everything in flight has been recorded."))
    try:
        worker.run()
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
    return 0
