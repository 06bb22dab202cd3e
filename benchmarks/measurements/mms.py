"""Receiving an MMS, compared to `json` and `base64` alone; and its peak memory."""

from collections.abc import Iterator
from functools import partial

from benchmarks.measurement import Options, Row

MEGABYTES = (3, 10)


def measure(options: Options) -> Iterator[Row]:
    from benchmarks.webhooks import peak, receive_mms, seconds, take_apart

    for size in MEGABYTES:
        what = f"inbound MMS of {size} MB, of json + base64"
        a, b = options.in_turn(what, partial(seconds, receive_mms, size), partial(seconds, take_apart, size))
        yield Row(what, a, b, unit=" s", at_most=1.5)
        yield Row(f"inbound MMS of {size} MB: memory at most, in bodies", [peak(size)], unit="", at_most=2)
