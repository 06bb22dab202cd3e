"""`python -m tests.faults`: all runs except the campaign; `python -m tests.faults one …`: a single run."""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

from tests.faults.plan import Plan
from tests.faults.servers import ROOT, Unavailable


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    one = commands.add_parser("one", help="a single run")
    for field in dataclasses.fields(Plan):
        name = "--" + field.name.replace("_", "-")
        if field.type is bool or isinstance(field.default, bool):
            one.add_argument(name, action=argparse.BooleanOptionalAction, default=field.default)
        else:
            one.add_argument(name, type=type(field.default), default=field.default)
    one.add_argument("--json", type=Path, help="file for the report as JSON")
    one.add_argument("--logs", type=Path, help="a folder to copy the processes' logs to")
    from tests.faults.long import BY_ITSELF, PARTS, run_all

    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--at-once", type=int, default=3, help="runs side by side (default: %(default)s)")
    parser.add_argument("--report", type=Path, help="file for all reports as JSON, rewritten after each run")
    given = vars(parser.parse_args())
    part, at_once, report = given.pop("part"), given.pop("at_once"), given.pop("report")
    if given.pop("command") == "one":
        return run_one(given.pop("json"), given.pop("logs"), Plan(**given))
    return run_all(part or [name for name in PARTS if name != BY_ITSELF], report, at_once)


def run_one(out: Path | None, logs: Path | None, plan: Plan) -> int:
    """Run the plan. Returns 0 without violations, 1 with some, 2 after an error, 3 if a server is not installed."""
    import signal

    from tests.faults.report import table
    from tests.faults.runner import Runner

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        report = Runner(plan, logs).run()
    except Unavailable as error:
        sys.stderr.write(f"{error}\n")
        return 3
    except Exception:
        traceback.print_exc()
        return 2
    if out:
        out.write_text(json.dumps(report, indent=1))
    sys.stdout.write(json.dumps(report, indent=1) + "\n" + table([report]) + "\n")
    return 0 if report["green"] else 1


def run_apart(plan: Plan, out: Path, logs: Path | None = None) -> dict[str, Any]:
    """Run the plan in its own process and return the report. `logs`: a folder to copy the processes' logs to.

    Raises `Unavailable` or `RuntimeError`.
    """
    command = [_python(plan), "-m", "tests.faults", "one", "--json", str(out)]
    if logs is not None:
        command += ["--logs", str(logs)]
    for name, value in dataclasses.asdict(plan).items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            command.append(f"--{option}" if value else f"--no-{option}")
        else:
            command += [f"--{option}", str(value)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if ended.returncode == 3:
        raise Unavailable(ended.stderr.strip())
    if ended.returncode not in (0, 1):
        raise RuntimeError(f"{plan.name}: {ended.stderr[-3000:]}")
    report: dict[str, Any] = json.loads(out.read_text())
    return report


def _python(plan: Plan) -> str:
    """Return the Python for the plan. Django's tasks need Django 6, so `TASKS_PYTHON` may name another Python."""
    return os.environ.get("TASKS_PYTHON", sys.executable) if plan.pool == "tasks" else sys.executable


if __name__ == "__main__":
    sys.exit(main())
