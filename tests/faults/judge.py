"""The gateway's log held against the rows. Pure: two lists in, a verdict out.

Each acceptance names the message that it was for, so equal messages are told apart.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
)


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


def judge(
    rows: Sequence[Mapping[str, Any]],
    committed: Iterable[int],
    accepted: Sequence[Mapping[str, Any]],
    seen: Sequence[Mapping[str, Any]],
    *,
    window: float,
    timeout: float,
) -> Verdict:
    """`rows`: pk, state, gateway_id, error_code, digest. `committed`: keys that the sender was given. `accepted` and
    `seen`: the gateway's log."""
    verdict = Verdict(states=dict(Counter(row["state"] for row in rows)), accepted=len(accepted))
    by_message: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for line in accepted:
        by_message[Tag.read(line["tag"]).message].append(line)
    refused = {(Tag.read(line["tag"]).message, line["code"]) for line in seen if line["kind"] == "refused"}
    for row in rows:
        _judge_row(verdict, row, by_message[row["pk"]], refused)
    there = {row["pk"] for row in rows}
    for pk in committed:
        if pk not in there:
            verdict.charge("lost", f"message {pk} was committed, and its row is gone")
    for pk in set(by_message) - there:
        if by_message[pk]:
            verdict.charge("ids crossed", f"the gateway has message {pk}, and there is no such row")
    _judge_wire(verdict, seen, window, timeout)
    return verdict


def _judge_row(
    verdict: Verdict, row: Mapping[str, Any], taken: Sequence[Mapping[str, Any]], refused: set[tuple[int, int]]
) -> None:
    pk, state = row["pk"], row["state"]
    first = taken[0]["at"] if taken else 0.0
    for again in taken[1:]:
        verdict.charge("doubled", f"message {pk} ({state}) was accepted again, {again['at'] - first:.1f} s later")
    if any(line["digest"] != row["digest"] for line in taken):
        verdict.charge("ids crossed", f"the gateway has another text for message {pk}")
    if state in ACCEPTED:
        if not taken:
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


def _judge_wire(verdict: Verdict, seen: Sequence[Mapping[str, Any]], window: float, timeout: float) -> None:
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
