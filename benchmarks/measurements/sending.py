"""Sending compared to the bare client, one process each, 64 requests at once; and the cost of a message."""

from collections.abc import Iterator
from functools import partial

from benchmarks.measurement import Options, Row
from benchmarks.sending import bare, gateway, product

AIMS = {0.05: 0.92, 0.0: 0.80}


def measure(options: Options) -> Iterator[Row]:
    for latency, aim in AIMS.items():
        what = f"sending, {latency * 1000:.0f} ms gateway, 64 at once, of the bare client"
        with gateway(latency) as url:
            ours, theirs = options.in_turn(
                what,
                partial(product, url, options.count),
                partial(bare, url, options.count),
            )
        count = options.count
        yield Row(what, [count / c.seconds for c in ours], [count / c.seconds for c in theirs], at_least=aim)
        yield Row(
            f"the same, CPU of the worker, of the bare client's ({latency * 1000:.0f} ms)",
            [c.worker / count * 1000 for c in ours],
            [c.worker / count * 1000 for c in theirs],
            unit=" ms",
        )
        if not latency:
            yield Row("database statements for a message", [c.statements / count for c in ours], unit="", at_most=0.05)
            yield Row(
                "CPU for a message, worker and PostgreSQL",
                [(c.worker + c.database) / count * 1000 for c in ours],
                unit=" ms",
                at_most=0.8,
            )
            yield Row("of that, PostgreSQL", [c.database / count * 1000 for c in ours], unit=" ms")
