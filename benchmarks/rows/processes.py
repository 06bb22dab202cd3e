"""Two worker processes against one, 0 ms gateway."""

from collections.abc import Iterator

from benchmarks.row import Options, Row
from benchmarks.sending import gateway, product


def measure(options: Options) -> Iterator[Row]:
    what = "two worker processes, of one (0 ms)"
    with gateway(0) as url:
        two, one = options.in_turn(
            what, lambda: product(url, options.count, processes=2), lambda: product(url, options.count)
        )
    yield Row(what, [options.count / c.seconds for c in two], [options.count / c.seconds for c in one], at_least=1.7)
