"""The properties that hold in every state. Each function returns what is wrong, or "".

The *promise* is what a site relies on. *Invariants* are properties of the rows by which the engine keeps the promise.
"""

from collections.abc import Sequence

from tests.explorer.states import NONE, Msg, S, T, Try, W

ACCEPTED = ("sent",)  # the explorer has no delivery statuses
NOT_SENT = ("rejected", "cancelled", "expired", "duplicate")
OPEN = ("queued", "sending")


def broken_promise(m: Msg) -> str:
    """Return the promise that this message breaks."""
    times = len(m.accepted)
    if times > 1 + m.resends:
        return "the gateway accepted one message twice"
    if m.state in NOT_SENT and times:
        return f"a message that the gateway has is called {m.state}"
    if m.state in ACCEPTED and m.id != NONE and m.id not in m.accepted:
        return "a message is called sent under an id that the gateway did not give it"
    if m.state in ACCEPTED and not times and not m.marked_sent:
        return "a message that the gateway does not have is called sent"
    return ""


def broken_promise_of_duplicate(twins: Sequence[Msg]) -> str:
    """Return the promise that a message breaks if it ended as a duplicate of one of these."""
    if not any(twin.accepted or twin.marked_sent or twin.state in (*OPEN, "unconfirmed") for twin in twins):
        return "a message is called a duplicate of one that was never sent"
    return ""


def broken_invariant_of_duplicate(twins: Sequence[Msg]) -> str:
    if not any(twin.accepted or twin.marked_sent for twin in twins):
        return "a message ends as a duplicate before the gateway has an equal one"
    return ""


def broken_invariant(m: Msg) -> str:
    """Return the invariant that the row breaks."""
    if m.state == "queued" and m.next == NONE:
        return "a queued message has no due time"
    if m.state == "sending" and m.lease == NONE:
        return "a message that is being sent has no lease"
    if m.state == "unconfirmed" and not any(t.outcome in ("ambiguous", "lost") for t in m.tries):
        return "a message is unconfirmed, and each of its attempts is clear"
    if m.given_up and not m.taken_back:
        return "a message is hidden from people who have decided otherwise"
    return ""


def broken_invariant_of_write(t: Try, twins: Sequence[Msg]) -> str:
    """Return the invariant that is broken if the first byte of this attempt is written now."""
    if t.age >= min(t.left, T / 2):
        return "a byte is sent after `send_by`"
    if any(twin.on_wire != NONE and abs(twin.on_wire - t.age) < S + W for twin in twins):
        return "two equal messages are on the wire within S + W of each other's claim"
    return ""
