"""Two worker processes compared to two of each peer: rates and CPU; and the rate of two bare clients in the same
run."""

from collections.abc import Iterator
from functools import partial

from benchmarks.measurement import Options, Row
from benchmarks.peers import celery, post_office
from benchmarks.sending import bare, gateway, product

PROCESSES = 2
# By latency: the factor by which a peer gets fewer messages, so that a round does not take minutes; and the aim.
PEERS = {
    "two bare clients": (bare, {0.0: (1, None), 0.05: (1, None)}),
    "django-post_office": (post_office.send_all, {0.0: (1, 3), 0.05: (5, None)}),
    "a Celery task per message": (celery.send_all, {0.0: (5, 20), 0.05: (25, None)}),
}


def measure(options: Options) -> Iterator[Row]:
    count = options.count
    for latency in (0.0, 0.05):
        at = f"({PROCESSES} processes, {latency * 1000:.0f} ms)"
        fewer = {peer: max(100, count // aims[latency][0]) for peer, (_, aims) in PEERS.items()}
        with gateway(latency) as url:
            ours, *theirs = options.in_turn(
                f"sending, of peers {at}",
                partial(product, url, count, PROCESSES),
                *(partial(send_all, url, fewer[peer], processes=PROCESSES) for peer, (send_all, _) in PEERS.items()),
            )
        for (peer, (_, aims)), costs in zip(PEERS.items(), theirs, strict=True):
            yield Row(
                f"sending, of {peer} {at}",
                [count / c.seconds for c in ours],
                [fewer[peer] / c.seconds for c in costs],
                at_least=aims[latency][1],
            )
            yield Row(
                f"CPU for a message, worker and PostgreSQL, of {peer} {at}",
                [(c.worker + c.database) / count * 1000 for c in ours],
                [(c.worker + c.database) / fewer[peer] * 1000 for c in costs],
                unit=" ms",
            )
