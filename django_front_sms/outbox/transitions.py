"""The one place where a message's state changes.

A transition is made only if the row still has the state and token that were read, is checked against the table in
`states.py`, and stores its event in the same transaction.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import F, QuerySet

from django_front_sms.db.bulk import insert_values, write_changes
from django_front_sms.db.lookups import AnyOf
from django_front_sms.db.routing import connection
from django_front_sms.events import records
from django_front_sms.models import Event, OutboundMessage, SendAttempt, Wait
from django_front_sms.outbox.records import LeasedMessage, Message, read
from django_front_sms.states import ACCEPTED, FINAL, State, may_change

logger = logging.getLogger(__name__)

_TEXT_LIMIT = 300


@dataclass(slots=True)
class Transition:
    """A change of `message`, as it was read: to `state`, with `changes` of other fields. The state may be the same."""

    message: Message
    state: State
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def is_allowed(self) -> bool:
        """Whether the table in `states.py` has this transition."""
        return self.message.state == self.state or may_change(self.message.state, self.state)

    @property
    def has_event(self) -> bool:
        """Whether `state_changed` is sent. It is not sent for a claim: `sending` lasts seconds."""
        return self.state not in (self.message.state, State.SENDING)


def locked(pks: Iterable[int]) -> list[Message]:
    """Read these messages and lock them until the transaction ends, in ascending order of their keys."""
    return read(_locked(pks), Message)


def locked_with_lease(pks: Iterable[int]) -> list[LeasedMessage]:
    """As `locked`, with the end of each message's lease."""
    return read(_locked(pks), LeasedMessage)


def _locked(pks: Iterable[int]) -> "QuerySet[OutboundMessage]":
    messages = OutboundMessage.objects.filter(AnyOf(F("pk"), list(pks))).order_by("pk")
    # NO KEY: an INSERT of a status or an attempt that refers to the row need not wait. MariaDB does not have it.
    return messages.select_for_update(no_key=connection().features.has_select_for_no_key_update)


def apply(transitions: Sequence[Transition], *, are_locked: bool = False) -> list[Message]:
    """Make the transitions and return the changed messages. `are_locked`: the rows were read by `locked`.

    A row that another process has changed since it was read is left alone.
    """
    if not transitions:
        return []
    if not are_locked:
        transitions = _still_as_read(transitions)
    changed: list[Message] = []
    changes: dict[int, dict[str, Any]] = {}
    events: dict[tuple[str, str], list[int]] = defaultdict(list)
    for transition in transitions:
        message, old, new = transition.message, transition.message.state, transition.state
        if not transition.is_allowed:
            logger.error("Message %s could not change from %s to %s, and was not changed.", message.pk, old, new)
            continue
        if transition.has_event:
            events[old, new].append(message.pk)
        changes[message.pk] = changes_of(new, transition.changes)
        message.state = new
        changed.append(message)
    write_changes(OutboundMessage, changes)
    remove_sensitive_texts([pk for pk, made in changes.items() if made["state"] in FINAL or made.get("given_up")])
    values = [each for (old, new), pks in events.items() for each in records.states_changed(pks, old, new)]
    insert_values(Event, records.FIELDS, values, next_at=records.due_at_once())
    return changed


def _still_as_read(transitions: Sequence[Transition]) -> list[Transition]:
    """Lock the rows; leave out transitions of those whose state or token is another by now."""
    now = {m.pk: (m.state, m.token) for m in locked(t.message.pk for t in transitions)}
    return [t for t in transitions if now.get(t.message.pk) == (t.message.state, t.message.token)]


class StatusTarget(NamedTuple):
    """The state of a message, and the key by which delivery statuses are matched to it."""

    pk: int
    account: str
    gateway_id: int | None
    state: str


def locked_targets(pks: Iterable[int]) -> list[StatusTarget]:
    """As `locked`, with only the columns that delivery statuses need: there are thousands."""
    return [StatusTarget(*row) for row in _locked(pks).values_list(*StatusTarget._fields)]


def accept_all(pks: Sequence[int], old: State, new: State, **changes: Any) -> list[records.EventValues]:
    """Change these messages, which are locked, from `old` to `new`, a state that says that Front has them. Returns the
    events, for the caller to store. Raises `ValueError` if the table in `states.py` lacks this transition."""
    if new not in ACCEPTED or not may_change(old, new):
        raise ValueError(f"A message cannot change from {old} to {new} by a delivery status.")
    OutboundMessage.objects.filter(AnyOf(F("pk"), pks)).update(**changes_of(new, changes))
    if new in FINAL:
        remove_sensitive_texts(pks)
    return records.states_changed(pks, old, new)


def remove_sensitive_texts(pks: Sequence[int]) -> None:
    """Empty the texts of those that are sensitive, and the digests that a short text could be guessed from."""
    if not pks:
        return
    sensitive = OutboundMessage.objects.filter(AnyOf(F("pk"), pks), sensitive=True)
    if sensitive.update(text="", payload_digest=""):
        # The twin key stays until the duplicate window is over; `purge` removes it then.
        SendAttempt.objects.filter(message__in=sensitive).update(wire_digest="")


def changes_of(state: State, further: Mapping[str, Any]) -> dict[str, Any]:
    """All columns that a transition to `state` changes."""
    changes: dict[str, Any] = {"state": state}
    if state != State.SENDING:
        changes |= {"token": "", "lease_until": None}
    if state not in (State.QUEUED, State.SENDING):
        changes |= {"next_at": None, "waits_for": Wait.NOTHING}
    if state in ACCEPTED:
        changes |= {"risk_at": None, "error_code": None, "error_text": ""}
    changes |= further
    if changes.get("error_text"):
        # An answer may hold a NUL, which PostgreSQL cannot store.
        changes["error_text"] = changes["error_text"].replace("\0", "\ufffd")[:_TEXT_LIMIT]
    return changes
