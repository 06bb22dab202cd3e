"""A run's figures: as a dict for JSON, and as rows of a table."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.faults.gateway import Request
from tests.faults.judge import CRIMES, Verdict, judge
from tests.faults.plan import Plan


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def verdict_of(plan: Plan, folder: Path, committed: Sequence[int]) -> Verdict:
    return judge(
        _rows(),
        committed,
        lines(folder / "accepted.jsonl"),
        lines(folder / "seen.jsonl"),
        window=plan.window,
        timeout=plan.timeout,
    )


def _rows() -> list[dict[str, Any]]:
    from django.db import connection

    from django_front_sms.models import OutboundMessage

    connection.close()  # it may be from before the last restart
    return [
        {
            "pk": row.pk,
            "state": str(row.state),
            "gateway_id": row.gateway_id,
            "error_code": row.error_code,
            "rejects_twins": row.on_duplicate == "reject" and row.error_code == 17,
            "digest": Request(row.sender, "00" + row.recipient[1:], row.text, "").digest,
        }
        for row in OutboundMessage.objects.all()
    ]


def report(
    plan: Plan,
    verdict: Verdict,
    folder: Path,
    traffic: Any,
    done: Mapping[str, int],
    *,
    took: float,
    settled: bool,
) -> dict[str, Any]:
    seen = lines(folder / "seen.jsonl")
    stall = folder / "stall"
    return {
        "plan": json.loads(plan.to_json()),
        "green": verdict.is_green,
        "settled": settled,
        "messages": sum(verdict.states.values()),
        "refused writes": traffic.refused_writes,
        "accepted": verdict.accepted,
        "requests": verdict.requests,
        "kills": sum(count for what, count in done.items() if what.startswith("kill") and what != "kill redis"),
        "crimes": verdict.crimes,
        "unconfirmed": verdict.unconfirmed,
        "unconfirmed but sent": verdict.unconfirmed_but_sent,
        "sent without id": sum(row["state"] in ACCEPTED and row["gateway_id"] is None for row in _rows()),
        "answers kept": sum(
            log.read_text(errors="replace").count("They are kept, and will be stored later")
            for log in folder.glob("worker-*.log")
        ),
        "late bytes": verdict.late_bytes,
        "states": verdict.states,
        "done": dict(sorted(done.items())),
        "faults": dict(Counter(line["fault"] for line in seen if line["kind"] == "seen").most_common()),
        "seconds": round(took, 1),
        "gateway's longest stall": float(stall.read_text()) if stall.exists() else 0.0,
        "evidence": verdict.evidence[:40],
    }


KEPT = "They are kept, and will be stored later"  # in a worker's log
ACCEPTED = ("sent", "at_operator", "delivered", "undelivered")
COLUMNS = ("run", "messages", "kills", "requests", "accepted", *CRIMES, "unconfirmed", "of these sent")


def table(reports: Sequence[Mapping[str, Any]]) -> str:
    """In Markdown."""
    rows = [COLUMNS, ["---"] + ["---:"] * (len(COLUMNS) - 1)]
    for one in reports:
        figures = [one[name] for name in ("messages", "kills", "requests", "accepted")]
        doubt = [one["unconfirmed"], one["unconfirmed but sent"]]
        rows.append([one["plan"]["name"], *figures, *(one["crimes"][crime] for crime in CRIMES), *doubt])
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)
