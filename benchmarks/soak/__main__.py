"""`make soak`: 300,000 messages, 600,000 statuses, 30,000 inbound SMS and 300 MMS through web, worker, beat, Redis and
PostgreSQL together, while staff look at the admin; then a purge of half of it beside further traffic.

Ends with a table, `figures.json` and `table.md` in var/soak, and with exit code 1 where a limit is missed. Needs
PostgreSQL (DATABASE_URL) and Redis (REDIS_URL), where it creates and claims resources of its own.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from rich.console import Console

from benchmarks import isolation, report, sending


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--messages", type=int, default=300_000, help="everything else is in proportion")
    parser.add_argument("--rate", type=float, default=100.0, help="messages a second; 500 is a day in ten minutes")
    parser.add_argument("--minutes", type=float, default=75.0, help="for everything; what is not done by then is lost")
    parser.add_argument("--to", type=Path, default=Path("var/soak"), help="where figures go")
    options = parser.parse_args()
    if options.messages < 100:
        parser.error("--messages must be at least 100")
    return options


def main() -> int:
    given, console = parse_arguments(), Console()
    with (
        isolation.isolated(os.environ.get("REDIS_URL") or isolation.REDIS_URL) as resources,
        sending.database() as vendor,
    ):
        if vendor != "postgresql":
            sys.exit("make soak measures PostgreSQL: set DATABASE_URL to a server of it")
        from benchmarks.soak import figures, traffic

        about = f"{report.machine(vendor)} at the start; commit {report.commit()}; {given.messages:,} messages"
        with console.status("") as line:
            found, watch = traffic.run(resources, given.messages, given.rate, given.minutes * 60, line.update)
        rows = list(figures.rows(found, watch))
        about += f"; {report.machine(vendor).split('; ')[-1]} at the end"
    if not found.is_long:
        about += f"; growth is judged in runs of at least {figures.LONG:.0f} s of traffic"
    missed = [row.what for row in rows if row.reached is False]
    given.to.mkdir(parents=True, exist_ok=True)
    kept = {"about": about, "missed": missed, "rows": [vars(row) for row in rows], "refused": found.front["refused"]}
    kept |= {"purge": found.purge, "pages": found.visits.others, "sizes": found.sizes}
    (given.to / "figures.json").write_text(json.dumps(kept, indent=1))
    (given.to / "table.md").write_text(f"{report.markdown(rows)}\n\n{about}\n")
    report.show(rows, about)
    for what in missed:
        console.print(f"[red]missed:[/] {what}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
