"""The long runs, several at a time, with a report as a table and as JSON, written after each run.

The logs of a run that was not as expected are kept.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from django.utils.text import slugify

from tests.faults.__main__ import run_apart
from tests.faults.plan import Plan
from tests.faults.plans import (
    BASELINE,
    CAMPAIGN,
    CONTROL,
    ENVIRONMENT_FAULTS,
    FAILOVERS,
    HIDDEN_STEPS,
    LONG,
    LONG_COMMAND,
    LONG_KILLS,
    LONG_POOLS,
    MORE_ENVIRONMENT_FAULTS,
    WITHOUT,
    has_expected_violations,
)
from tests.faults.report import table
from tests.faults.servers import ROOT

PARTS = {
    "long": LONG,
    "databases": LONG_KILLS,
    "pools": LONG_POOLS,
    "worker": LONG_COMMAND,
    **{
        plan.environment_fault: [plan]
        for plan in (*ENVIRONMENT_FAULTS, *MORE_ENVIRONMENT_FAULTS, HIDDEN_STEPS, *FAILOVERS)
    },
    "rules": [CONTROL, *WITHOUT.values()],
    "baseline": BASELINE,
    "campaign": CAMPAIGN,
}
LOGS = ROOT / "build" / "faults"  # a folder for each run that was not as expected
BY_ITSELF = "campaign"  # `make campaign`; without `--part`, all other parts are run


def run_all(parts: Sequence[str], out: Path | None, at_once: int) -> int:
    """Run the parts. Returns 0 if each run has the violations that are expected of it: the engine's runs have none."""
    plans = [plan for part in parts for plan in PARTS[part]]
    reports: dict[str, dict[str, Any]] = {}
    wrong = []
    for plan, report in _reports(plans, at_once):
        if isinstance(report, Exception):
            summary = f"failed: {report}"
            wrong.append(plan.name)
        else:
            summary = _summary(report)
            reports[plan.name] = report
            if as_expected(report):
                shutil.rmtree(_logs(plan), ignore_errors=True)
            else:
                wrong.append(plan.name)
            _write(out, plans, reports)
        sys.stdout.write(f"{time.strftime('%H:%M:%S')} {plan.name}: {summary}\n")
        sys.stdout.flush()
    sys.stdout.write("\n" + table(_in_order(plans, reports)) + "\n")
    if wrong:
        sys.stdout.write(f"\nNot as expected: {', '.join(wrong)}. The logs are in {LOGS}.\n")
    return 1 if wrong else 0


def _logs(plan: Plan) -> Path:
    return LOGS / slugify(plan.name)


def _in_order(plans: Sequence[Plan], reports: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [reports[plan.name] for plan in plans if plan.name in reports]


def _write(out: Path | None, plans: Sequence[Plan], reports: Mapping[str, dict[str, Any]]) -> None:
    """Write all reports so far, so that an interrupted campaign still has results."""
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        new = out.with_suffix(".new")
        new.write_text(json.dumps(_in_order(plans, reports), indent=1))
        new.replace(out)


def as_expected(report: dict[str, Any]) -> bool:
    plan = report["plan"]
    if plan["baseline"]:
        return True
    if plan["removed"]:
        return has_expected_violations(plan["removed"], report["violations"])
    if plan["environment_fault"] == "failover-async":  # losses are expected, and must be shown; false states are not
        false = any(report["violations"][name] for name in ("falsely sent", "ids crossed"))
        return bool(report["settled"]) and not false and _shows_losses(report["losses"])
    if plan["environment_fault"] and not plan["fault_rate"]:  # no answer that arrived may be lost
        return bool(report["green"]) and not report["unconfirmed but sent"] and not report["sent without id"]
    return bool(report["green"])


def _shows_losses(losses: dict[str, Any]) -> bool:
    return bool(losses["orphans"] == losses["shown at once"] == losses["shown after a day"])


def _reports(plans: Sequence[Plan], at_once: int) -> Iterator[tuple[Plan, dict[str, Any] | Exception]]:
    """Yield each plan with its report, or with the exception that ended it."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as pool:
        futures = {
            pool.submit(run_apart, plan, Path(folder) / f"{n}.json", _logs(plan)): plan for n, plan in enumerate(plans)
        }
        for future in as_completed(futures):
            error = future.exception()
            if error is None:
                yield futures[future], future.result()
            elif isinstance(error, Exception):
                yield futures[future], error
            else:
                raise error


def _summary(report: dict[str, Any]) -> str:
    found = ", ".join(f"{count} {name}" for name, count in report["violations"].items() if count)
    return f"{found or 'green'} ({report['messages']} messages, {report['kills']} kills, {report['seconds']:.0f} s)"
