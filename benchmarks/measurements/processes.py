"""Two worker processes compared to one; and the CPU usage of the machine."""

from collections.abc import Iterator
from functools import partial

from benchmarks.measurement import Options, Row
from benchmarks.sending import gateway, product

AIMS = {0.0: 1.7, 0.05: None}


def measure(options: Options) -> Iterator[Row]:
    for latency, aim in AIMS.items():
        what = f"two worker processes, of one ({latency * 1000:.0f} ms)"
        with gateway(latency) as url:
            two, one = options.in_turn(
                what, partial(product, url, options.count, 2), partial(product, url, options.count)
            )
        count = options.count
        yield Row(what, [count / c.seconds for c in two], [count / c.seconds for c in one], at_least=aim)
        yield Row(
            f"the same, all cores of the machine at work ({latency * 1000:.0f} ms)",
            [100 * c.busy for c in two],
            [100 * c.busy for c in one],
            unit=" %",
        )
