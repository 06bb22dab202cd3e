"""The duration of the slowest delivery statuses while Celery's broker is down, or silent, compared to a running
Redis."""

from collections.abc import Iterator
from functools import partial

from benchmarks import receiving
from benchmarks.measurement import Options, Row


def measure(options: Options) -> Iterator[Row]:
    with receiving.alive() as alive, receiving.silent() as silent:
        brokers = {"dead": receiving.DEAD, "silent": silent, "alive": alive}
        works = [partial(receiving.slowest, address, options.count // 2) for address in brokers.values()]
        found = dict(zip(brokers, options.in_turn("statuses with a broker dead, silent, alive", *works), strict=True))
    for state in ("dead", "silent"):
        what = f"status webhook with a {state} broker, 99 of 100 within, of those with a Redis that is alive"
        yield Row(what, found[state], found["alive"], unit=" ms", at_most=1.2)
