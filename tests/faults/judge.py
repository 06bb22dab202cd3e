"""The gateway's log held against the rows. Pure: lists in, a verdict out.

Each acceptance names the message that it was for, so equal messages are told apart.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

ACCEPTED = {"sent", "at_operator", "delivered", "undelivered"}
NOT_SENT = {"rejected", "cancelled", "expired", "duplicate"}
CRIMES = (
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
# The state after a set of statuses (§2.3): the first of these that is in it decides.
BY_STATUS = ((4, "delivered"), (5, "undelivered"), (-1, "at_operator"))
RANK = {"sent": 0, "at_operator": 1, "undelivered": 2, "delivered": 3}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tag:
    """What a request's password says: whose attempt it was, and when that was claimed."""

    message: int
    number: int
    claimed: float

    @classmethod
    def read(cls, text: str) -> "Tag":
        message, number, claimed = text.split(":")
        return cls(int(message), int(number), float(claimed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """`messages`: pk, state, gateway_id, error_code, digest. `committed`: keys that the sender was given. `accepted`,
    `seen` and `pushed`: the gateway's logs. `decisions`: message, action. `inbound`: pk, api, number, text, reply_to.
    `statuses`: pk, is_folded. `transitions`: message, old, new, as the database noted them; None: it did not. `events`:
    event_id, kind, subject, old, new, is_pending. `told`: the ids of the events that reached a receiver."""

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
    told: frozenset[str] = frozenset()


@dataclass(slots=True)
class Verdict:
    crimes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CRIMES, 0))
    evidence: list[str] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    requests: int = 0
    unconfirmed: int = 0
    unconfirmed_but_sent: int = 0
    late_bytes: int = 0  # requests that came later than any claim allows: a freeze between the check and the write

    @property
    def is_green(self) -> bool:
        return not any(self.crimes.values())

    def charge(self, crime: str, words: str) -> None:
        self.crimes[crime] += 1
        self.evidence.append(f"{crime}: {words}")


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
        _judge_state(verdict, row, by_message[row["pk"]], refused, is_said=bool(decisions[row["pk"], "mark_sent"]))
    there = {row["pk"] for row in evidence.messages}
    for pk in evidence.committed:
        if pk not in there:
            verdict.charge("lost", f"message {pk} was committed, and its row is gone")
    for pk in set(by_message) - there:
        if by_message[pk]:
            verdict.charge("ids crossed", f"the gateway has message {pk}, and there is no such row")


def _judge_acceptances(verdict: Verdict, row: Row, taken: Sequence[Row], allowed: int) -> None:
    """`allowed`: one, and one more for each time that a person had it sent again."""
    first = taken[0]["at"] if taken else 0.0
    for again in taken[allowed:]:
        after = again["at"] - first
        verdict.charge("doubled", f"message {row['pk']} ({row['state']}) was accepted again, {after:.1f} s later")
    if any(line["digest"] != row["digest"] for line in taken):
        verdict.charge("ids crossed", f"the gateway has another text for message {row['pk']}")


def _judge_state(
    verdict: Verdict, row: Row, taken: Sequence[Row], refused: set[tuple[int, int]], *, is_said: bool
) -> None:
    """`is_said`: a person marked it as sent, whether it was or not."""
    pk, state = row["pk"], row["state"]
    if state in ACCEPTED:
        if not taken and not (is_said and row["gateway_id"] is None):
            verdict.charge("falsely sent", f"message {pk} is {state}, and the gateway never took it")
        elif row["gateway_id"] is not None and row["gateway_id"] not in [line["id"] for line in taken]:
            verdict.charge("ids crossed", f"message {pk} has the id {row['gateway_id']}, which is not its own")
    elif state in NOT_SENT:
        if taken:
            verdict.charge("falsely rejected", f"message {pk} is {state}, and the gateway took it")
        elif state == "rejected" and (pk, row["error_code"]) not in refused and not row.get("rejects_twins"):
            verdict.charge("falsely rejected", f"message {pk}: nobody refused it with {row['error_code']}")
    elif state == "unconfirmed":
        verdict.unconfirmed += 1
        verdict.unconfirmed_but_sent += bool(taken)
    else:
        verdict.charge("lost", f"message {pk} stayed {state} ({len(taken)} times accepted)")


def _judge_wire(verdict: Verdict, seen: Sequence[Row], window: float, timeout: float) -> None:
    """No two equal messages within the window; each key's requests in the order in which they came."""
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
                verdict.charge(
                    "twins in the window", f"messages {one.message} and {other.message}, {later - earlier:.1f} s apart"
                )
