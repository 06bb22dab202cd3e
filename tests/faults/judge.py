"""Compares the gateway's log with the rows of the database. Pure functions, from lists to a verdict.

Each line of the log names its message, so that equal messages can be distinguished.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

ACCEPTED = {"sent", "at_operator", "delivered", "undelivered"}
NOT_SENT = {"rejected", "cancelled", "expired", "duplicate"}
VIOLATIONS = (
    "doubled",
    "lost",
    "falsely sent",
    "falsely rejected",
    "ids crossed",
    "twins in the window",
    "wrong status",
    "missing event",
    "doubled event",
    "inbound lost",
    "inbound doubled",
)
# The state after a set of statuses (§2.3): that of the first status here which is in the set.
BY_STATUS = ((4, "delivered"), (5, "undelivered"), (-1, "at_operator"))
RANK = {"sent": 0, "at_operator": 1, "undelivered": 2, "delivered": 3}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tag:
    """The content of a request's password field: message, attempt, and the time of the claim."""

    message: int
    number: int
    claimed: float

    @classmethod
    def read(cls, text: str) -> "Tag":
        message, number, claimed = text.split(":")
        return cls(int(message), int(number), float(claimed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The data of a run. `messages`: pk, state, gateway_id, error_code, digest. `committed`: the primary keys that the
    sender received. `accepted`, `seen` and `pushed`: the gateway's logs. `decisions`: message, action. `inbound`: pk,
    api, number, text, reply_to. `statuses`: pk, is_folded. `transitions`: message, old, new, as recorded by the
    database, or None. `events`: event_id, kind, subject, old, new. `delivered`: ids of delivered events."""

    messages: Sequence[Row] = ()
    committed: Sequence[int] = ()
    accepted: Sequence[Row] = ()
    seen: Sequence[Row] = ()
    decisions: Sequence[Row] = ()
    pushed: Sequence[Row] = ()
    statuses: Sequence[Row] = ()
    inbound: Sequence[Row] = ()
    transitions: Sequence[Row] | None = None
    events: Sequence[Row] = ()
    delivered: frozenset[str] = frozenset()


@dataclass(slots=True)
class Verdict:
    violations: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VIOLATIONS, 0))
    evidence: list[str] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    requests: int = 0
    unconfirmed: int = 0
    unconfirmed_but_sent: int = 0
    late_bytes: int = 0  # requests that arrived later than their claim allows: frozen between check and write

    @property
    def is_green(self) -> bool:
        return not any(self.violations.values())

    def add(self, violation: str, detail: str) -> None:
        self.violations[violation] += 1
        self.evidence.append(f"{violation}: {detail}")


def judge(evidence: Evidence, *, window: float, timeout: float) -> Verdict:
    from tests.faults.judge_pushes import judge_events, judge_inbound, judge_statuses

    verdict = Verdict(states=dict(Counter(row["state"] for row in evidence.messages)), accepted=len(evidence.accepted))
    _judge_messages(verdict, evidence)
    _judge_wire(verdict, evidence.seen, window, timeout)
    judge_statuses(verdict, evidence)
    judge_inbound(verdict, evidence)
    if evidence.transitions is not None:
        judge_events(verdict, evidence)
    return verdict


def _judge_messages(verdict: Verdict, evidence: Evidence) -> None:
    by_message: dict[int, list[Row]] = defaultdict(list)
    for line in evidence.accepted:
        by_message[Tag.read(line["tag"]).message].append(line)
    refused = {(Tag.read(line["tag"]).message, line["code"]) for line in evidence.seen if line["kind"] == "refused"}
    decisions = Counter((each["message"], each["action"]) for each in evidence.decisions)
    for row in evidence.messages:
        _judge_acceptances(verdict, row, by_message[row["pk"]], 1 + decisions[row["pk"], "send_anyway"])
        _judge_state(verdict, row, by_message[row["pk"]], refused, is_marked=bool(decisions[row["pk"], "mark_sent"]))
    there = {row["pk"] for row in evidence.messages}
    for pk in evidence.committed:
        if pk not in there:
            verdict.add("lost", f"message {pk} was committed, and its row is gone")
    for pk in set(by_message) - there:
        if by_message[pk]:
            verdict.add("ids crossed", f"the gateway has message {pk}, and there is no such row")


def _judge_acceptances(verdict: Verdict, row: Row, taken: Sequence[Row], allowed: int) -> None:
    """Check the number of acceptances. `allowed`: 1, and 1 more for each time that a person sent the message again."""
    first = taken[0]["at"] if taken else 0.0
    for again in taken[allowed:]:
        after = again["at"] - first
        verdict.add("doubled", f"message {row['pk']} ({row['state']}) was accepted again, {after:.1f} s later")
    if any(line["digest"] != row["digest"] for line in taken):
        verdict.add("ids crossed", f"the gateway has another text for message {row['pk']}")


def _judge_state(
    verdict: Verdict, row: Row, taken: Sequence[Row], refused: set[tuple[int, int]], *, is_marked: bool
) -> None:
    """Compare the state with the log. `is_marked`: a person marked the message as sent, whether it was or not."""
    pk, state = row["pk"], row["state"]
    if state in ACCEPTED:
        if not taken and not (is_marked and row["gateway_id"] is None):
            verdict.add("falsely sent", f"message {pk} is {state}, and the gateway never took it")
        elif row["gateway_id"] is not None and row["gateway_id"] not in [line["id"] for line in taken]:
            verdict.add("ids crossed", f"message {pk} has the id {row['gateway_id']}, which is not its own")
    elif state in NOT_SENT:
        if taken:
            verdict.add("falsely rejected", f"message {pk} is {state}, and the gateway took it")
        elif state == "rejected" and (pk, row["error_code"]) not in refused and not row.get("rejects_twins"):
            verdict.add("falsely rejected", f"message {pk}: nobody refused it with {row['error_code']}")
    elif state == "unconfirmed":
        verdict.unconfirmed += 1
        verdict.unconfirmed_but_sent += bool(taken)
    else:
        verdict.add("lost", f"message {pk} stayed {state} ({len(taken)} times accepted)")


def _judge_wire(verdict: Verdict, seen: Sequence[Row], window: float, timeout: float) -> None:
    """Check that no two equal messages arrived within the duplicate window."""
    by_digest: dict[str, list[tuple[float, Tag]]] = defaultdict(list)
    for line in seen:
        if line["kind"] == "seen":
            tag = Tag.read(line["tag"])
            verdict.requests += 1
            verdict.late_bytes += line["at"] - tag.claimed > timeout * 1.5
            by_digest[line["digest"]].append((line["at"], tag))
    for requests in by_digest.values():
        requests.sort(key=lambda request: request[0])
        for (earlier, one), (later, other) in pairwise(requests):
            if one.message != other.message and later - earlier < window:
                verdict.add(
                    "twins in the window", f"messages {one.message} and {other.message}, {later - earlier:.1f} s apart"
                )
