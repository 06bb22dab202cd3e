"""Compares pushes and delivered events with the rows of the database. Pure functions, as in `judge.py`."""

from collections import Counter, defaultdict

from tests.faults.judge import BY_STATUS, RANK, Evidence, Row, Verdict

KINDS = ("state_changed", "message_received", "reply_received", "status_received")


def judge_statuses(verdict: Verdict, evidence: Evidence) -> None:
    """Check that each state follows from the set of acknowledged statuses, and never went back."""
    delivered: dict[int, set[int]] = defaultdict(set)
    for line in evidence.pushed:
        if line["kind"] == "status" and line["answer"] == "ok":
            delivered[line["id"]].add(line["status"])
    for row in evidence.messages:
        if row["state"] in RANK:
            statuses = delivered[row["gateway_id"]] if row["gateway_id"] is not None else set()
            expected = next((state for status, state in BY_STATUS if status in statuses), "sent")
            if row["state"] != expected:
                reason = f"its statuses {sorted(statuses)} say {expected}"
                verdict.add("wrong status", f"message {row['pk']} is {row['state']}, and {reason}")
    for change in evidence.transitions or ():
        if RANK.get(change["new"], 9) < RANK.get(change["old"], -1):
            detail = f"message {change['message']} went back from {change['old']} to {change['new']}"
            verdict.add("wrong status", detail)


def judge_inbound(verdict: Verdict, evidence: Evidence) -> None:
    """Check that each acknowledged inbound message is stored once, with its text."""
    rows: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in evidence.inbound:
        rows[row["api"], row["number"]].append(row)
    acknowledged = {
        (line["api"], line["number"]): line["text"]
        for line in evidence.pushed
        if line["kind"] == "inbound" and line["answer"] == "ok"
    }
    for key, text in acknowledged.items():
        if text not in [row["text"] for row in rows[key]]:
            verdict.add("inbound lost", f"{key} was acknowledged, and is not there")
    for key, stored in rows.items():
        for again in stored[1:]:
            verdict.add("inbound doubled", f"{key} is there again, as #{again['pk']}")


def judge_events(verdict: Verdict, evidence: Evidence) -> None:
    """Check that there is one event for each change, and that each event reached a receiver."""
    expected = Counter(
        ("state_changed", f"out:{change['message']}", change["old"], change["new"])
        for change in evidence.transitions or ()
        if change["new"] != "sending"  # a claim, which has no event
    )
    expected += Counter(("message_received", f"in:{row['pk']}", "", "") for row in evidence.inbound)
    expected += Counter(("reply_received", f"in:{row['pk']}", "", "") for row in evidence.inbound if row["reply_to"])
    expected += Counter(
        ("status_received", f"status:{row['pk']}", "", "") for row in evidence.statuses if row["is_folded"]
    )
    there = Counter(
        (event["kind"], event["subject"], event["old"], event["new"])
        for event in evidence.events
        if event["kind"] in KINDS
    )
    for event_key, count in (expected - there).items():
        for _ in range(count):
            verdict.add("missing event", " ".join(event_key))
    for event_key, count in (there - expected).items():
        for _ in range(count):
            verdict.add("doubled event", " ".join(event_key))
    for event in evidence.events:
        if event["kind"] in KINDS and event["event_id"] not in evidence.delivered:
            verdict.add("missing event", f"{event['kind']} {event['subject']} reached no receiver")
