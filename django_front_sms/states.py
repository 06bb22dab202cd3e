"""The states of an outbound message, and the table of the transitions between them."""

from collections.abc import Set as AbstractSet

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class State(TextChoices):
    """The state of an outbound message; the reference of states explains each."""

    QUEUED = "queued", _("queued")
    SENDING = "sending", _("sending")
    SENT = "sent", _("sent")
    AT_OPERATOR = "at_operator", _("at the operator")
    DELIVERED = "delivered", _("delivered")
    UNDELIVERED = "undelivered", _("undelivered")
    REJECTED = "rejected", _("rejected")
    UNCONFIRMED = "unconfirmed", _("unconfirmed")
    DUPLICATE = "duplicate", _("duplicate")
    CANCELLED = "cancelled", _("stopped")
    EXPIRED = "expired", _("expired")


ACCEPTED = frozenset({State.SENT, State.AT_OPERATOR, State.DELIVERED, State.UNDELIVERED})
OPEN = frozenset({State.QUEUED, State.SENDING})
NOT_SENT = frozenset({State.REJECTED, State.DUPLICATE, State.CANCELLED, State.EXPIRED})
FINAL = NOT_SENT | {State.DELIVERED, State.UNDELIVERED}  # nothing is sent any more

TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset(State) - {State.QUEUED},
    State.SENDING: frozenset(State) - {State.SENDING},
    # Back to the queue: a late "not sent" shows that code 17 did not mean "sent".
    State.SENT: frozenset({State.AT_OPERATOR, State.DELIVERED, State.UNDELIVERED, State.QUEUED}),
    State.AT_OPERATOR: frozenset({State.DELIVERED, State.UNDELIVERED}),
    State.UNDELIVERED: frozenset({State.DELIVERED}),
    State.DELIVERED: frozenset(),
    # A late answer still counts, and so does a person's decision.
    State.UNCONFIRMED: frozenset({State.QUEUED, State.SENT, State.REJECTED, State.CANCELLED}),
    State.REJECTED: frozenset(),
    State.DUPLICATE: frozenset(),
    State.CANCELLED: frozenset(),
    State.EXPIRED: frozenset(),
}


_LABELS = dict(State.choices)


def in_words(state: str) -> str:
    """The label of a state. `get_state_display()` looks up all labels each time; lists have hundreds of states."""
    return str(_LABELS.get(state, state))


def may_change(old: str, new: str) -> bool:
    """Whether a message may change from `old` to `new`."""
    return State(new) in TRANSITIONS[State(old)]


def by_statuses(state: str, statuses: AbstractSet[int]) -> State:
    """The state of an accepted message after this *set* of statuses (§2.3): 4 overrides 5, which overrides -1."""
    for status, result in ((4, State.DELIVERED), (5, State.UNDELIVERED), (-1, State.AT_OPERATOR)):
        if status in statuses and may_change(state, result):
            return result
    return State(state)
