"""The results of a run: as a dict for JSON, and as a row of a table."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.faults import transitions
from tests.faults.judge import VIOLATIONS, Evidence, Verdict
from tests.faults.losses import by_text, digest_of, losses, shown
from tests.faults.plan import Plan


def lines(path: Path) -> list[dict[str, Any]]:
    """The records of a log; a line that is still being written is left out."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.rpartition("\n")[0].splitlines()]


def gateway_faults(folder: Path) -> int:
    """The number of requests that had a fault of the gateway."""
    return sum(line["fault"] != "none" for line in lines(folder / "seen.jsonl") if line["kind"] == "seen")


def evidence_of(plan: Plan, folder: Path, traffic: Any) -> Evidence:
    from django.db import connection

    from django_front_sms.models import Decision, DeliveryStatus

    connection.close()  # the server may have restarted since it was opened
    messages, committed = _messages(), traffic.committed
    accepted, seen = lines(folder / "accepted.jsonl"), lines(folder / "seen.jsonl")
    if plan.loses_commits:
        committed, accepted, seen = by_text(messages, traffic.given, accepted, seen)
    return Evidence(
        messages=messages,
        committed=committed,
        accepted=accepted,
        seen=seen,
        decisions=list(Decision.objects.exclude(message=None).values("message", "action")),
        pushed=lines(folder / "pushed.jsonl"),
        statuses=[
            {"pk": pk, "is_folded": due is None}
            for pk, due in DeliveryStatus.objects.exclude(gateway_id=None).values_list("pk", "process_at")
        ],
        inbound=_inbound(),
        transitions=transitions.recorded() if plan.mixed else None,
        events=_events(),
        delivered=frozenset(line["event"] for line in lines(folder / "delivered.jsonl")),
    )


def losses_of(plan: Plan, folder: Path, traffic: Any) -> dict[str, Any]:
    if not plan.loses_commits:
        return {}
    accepted = lines(folder / "accepted.jsonl")
    logs = [log.read_text(errors="replace") for log in folder.glob("worker-*.log")]
    unplaced = sum(int(count) for log in logs for count in re.findall(r"(\d+) answers are to attempts that", log))
    counts = losses(_messages(), traffic.given, accepted)
    return counts | {"answers without their attempt": unplaced} | shown(accepted)


def _messages() -> list[dict[str, Any]]:
    from django_front_sms.models import OutboundMessage

    return [
        {
            "pk": row.pk,
            "state": str(row.state),
            "gateway_id": row.gateway_id,
            "error_code": row.error_code,
            "rejects_twins": row.on_duplicate == "reject" and row.error_code == 17,
            "digest": digest_of(row),
        }
        for row in OutboundMessage.objects.all()
    ]


def _inbound() -> list[dict[str, Any]]:
    """Return the inbound messages. `number` is the gateway's counter."""
    from django_front_sms.models import InboundMessage

    return [
        {"pk": row.pk, "api": row.api, "number": row.counter, "text": row.text, "reply_to": row.in_reply_to_id}
        for row in InboundMessage.objects.all()
    ]


def _events() -> list[dict[str, Any]]:
    """Return the events. The subject of a status is the status itself, not its message."""
    from django_front_sms.models import Event

    return [
        {
            "event_id": event.event_id,
            "kind": event.kind,
            "subject": f"status:{event.data['status']}" if event.kind == "status_received" else event.subject,
            "old": event.data.get("old", ""),
            "new": event.data.get("new", ""),
        }
        for event in Event.objects.all()
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
    after: float | None,
) -> dict[str, Any]:
    seen = lines(folder / "seen.jsonl")
    pushed = lines(folder / "pushed.jsonl")
    stall = folder / "stall"
    return {
        "plan": json.loads(plan.to_json()),
        "green": verdict.is_green,
        "settled": settled,
        "seconds until settled": None if after is None else round(after, 1),
        "messages": sum(verdict.states.values()),
        "refused writes": traffic.refused_writes,
        "accepted": verdict.accepted,
        "requests": verdict.requests,
        "kills": sum(count for name, count in done.items() if name.startswith("kill") and name != "kill redis"),
        "violations": verdict.violations,
        "unconfirmed": verdict.unconfirmed,
        "unconfirmed but sent": verdict.unconfirmed_but_sent,
        "sent without id": sum(row["state"] in ACCEPTED and row["gateway_id"] is None for row in _messages()),
        "answers kept": sum(
            log.read_text(errors="replace").count("They are kept, and will be stored later")
            for log in folder.glob("worker-*.log")
        ),
        "losses": losses_of(plan, folder, traffic),
        "late bytes": verdict.late_bytes,
        "states": verdict.states,
        "kinds": dict(traffic.kinds),
        "decisions": dict(traffic.person.done),
        "pushes": dict(Counter(line["kind"] for line in pushed)),
        "answers to pushes": dict(Counter(line["answer"] or "none" for line in pushed)),
        "done": dict(sorted(done.items())),
        "faults": dict(Counter(line["fault"] for line in seen if line["kind"] == "seen").most_common()),
        "seconds": round(took, 1),
        "gateway's longest stall": float(stall.read_text()) if stall.exists() else 0.0,
        "evidence": verdict.evidence[:40],
    }


ACCEPTED = ("sent", "at_operator", "delivered", "undelivered")
COLUMNS = (
    "run",
    "messages",
    "kills",
    "requests",
    "accepted",
    *VIOLATIONS,
    "unconfirmed",
    "of these sent",
    "settled after (s)",
)


def table(reports: Sequence[Mapping[str, Any]]) -> str:
    """Return a Markdown table."""
    rows = [COLUMNS, ["---"] + ["---:"] * (len(COLUMNS) - 1)]
    for one in reports:
        figures = [one[name] for name in ("messages", "kills", "requests", "accepted")]
        doubt = [one["unconfirmed"], one["unconfirmed but sent"]]
        rows.append([one["plan"]["name"], *figures, *(one["violations"][name] for name in VIOLATIONS), *doubt])
        rows[-1].append(one["seconds until settled"] if one["settled"] else "not settled")
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)
