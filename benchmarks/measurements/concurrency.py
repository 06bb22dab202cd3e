"""Throughput against concurrency, 50 ms gateway: for the plot. One round for each point."""

from collections.abc import Iterator
from dataclasses import replace
from unittest import mock

from benchmarks.measurement import Options, Row
from benchmarks.sending import bare, gateway, product

POINTS = (4, 16, 64, 128)


def measure(options: Options) -> Iterator[Row]:
    from django_front_sms.outbox import slots

    for at_once in POINTS:
        lanes = tuple(replace(lane, concurrency=at_once) for lane in slots.LANES)
        count = min(options.count, 60 * at_once)
        options.step(f"{at_once} requests at once")
        with gateway(0.05) as url, mock.patch.object(slots, "LANES", lanes):
            ours, theirs = product(url, count).seconds, bare(url, count, at_once).seconds
        yield Row(f"sending, 50 ms gateway, {at_once} at once, of the bare client", [count / ours], [count / theirs])
