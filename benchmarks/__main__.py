"""`make bench`: runs the measurements that `--only` names, or all, and prints a table; plots and figures are saved.

Needs PostgreSQL (DATABASE_URL) and Redis (REDIS_URL). A run makes a database and a folder of its own and claims an
empty Redis database, that of REDIS_URL or the next, so that runs and other programs never disturb each other.
The compared programs run alternately, in one run.
"""

import argparse
import importlib
import os
import pkgutil
from pathlib import Path

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks import isolation, measurements, report, sending
from benchmarks.measurement import Options, Row


def names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(measurements.__path__))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", type=lambda text: text.split(","), default=names(), help=f"of {', '.join(names())}")
    parser.add_argument("--rounds", type=int, default=5, help="of each comparison; its median counts")
    parser.add_argument("--count", type=int, default=5000, help="messages in a round")
    parser.add_argument("--rows", type=int, default=1_000_000, help="in the table that is not empty")
    parser.add_argument("--to", type=Path, default=Path("var/benchmarks"), help="where plots and figures go")
    options = parser.parse_args()
    if unknown := set(options.only) - set(names()):
        parser.error(f"there is nothing called {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    return options


def main() -> None:
    given = parse_arguments()
    done: list[Row] = []
    bar = Progress(
        SpinnerColumn(), *Progress.get_default_columns(), TimeElapsedColumn(), TextColumn("{task.fields[now]}")
    )
    with isolation.isolated(os.environ.get("REDIS_URL") or isolation.REDIS_URL), sending.database() as vendor, bar:
        task = bar.add_task("measuring", total=len(given.only), now="")
        options = Options(given.rounds, given.count, given.rows, lambda text: bar.update(task, now=text))
        about = (
            f"{report.machine(vendor)} at the start; commit {report.commit()}; {given.rounds} rounds of {given.count:,}"
        )
        for name in given.only:
            for row in importlib.import_module(f"benchmarks.measurements.{name}").measure(options):
                done.append(row)
                bar.console.print(f"{row.what}: {report.number(row.figure)}  {row.aim}")
            bar.advance(task)
        about += f"; {report.machine(vendor).split('; ')[-1]} at the end"
    report.keep(done, given.to, about)
    report.show(done, about)


if __name__ == "__main__":
    main()
