"""The one place where a message's state is moved.

A move is made only on a row that still stands as it was read, is checked against the table of `states.py`, and writes
the event that tells of it in the same transaction.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F, QuerySet

from django_front_sms.db.bulk import insert_values, write_changes
from django_front_sms.db.lookups import AnyOf
from django_front_sms.events import records
from django_front_sms.models import Event, OutboundMessage, SendAttempt, Wait
from django_front_sms.outbox.records import LeasedMessage, Message, read
from django_front_sms.states import ACCEPTED, FINAL, State, may_move

logger = logging.getLogger(__name__)

_TEXT_LIMIT = 300


@dataclass(slots=True)
class Move:
    """`message`, as it was read, goes to `state`; `changes` are further fields. Its own state: only the fields."""

    message: Message
    state: State
    changes: dict[str, Any] = field(default_factory=dict)


def locked(pks: Iterable[int]) -> list[Message]:
    """These messages as they stand, locked until the transaction ends, in the order that everybody locks in."""
    return read(_locked(pks), Message)


def locked_with_lease(pks: Iterable[int]) -> list[LeasedMessage]:
    """Likewise, with what says whether their claim has ended."""
    return read(_locked(pks), LeasedMessage)


def _locked(pks: Iterable[int]) -> "QuerySet[OutboundMessage]":
    messages = OutboundMessage.objects.filter(AnyOf(F("pk"), list(pks))).order_by("pk")
    # NO KEY: an INSERT of a status or an attempt that refers to the row need not wait. MariaDB has no such thing.
    return messages.select_for_update(no_key=connection.features.has_select_for_no_key_update)


def apply(moves: Sequence[Move], *, are_locked: bool = False) -> list[Message]:
    """Make the moves, and give the messages that were moved. `are_locked`: the rows were read by `locked`.

    A row that somebody else has moved since it was read is left alone.
    """
    if not moves:
        return []
    if not are_locked:
        now = {m.pk: (m.state, m.token) for m in locked(move.message.pk for move in moves)}
        moves = [m for m in moves if now.get(m.message.pk) == (m.message.state, m.message.token)]
    told: dict[tuple[str, str], list[int]] = defaultdict(list)
    moved: list[Message] = []
    changes: dict[int, dict[str, Any]] = {}
    for move in moves:
        message, old = move.message, move.message.state
        if old != move.state and not may_move(old, move.state):
            logger.error("Message %s: no way from %s to %s; left as it is", message.pk, old, move.state)
            continue
        changes[message.pk] = _changes(move.state, move.changes)
        message.state = move.state
        moved.append(message)
        if old != message.state and message.state != State.SENDING:
            told[old, move.state].append(message.pk)
    write_changes(OutboundMessage, changes)
    remove_sensitive_texts([pk for pk, made in changes.items() if made["state"] in FINAL or made.get("given_up")])
    values = [each for (old, new), pks in told.items() for each in records.states_changed(pks, old, new)]
    insert_values(Event, records.FIELDS, values, next_at=records.due_at_once())
    return moved


class Standing(NamedTuple):
    """Where a message stands, and by what Front's statuses find it."""

    pk: int
    account: str
    gateway_id: int | None
    state: str


def locked_standings(pks: Iterable[int]) -> list[Standing]:
    """Like `locked`, where there are thousands, and nothing else of them is needed."""
    return [Standing(*row) for row in _locked(pks).values_list(*Standing._fields)]


def accept_together(pks: Sequence[int], old: State, new: State, **changes: Any) -> list[records.EventValues]:
    """Make one move, to a state that says that Front has them, of all these messages, which are locked and stand in
    `old`. Gives the events that tell of it, for the caller to store."""
    if new not in ACCEPTED or not may_move(old, new):
        raise ValueError(f"no way from {old} to {new}")
    OutboundMessage.objects.filter(AnyOf(F("pk"), pks)).update(**_changes(new, changes))
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


def _changes(state: State, further: Mapping[str, Any]) -> dict[str, Any]:
    """All that a move to `state` changes in the row."""
    changes: dict[str, Any] = {"state": state}
    if state != State.SENDING:
        changes |= {"token": "", "lease_until": None}
    if state not in (State.QUEUED, State.SENDING):
        changes |= {"next_at": None, "waits_for": Wait.NOTHING}
    if state in ACCEPTED:
        changes |= {"risk_at": None, "error_code": None, "error_text": ""}
    changes |= further
    if changes.get("error_text"):
        # A NUL is nothing that PostgreSQL can store, and an answer may hold one.
        changes["error_text"] = changes["error_text"].replace("\0", "\ufffd")[:_TEXT_LIMIT]
    return changes
