"""The one place where a message's state is moved.

A move is made only on a row that still stands as it was read, is checked against the table of `states.py`, and writes
the event that tells of it in the same transaction.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection

from django_front_sms import events
from django_front_sms.models import Event, OutboundMessage, Wait
from django_front_sms.outbox.rows import among, insert_rows, update_alike, update_rows
from django_front_sms.states import ACCEPTED, State, may_move

logger = logging.getLogger(__name__)

FIELDS = (
    "state",
    "next_at",
    "waits_for",
    "gateway_id",
    "error_code",
    "error_text",
    "risk_at",
    "lease_until",
    "token",
    "sent_at",
    "delivered_at",
    "duplicate_of",
    "given_up",
)
UNREAD = (
    "metadata",
    "scheduled_at",
    "created_at",
    "created_by",
    "reply_to",
    "idempotency_key",
    "idempotency_digest",
    "payload_digest",
    "status_missed_at",
)
_TEXT_LIMIT = 300


@dataclass(slots=True)
class Move:
    """`message`, as it was read, goes to `state`; `changes` are further fields. Its own state: only the fields."""

    message: OutboundMessage
    state: State
    changes: dict[str, Any] = field(default_factory=dict)


def locked(pks: Iterable[int]) -> list[OutboundMessage]:
    """These messages as they stand, locked until the transaction ends, in the order that everybody locks in. What has
    no part in where they stand is read when it is asked for."""
    messages = OutboundMessage.objects.filter(pk__in=list(pks)).order_by("pk").defer(*UNREAD, "text")
    # NO KEY: an INSERT of a status or an attempt that refers to the row need not wait. MariaDB has no such thing.
    return list(messages.select_for_update(no_key=connection.features.has_select_for_no_key_update))


def apply(moves: Sequence[Move], *, are_locked: bool = False) -> list[OutboundMessage]:
    """Make the moves, and give the messages that were moved. `are_locked`: the rows were read by `locked`.

    A row that somebody else has moved since it was read is left alone.
    """
    if not moves:
        return []
    if not are_locked:
        now = {m.pk: (m.state, m.token) for m in locked(move.message.pk for move in moves)}
        moves = [m for m in moves if now.get(m.message.pk) == (m.message.state, m.message.token)]
    told: list[Event] = []
    moved: list[OutboundMessage] = []
    for move in moves:
        message, old = move.message, move.message.state
        if old != move.state and not may_move(old, move.state):
            logger.error("Message %s: no way from %s to %s; left as it is", message.pk, old, move.state)
            continue
        _change(message, move)
        moved.append(message)
        if old != message.state and message.state != State.SENDING:
            told.append(events.state_changed(message.pk, str(old), str(message.state)))
    update_rows(moved, FIELDS)
    insert_rows(told)
    return moved


def _change(message: OutboundMessage, move: Move) -> None:
    message.state = move.state
    if move.state != State.SENDING:
        message.token = ""
        message.lease_until = None
    if move.state not in (State.QUEUED, State.SENDING):
        message.next_at = None
        message.waits_for = Wait.NOTHING
    if move.state in ACCEPTED:
        message.risk_at = None
        message.error_code = None
        message.error_text = ""
    for name, value in move.changes.items():
        setattr(message, name, value)
    # A NUL is nothing that PostgreSQL can store, and an answer may hold one.
    message.error_text = message.error_text.replace("\0", "\ufffd")[:_TEXT_LIMIT]


class Standing(NamedTuple):
    """Where a message stands, and by what Front's statuses find it."""

    pk: int
    account: str
    gateway_id: int | None
    state: str


def locked_standings(pks: Iterable[int]) -> list[Standing]:
    """Like `locked`, where there are thousands, and nothing else of them is needed."""
    messages = OutboundMessage.objects.filter(pk__in=among(pks)).order_by("pk")
    messages = messages.select_for_update(no_key=connection.features.has_select_for_no_key_update)
    return [Standing(*row) for row in messages.values_list(*Standing._fields)]


def accept_together(pks: Sequence[int], old: State, new: State, **changes: Any) -> list[events.Values]:
    """Make one move, to a state that says that Front has them, of all these messages, which are locked and stand in
    `old`. Gives the events that tell of it, for the caller to store."""
    if new not in ACCEPTED or not may_move(old, new):
        raise ValueError(f"no way from {old} to {new}")
    nothing_left = {"token": "", "lease_until": None, "next_at": None, "waits_for": Wait.NOTHING}
    no_blame = {"risk_at": None, "error_code": None, "error_text": ""}
    update_alike(OutboundMessage, pks, state=new, **nothing_left, **no_blame, **changes)
    return events.states_changed(pks, old, new)
