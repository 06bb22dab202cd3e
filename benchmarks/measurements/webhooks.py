"""Webhooks compared to bare views with one INSERT, in the same server; and the statuses a worker folds per second."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from benchmarks import receiving
from benchmarks.measurement import Options, Row

COMPARED = (("status", "status webhook", 0.9), ("query", "inbound GET", 0.8), ("json", "inbound JSON", 0.8))
FOLDED = 5000


ROUNDS = 2  # for each round of the options, and short: the speed of a shared machine changes within seconds


def measure(options: Options) -> Iterator[Row]:
    from benchmarks.webhooks import folding, pushes

    short, count = replace(options, rounds=options.rounds * ROUNDS), options.count // 10
    with receiving.alive() as alive, receiving.broker(alive):
        for kind, title, least in COMPARED:
            what = f"{title}, of a bare view with one INSERT"
            ours, bare = short.in_turn(what, *(partial(pushes, kind, count, ours=each) for each in (True, False)))
            yield Row(what, ours, bare, at_least=least)
    options.step("statuses folded")
    yield Row("statuses folded in the worker", [folding(FOLDED) for _ in range(options.rounds)], at_least=5000)
