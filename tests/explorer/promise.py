"""What has to hold in every state. Each function says what is wrong, or nothing.

A *promise* is what a site relies on. The *means* are what the engine keeps in order to keep the promise.
"""

from collections.abc import Sequence

from tests.explorer.states import NONE, Msg, S, T, Try, W

ACCEPTED = ("sent",)  # no statuses come here
NOT_SENT = ("rejected", "cancelled", "expired", "duplicate")
OPEN = ("queued", "sending")


def broken_promise(m: Msg) -> str:
    """The promise that this message breaks."""
    times = len(m.accepted)
    if times > 1 + m.resends:
        return "the gateway accepted one message twice"
    if m.state in NOT_SENT and times:
        return f"a message that the gateway has is called {m.state}"
    if m.state in ACCEPTED and m.id != NONE and m.id not in m.accepted:
        return "a message is called sent under an id that the gateway did not give it"
    if m.state in ACCEPTED and not times and not m.said_sent:
        return "a message that the gateway does not have is called sent"
    return ""


def broken_promise_of_duplicate(twins: Sequence[Msg]) -> str:
    """The promise that a message breaks which ended because of one of these."""
    if not any(twin.accepted or twin.said_sent or twin.state in (*OPEN, "unconfirmed") for twin in twins):
        return "a message is called a duplicate of one that was never sent"
    return ""


def broken_means_of_duplicate(twins: Sequence[Msg]) -> str:
    if not any(twin.accepted or twin.said_sent for twin in twins):
        return "a message ends as a duplicate before the gateway has an equal one"
    return ""


def broken_means(m: Msg) -> str:
    """What is wrong with the row, though no promise is broken yet."""
    if m.state == "queued" and m.next == NONE:
        return "a queued message has no due time"
    if m.state == "sending" and m.lease == NONE:
        return "a message that is being sent has no lease"
    if m.state == "unconfirmed" and not any(t.outcome in ("ambiguous", "lost") for t in m.tries):
        return "a message is unconfirmed, and each of its attempts is clear"
    if m.given_up and not m.taken_back:
        return "a message is hidden from people who have decided otherwise"
    return ""


def broken_means_of_write(t: Try, twins: Sequence[Msg]) -> str:
    """What is wrong with writing the first byte of this attempt now."""
    if t.age >= min(t.left, T / 2):
        return "a byte is sent after `send_by`"
    if any(twin.wired != NONE and abs(twin.wired - t.age) < S + W for twin in twins):
        return "two equal messages are on the wire within S + W of each other's claim"
    return ""
