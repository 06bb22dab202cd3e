"""Storing a delivery status while Celery's broker is dead, or silent, of while Redis is alive."""

from collections.abc import Iterator

from benchmarks import receiving
from benchmarks.row import Options, Row


def measure(options: Options) -> Iterator[Row]:
    with receiving.alive() as alive, receiving.silent() as silent:
        for state, broker in (("dead", receiving.DEAD), ("silent", silent)):
            what = f"statuses received with a {state} broker, of those with a Redis that is alive"
            yield Row(
                what,
                *options.in_turn(
                    what, receiving.webhook(broker, options.count), receiving.webhook(alive, options.count)
                ),
                at_least=0.8,
            )
