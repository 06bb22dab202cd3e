"""The one place where a message's state is moved.

A move is made only on a row that still stands as it was read, is checked against the table of `states.py`, and writes
the event that tells of it in the same transaction.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet

from django_front_sms import events
from django_front_sms.models import OutboundMessage, Wait
from django_front_sms.outbox.plain import LeasedMessage, Message, read
from django_front_sms.outbox.rows import Among, insert_rows, write_changes
from django_front_sms.states import ACCEPTED, State, may_move

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
    messages = OutboundMessage.objects.filter(Among(F("pk"), list(pks))).order_by("pk")
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
    told: list[tuple[int, str, str]] = []
    moved: list[Message] = []
    changes: dict[int, dict[str, Any]] = {}
    for move in moves:
        message, old = move.message, move.message.state
        if old != move.state and not may_move(old, move.state):
            logger.error("Message %s: no way from %s to %s; left as it is", message.pk, old, move.state)
            continue
        changes[message.pk] = _changes(move)
        message.state = move.state
        moved.append(message)
        if old != message.state and message.state != State.SENDING:
            told.append((message.pk, old, message.state))
    write_changes(OutboundMessage, changes)
    insert_rows(events.states_changed(told))
    return moved


def _changes(move: Move) -> dict[str, Any]:
    """All that a move changes in the row."""
    changes: dict[str, Any] = {"state": move.state}
    if move.state != State.SENDING:
        changes |= {"token": "", "lease_until": None}
    if move.state not in (State.QUEUED, State.SENDING):
        changes |= {"next_at": None, "waits_for": Wait.NOTHING}
    if move.state in ACCEPTED:
        changes |= {"risk_at": None, "error_code": None, "error_text": ""}
    changes |= move.changes
    if changes.get("error_text"):
        # A NUL is nothing that PostgreSQL can store, and an answer may hold one.
        changes["error_text"] = changes["error_text"].replace("\0", "\ufffd")[:_TEXT_LIMIT]
    return changes
