"""Plots as SVG: throughput against concurrency, and the cost of a message."""

import re
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measurement import Row

_POINT = re.compile(r"sending, 50 ms gateway, (\d+) at once, of the bare client")
_COST = re.compile(r"CPU for a message, worker and PostgreSQL, of (.+) \(2 processes, 0 ms\)")
_OURS, _THEIRS = "#0b6e4f", "#8d99ae"


def draw(rows: Sequence[Row], folder: Path) -> None:
    points = sorted(
        (int(match[1]), statistics.median(row.ours), statistics.median(row.theirs))
        for row in rows
        if (match := _POINT.fullmatch(row.what))
    )
    if len(points) > 1:
        _concurrency(points, folder / "throughput.svg")
    costs = [(match[1], row) for row in rows if (match := _COST.fullmatch(row.what))]
    if costs:
        _cost(costs, folder / "cpu.svg")


def _axes(title: str) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "front-sms"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _concurrency(points: Sequence[tuple[int, float, float]], path: Path) -> None:
    figure, axes = _axes("Messages a second, by requests at once; 50 ms gateway, one process")
    at_once, ours, theirs = zip(*points, strict=True)
    axes.plot(at_once, theirs, "o--", color=_THEIRS, label="urllib3 pool, no database")
    axes.plot(at_once, ours, "o-", color=_OURS, label="django-front-sms")
    axes.set_xlabel("requests at once")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")


def _cost(peers: Sequence[tuple[str, Row]], path: Path) -> None:
    figure, axes = _axes("CPU for a message in ms, worker and PostgreSQL; 0 ms gateway, two processes")
    bars = {name: statistics.median(row.theirs) for name, row in peers}
    bars["django-front-sms"] = statistics.median(peers[0][1].ours)
    colours = [_OURS if name == "django-front-sms" else _THEIRS for name in bars]
    shown = axes.barh(list(bars), list(bars.values()), color=colours)
    axes.bar_label(shown, fmt="%.2f", padding=3)
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
