"""`make bench`: prints one line for each comparison: both medians, their ranges, and the ratio of the medians."""

import argparse
import statistics
from collections.abc import Callable

from benchmarks import receiving, sending


def compare(title: str, ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> None:
    """Run both in turn `rounds` times, and print what came of it."""
    theirs(), ours()  # warm
    measured = [(ours(), theirs()) for _ in range(rounds)]
    a, b = ([pair[side] for pair in measured] for side in (0, 1))
    ratio = statistics.median(a) / statistics.median(b)
    print(
        f"{title}: {statistics.median(a):,.0f}/s ({min(a):,.0f}-{max(a):,.0f}) against "
        f"{statistics.median(b):,.0f}/s ({min(b):,.0f}-{max(b):,.0f}): {ratio:.2f} of it, {rounds} rounds",
        flush=True,
    )


def measure_receiving(vendor: str, count: int, rounds: int) -> None:
    with receiving.alive() as alive, receiving.silent() as silent:
        for state, broker in (("dead", receiving.DEAD), ("silent", silent)):
            compare(
                f"statuses received on {vendor} with a {state} broker, of those with a Redis that is alive",
                receiving.webhook(broker, count),
                receiving.webhook(alive, count),
                rounds,
            )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=2000, help="messages in a round")
    parser.add_argument("--only", choices=["sending", "receiving"])
    options = parser.parse_args()
    with sending.database() as vendor:
        if options.only != "sending":
            measure_receiving(vendor, options.count, options.rounds)
        for latency in (0.05, 0.0) if options.only != "receiving" else ():
            with sending.gateway(latency) as url:
                compare(
                    f"sending on {vendor}, one process, {latency * 1000:.0f} ms gateway, of the bare client",
                    lambda url=url: sending.product(url, options.count),  # type: ignore[misc]
                    lambda url=url: sending.bare(url, options.count),  # type: ignore[misc]
                    options.rounds,
                )


if __name__ == "__main__":
    main()
