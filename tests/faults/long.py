"""The long runs, a few at a time, and their figures as a table and as JSON, which is written after each of them."""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from tests.faults.__main__ import run_apart
from tests.faults.plan import Plan
from tests.faults.plans import (
    CAMPAIGN,
    CONTROL,
    FAILOVERS,
    LONG,
    LONG_COMMAND,
    LONG_KILLS,
    LONG_POOLS,
    MORE_ORDEALS,
    ORDEALS,
    PLAIN,
    WITHOUT,
    is_found_out,
)
from tests.faults.report import table

PARTS = {
    "long": LONG,
    "databases": LONG_KILLS,
    "pools": LONG_POOLS,
    "worker": LONG_COMMAND,
    **{plan.ordeal: [plan] for plan in (*ORDEALS, *MORE_ORDEALS, *FAILOVERS)},
    "rules": [CONTROL, *WITHOUT.values()],
    "plain": PLAIN,
    "campaign": CAMPAIGN,
}
BY_ITSELF = "campaign"  # `make campaign`; without a `--part`, all the others are made


def run_all(parts: Sequence[str], out: Path | None, at_once: int) -> int:
    """0 where all is as promised: the engine's runs green, and each run without a rule red in the way it must be."""
    plans = [plan for part in parts for plan in PARTS[part]]
    reports: dict[str, dict[str, Any]] = {}
    wrong = []
    for plan, report in _reports(plans, at_once):
        if isinstance(report, Exception):
            words = f"could not be made: {report}"
            wrong.append(plan.name)
        else:
            words = _words(report)
            reports[plan.name] = report
            wrong += [] if as_expected(report) else [plan.name]
            _write(out, plans, reports)
        sys.stdout.write(f"{time.strftime('%H:%M:%S')} {plan.name}: {words}\n")
        sys.stdout.flush()
    sys.stdout.write("\n" + table(_in_order(plans, reports)) + "\n")
    if wrong:
        sys.stdout.write(f"\nNot as promised: {', '.join(wrong)}\n")
    return 1 if wrong else 0


def _in_order(plans: Sequence[Plan], reports: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [reports[plan.name] for plan in plans if plan.name in reports]


def _write(out: Path | None, plans: Sequence[Plan], reports: Mapping[str, dict[str, Any]]) -> None:
    """All reports that there are so far: a campaign that is cut off still has its figures."""
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        new = out.with_suffix(".new")
        new.write_text(json.dumps(_in_order(plans, reports), indent=1))
        new.replace(out)


def as_expected(report: dict[str, Any]) -> bool:
    plan = report["plan"]
    if plan["plain"]:
        return True
    if plan["removed"]:
        return is_found_out(plan["removed"], report["crimes"])
    if plan["ordeal"] == "failover-async":  # what is lost is lost; nothing false is said, and what is missing is shown
        false = any(report["crimes"][crime] for crime in ("falsely sent", "ids crossed"))
        return bool(report["settled"]) and not false and _is_shown(report["losses"])
    if plan["ordeal"]:  # an answer that came is not lost
        return bool(report["green"]) and not report["unconfirmed but sent"] and not report["sent without id"]
    return bool(report["green"])


def _is_shown(losses: dict[str, Any]) -> bool:
    return bool(losses["orphans"] == losses["shown at once"] == losses["shown after a day"])


def _reports(plans: Sequence[Plan], at_once: int) -> Iterator[tuple[Plan, dict[str, Any] | Exception]]:
    """Each plan with its report, or with what kept it from being made."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as pool:
        futures = {pool.submit(run_apart, plan, Path(folder) / f"{n}.json"): plan for n, plan in enumerate(plans)}
        for future in as_completed(futures):
            error = future.exception()
            if error is None:
                yield futures[future], future.result()
            elif isinstance(error, Exception):
                yield futures[future], error
            else:
                raise error


def _words(report: dict[str, Any]) -> str:
    crimes = ", ".join(f"{count} {crime}" for crime, count in report["crimes"].items() if count)
    return f"{crimes or 'green'} ({report['messages']} messages, {report['kills']} kills, {report['seconds']:.0f} s)"
