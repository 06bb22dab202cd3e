"""The long runs, one after the other or a few at a time, and their figures as a table."""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from tests.faults.__main__ import run_apart
from tests.faults.plan import Plan
from tests.faults.plans import (
    CONTROL,
    FAILOVERS,
    LONG,
    LONG_COMMAND,
    LONG_KILLS,
    LONG_POOLS,
    MORE_ORDEALS,
    ORDEALS,
    PLAIN,
    REAL_TIME,
    SHOWS_AS,
    WITHOUT,
)
from tests.faults.report import table

PARTS = {
    "long": LONG,
    "real": [REAL_TIME],
    "databases": LONG_KILLS,
    "pools": LONG_POOLS,
    "worker": LONG_COMMAND,
    **{plan.ordeal: [plan] for plan in (*ORDEALS, *MORE_ORDEALS, *FAILOVERS)},
    "rules": [CONTROL, *WITHOUT.values()],
    "plain": PLAIN,
}


def run_all(parts: Sequence[str], out: Path | None, at_once: int) -> int:
    """0 where all is as promised: the engine's runs green, and each run without a rule red in the way it must be."""
    plans = [plan for part in parts for plan in PARTS[part]]
    reports = {}
    for report in _reports(plans, at_once):
        reports[report["plan"]["name"]] = report
        sys.stdout.write(f"{time.strftime('%H:%M:%S')} {report['plan']['name']}: {_words(report)}\n")
        sys.stdout.flush()
    in_order = [reports[plan.name] for plan in plans]
    sys.stdout.write("\n" + table(in_order) + "\n")
    if out is not None:
        out.write_text(json.dumps(in_order, indent=1))
    wrong = [report["plan"]["name"] for report in in_order if not as_expected(report)]
    if wrong:
        sys.stdout.write(f"\nNot as promised: {', '.join(wrong)}\n")
    return 1 if wrong else 0


def as_expected(report: dict[str, Any]) -> bool:
    plan = report["plan"]
    if plan["plain"]:
        return True
    if plan["removed"]:
        return any(report["crimes"][crime] for crime in SHOWS_AS[plan["removed"]])
    if plan["ordeal"] == "failover-async":  # what is lost is lost; nothing false is said, and what is missing is shown
        false = any(report["crimes"][crime] for crime in ("falsely sent", "ids crossed"))
        return bool(report["settled"]) and not false and _is_shown(report["losses"])
    if plan["ordeal"]:  # an answer that came is not lost
        return bool(report["green"]) and not report["unconfirmed but sent"] and not report["sent without id"]
    return bool(report["green"])


def _is_shown(losses: dict[str, Any]) -> bool:
    return bool(losses["orphans"] == losses["shown at once"] == losses["shown after a day"])


def _reports(plans: Sequence[Plan], at_once: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(run_apart, plan, Path(folder) / f"{n}.json") for n, plan in enumerate(plans)]
        for future in as_completed(futures):
            yield future.result()


def _words(report: dict[str, Any]) -> str:
    crimes = ", ".join(f"{count} {crime}" for crime, count in report["crimes"].items() if count)
    return f"{crimes or 'green'} ({report['messages']} messages, {report['kills']} kills, {report['seconds']:.0f} s)"
