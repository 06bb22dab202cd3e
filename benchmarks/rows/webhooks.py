"""Webhooks against bare views with one INSERT, in the same server; how many statuses a worker folds in a second."""

from collections.abc import Iterator
from functools import partial

from benchmarks.row import Options, Row

COMPARED = (("status", "status webhook", 0.9), ("query", "inbound GET", 0.8), ("json", "inbound JSON", 0.8))
FOLDED = 5000


def measure(options: Options) -> Iterator[Row]:
    from benchmarks.webhooks import folding, pushes

    count = options.count // 10
    for kind, title, least in COMPARED:
        what = f"{title}, of a bare view with one INSERT"
        a, b = options.in_turn(what, partial(pushes, kind, count, ours=True), partial(pushes, kind, count, ours=False))
        yield Row(what, a, b, at_least=least)
    options.step("statuses folded")
    yield Row("statuses folded in the worker", [folding(FOLDED) for _ in range(options.rounds)], at_least=5000)
