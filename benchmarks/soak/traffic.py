"""One run: traffic until all of it is processed, then a purge of the older half beside further traffic."""

import json
import time
from collections.abc import Callable
from typing import Any

from benchmarks import worker
from benchmarks.isolation import RunResources
from benchmarks.processes import database_server
from benchmarks.soak import checks, processes, received
from benchmarks.soak.figures import Run
from benchmarks.soak.front import MMS_EVERY, SMS_EVERY
from benchmarks.soak.processes import Processes, Producer
from benchmarks.soak.staff import Staff
from benchmarks.soak.watch import Watch

Step = Callable[[str], None]
Hints = Callable[[], int]  # how many are in the workers' queue


def run(resources: RunResources, messages: int, rate: float, seconds: float, step: Step) -> tuple[Run, Watch]:
    """`seconds`: the time limit; unfinished work counts as missing. Raises `RuntimeError` if a process of the run ends
    unexpectedly."""
    deadline, hints = time.monotonic() + seconds, _queue_length(resources)
    found = Run(messages, rate)
    environment = {**worker.environment(""), "DJANGO_SETTINGS_MODULE": "benchmarks.soak.settings"}
    with processes.processes(resources.folder, environment) as ours:
        step("processes start")
        port = processes.start_web(ours)
        ours.environment["BENCHMARK_GATEWAY"] = processes.start_front(ours, port)
        processes.start_workers(ours)
        with Staff(port) as staff:
            watch = _traffic(ours, found, deadline, hints, step)
            found.sizes, pictures = checks.sizes(), checks.stored_pictures()
            written = messages + _purge(ours, found, deadline, step)
        _settle(ours, written, deadline, hints, step)
        for name in ("beat", "worker", "front", "web"):
            ours.end(name)
    found.visits = staff.visits
    found.front = json.loads((resources.folder / "front.json").read_text())
    step("everything is counted")
    found.faults = dict(checks.faults(written, found.front, received.messages(), pictures, hints()))
    return found, watch


def _traffic(ours: Processes, found: Run, deadline: float, hints: Hints, step: Step) -> Watch:
    """Write all messages, and wait until they are processed."""
    families = {name: process.pid for name, process in ours.running.items() if name != "front"}
    server = database_server()
    producer = Producer(ours, "producer", found.rate, found.messages)
    with Watch({**families, "producer": producer.pid}, server, lambda: producer.written, hints) as watch:
        while not producer.is_done and time.monotonic() < deadline:
            _see_that_all_live(ours, but="producer")
            step(f"{producer.written:,} of {found.messages:,} messages written")
            time.sleep(1)
        producer.end()
        found.began, found.written_at = producer.first_at, producer.last_at
        _settle(ours, found.messages, deadline, hints, step)
        found.settled_at = time.time()
    return watch


def _settle(ours: Processes, written: int, deadline: float, hints: Hints, step: Step) -> None:
    """Wait until everything is processed, and no hint is left in the queue."""
    step("the last messages are processed")
    while hints() or not checks.settled(written, written // SMS_EVERY + written // MMS_EVERY):
        if time.monotonic() > deadline:
            return
        _see_that_all_live(ours)
        time.sleep(1)


def _purge(ours: Processes, found: Run, deadline: float, step: Step) -> int:
    """Purge the older half while more messages are written; returns the number of those."""
    from django_front_sms.models import OutboundMessage

    keys = OutboundMessage.objects.order_by("pk").values_list("pk", flat=True)
    half = keys[found.messages // 2 - 1]
    producer = Producer(ours, "second producer", found.rate, 10**9)
    while not producer.written:
        _see_that_all_live(ours)
        time.sleep(0.1)
    found.purge_began = time.time()
    process = ours.start("purge", "benchmarks.soak.purge", half, reads=True)
    while process.poll() is None and time.monotonic() < deadline:
        _see_that_all_live(ours, but="purge")
        step(f"the older half is purged, beside {producer.written:,} more messages")
        time.sleep(1)
    found.purge_ended = time.time()
    producer.end()
    del ours.running["purge"]
    if process.poll() is None:
        process.kill()
    elif process.returncode:
        raise RuntimeError(f"the purge failed:\n{ours.log('purge')}")
    else:
        assert process.stdout is not None
        found.purge = json.loads(process.stdout.read())
    return producer.written


def _see_that_all_live(ours: Processes, but: str = "") -> None:
    if died := [name for name in ours.died() if name != but]:
        raise RuntimeError(f"{died[0]} ended unexpectedly:\n{ours.log(died[0])[-2000:]}")


def _queue_length(resources: RunResources) -> Hints:
    import redis

    server: Any = redis.Redis.from_url(resources.redis_url)
    return lambda: int(server.llen(resources.queue))
