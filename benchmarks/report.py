"""The table of the results, the description of the machine, and the plots."""

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measurement import Row

_PACKAGES = ("Django", "celery", "urllib3", "psycopg", "django-post_office", "smsutil")


def machine(vendor: str) -> str:
    """One line: processor, cores, versions, load."""
    from django.db import connection

    about = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in about if line.startswith("model name")), "?")
    versions = [f"Python {platform.python_version()}", f"{vendor} {_version(connection)}"]
    for package in _PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"{cpu}, {os.cpu_count()} cores; {'; '.join(versions)}; load average {load}"


def _version(connection: object) -> str:
    return ".".join(map(str, connection.get_database_version()))


def table(rows: Sequence[Row]) -> Table:
    shown = Table("what", "ours: median (range)", "theirs: median (range)", "figure", "aim", "reached")
    for row in rows:
        reached = {True: "yes", False: "no", None: ""}[row.reached]
        shown.add_row(
            row.what, spread(row.ours, row.unit), spread(row.theirs, row.unit), number(row.figure), row.aim, reached
        )
    return shown


def spread(figures: Sequence[float], unit: str) -> str:
    if not figures:
        return ""
    middle = f"{number(statistics.median(figures))}{unit}"
    return middle if len(figures) == 1 else f"{middle} ({number(min(figures))}–{number(max(figures))})"


def number(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


def markdown(rows: Sequence[Row]) -> str:
    lines = ["| what | ours: median (range) | theirs: median (range) | figure | aim |", "|---|---|---|---|---|"]
    for row in rows:
        cells = [
            row.what,
            spread(row.ours, row.unit),
            spread(row.theirs, row.unit),
            f"**{number(row.figure)}**",
            row.aim,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def keep(rows: Sequence[Row], folder: Path, about: str) -> None:
    """Save the figures as JSON and as a table in Markdown, and the plots as SVG if their measurements were run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.json").write_text(json.dumps([vars(row) for row in rows], indent=1))
    (folder / "table.md").write_text(f"{markdown(rows)}\n\n{about}\n")
    from benchmarks import plots

    plots.draw(rows, folder)


def show(rows: Sequence[Row], about: str) -> None:
    console = Console(width=max(120, Console().width))
    console.print(table(rows))
    console.print(about)


def commit() -> str:
    """The commit that was measured."""
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"
