"""The figures of a run as rows with their limits. Ratios of a run that was short are given without a limit."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.measurement import Row
from benchmarks.soak.staff import Visits
from benchmarks.soak.watch import Sample, Watch

GROWTH, WEBHOOK_MS, PAGE_MS = 1.1, 100.0, 300.0
LONG = 300.0  # seconds of traffic; in a shorter run, the first tenth still includes one-time costs


@dataclass
class Run:
    """The observations of a run. Times are `time.time()`."""

    messages: int
    rate: float
    began: float = 0.0  # the first message was written
    written_at: float = 0.0  # the last message was written
    settled_at: float = 0.0  # all of it was processed
    faults: dict[str, int] = field(default_factory=dict)
    front: Mapping[str, Any] = field(default_factory=dict)
    visits: Visits = field(default_factory=Visits)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    purge: dict[str, Any] = field(default_factory=dict)
    purge_began: float = 0.0
    purge_ended: float = 0.0

    @property
    def is_long(self) -> bool:
        return self.written_at - self.began >= LONG


def rows(run: Run, watch: Watch) -> Iterator[Row]:
    yield Row("messages a second, offered", [run.rate])
    yield Row("messages a second, until the last was processed", [run.messages / (run.settled_at - run.began)])
    yield Row("seconds from the last message written to the last processed", [run.settled_at - run.written_at], unit="")
    yield Row("hints in the workers' queue, at most", [max(sample.hints for sample in watch.samples)], unit="")
    for what, count in run.faults.items():
        yield Row(what, [count], unit="", at_most=0)
    yield from _webhooks(run)
    yield from _pages(run.visits)
    yield from _growth(run, watch)
    yield from _sizes(run)
    yield from _purge(run)


def percentile(values: Sequence[float], part: float = 0.99) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def _pushes(run: Run, name: str, kind: str, began: float, ended: float) -> list[float]:
    log = run.front
    return [
        value
        for value, of, at in zip(log[name], log["kinds"], log["at"], strict=True)
        if of == kind and began <= at <= ended
    ]


def _webhooks(run: Run) -> Iterator[Row]:
    for kind, title in (("status", "statuses"), ("inbound", "inbound SMS"), ("mms", "inbound MMS")):
        if took := _pushes(run, "ms", kind, run.began, run.settled_at):
            yield Row(f"webhook, {title}: 99 of 100 within", [percentile(took)], unit=" ms", at_most=WEBHOOK_MS)
            yield Row(f"webhook, {title}: half within", [percentile(took, 0.5)], unit=" ms")
    late = _pushes(run, "late_ms", "status", run.began, run.settled_at)
    yield Row("statuses that waited for a free connection: 99 of 100 within", [percentile(late)], unit=" ms")


def _pages(visits: Visits) -> Iterator[Row]:
    yield Row("pages that were not answered with 200", [len(visits.wrong)], unit="", at_most=0)
    if visits.all:
        slowest = max(visits.others, key=lambda name: max(visits.others[name]))
        what = f"admin pages ({len(visits.all)} requests)"
        yield Row(f"{what}: 99 of 100 within", [percentile(visits.all)], unit=" ms", at_most=PAGE_MS)
        yield Row(f"{what}: the slowest, {slowest}", [max(visits.all)], unit=" ms")
        yield Row("admin pages: the slowest first request of a page", [max(visits.first.values())], unit=" ms")


def _growth(run: Run, watch: Watch) -> Iterator[Row]:
    limit = GROWTH if run.is_long else None
    first, tenth = watch.sample_at(1), watch.sample_at(run.messages // 10)
    ninth = watch.sample_at(run.messages * 9 // 10)
    last = [sample for sample in watch.samples if "producer" in sample.processes][-1]  # it ends with the last message
    begin, end = _cpu(first, tenth), _cpu(ninth, last)
    if begin and end:
        yield Row("CPU for a message: the last tenth, of the first", [end], [begin], unit=" ms", at_most=limit)
    yield from _shares(tenth, last)
    for name in sorted(set(tenth.processes) & set(last.processes)):
        before, after = tenth.processes[name], last.processes[name]
        yield Row(f"memory of {name}: RSS at the end, of after the first tenth",
                  [after.rss / 1024], [before.rss / 1024], unit=" MiB", at_most=limit)  # fmt: skip
        yield Row(f"memory of {name}: PSS, likewise", [after.pss / 1024], [before.pss / 1024], unit=" MiB")


def _cpu(one: Sample, other: Sample) -> float:
    """Milliseconds of CPU for a message between two samples; 0 where none was written between them."""
    written = other.written - one.written
    return (other.cpu - one.cpu) / written * 1000 if written else 0.0


def _shares(tenth: Sample, last: Sample) -> Iterator[Row]:
    """The CPU of each family of processes, after the first tenth: web servers and workers start children."""
    if written := last.written - tenth.written:
        spent: defaultdict[str, float] = defaultdict(float)
        for name in set(tenth.processes) & set(last.processes):
            spent[name.split()[0]] += last.processes[name].cpu - tenth.processes[name].cpu
        spent["PostgreSQL"] = last.database - tenth.database
        for family, seconds in sorted(spent.items()):
            yield Row(f"CPU for a message: {family}", [seconds / written * 1000], unit=" ms")


def _sizes(run: Run) -> Iterator[Row]:
    total = sum(map(sum, run.sizes.values()))
    for table, (size, indexes) in run.sizes.items():
        if size + indexes > total / 50:
            yield Row(f"bytes a message: {table}", [size / run.messages], unit="")
            yield Row(f"bytes a message: indexes of {table}", [indexes / run.messages], unit="")
    yield Row("bytes a message: all tables and indexes", [total / run.messages], unit="")


def _purge(run: Run) -> Iterator[Row]:
    if not run.purge:
        return
    messages = run.purge["counts"]["outbound"]
    yield Row(f"purge of {messages:,} messages beside the traffic", [run.purge["seconds"]], unit=" s")
    yield Row("purged messages a second", [messages / run.purge["seconds"]])
    yield Row("CPU of the purging process for a message", [run.purge["cpu"] / messages * 1000], unit=" ms")
    if took := _pushes(run, "ms", "status", run.purge_began, run.purge_ended):
        yield Row("webhook, statuses during the purge: 99 of 100 within", [percentile(took)], unit=" ms")
