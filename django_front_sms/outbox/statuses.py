"""Folding delivery statuses into the messages they are about.

The webhook only appends. Here the pushes that nobody folded yet are matched by account and Front's id. Where a message
stands then is a function of the *set* of its statuses: their order and repetition never matter.

There may be thousands a second, so nothing here is a model's instance, and a batch is a handful of statements.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import F

from django_front_sms.db.bulk import insert_values, update_values
from django_front_sms.db.clock import database_now
from django_front_sms.db.lookups import AnyOf
from django_front_sms.db.transactions import short_transaction
from django_front_sms.events import records
from django_front_sms.models import DeliveryStatus, Event, OutboundMessage
from django_front_sms.outbox.transitions import Standing, accept_together, locked_standings
from django_front_sms.states import State, by_statuses

BATCH = 2000
GIVE_UP_AFTER = timedelta(days=1)
_SOONEST = timedelta(seconds=2)
_FINAL = {4, 5}  # delivered, failed (§2.3)
_KNOWN = frozenset({-1, *_FINAL})


class _Status(NamedTuple):
    pk: int
    account: str
    gateway_id: int | None
    status: int | None
    problem: str


class _Fold(NamedTuple):
    """What is to be written of a status: its message, or when to look again; neither, where it is given up."""

    pk: int
    message: int | None
    process_at: datetime | None
    problem: str


_Seen = Mapping[int, set[int | None]]  # by message


def fold_statuses() -> int:
    """Fold all statuses that are due; gives how many were looked at."""
    total = 0
    while (looked_at := _fold_batch()) is not None:
        total += looked_at
    return total


@short_transaction
def _fold_batch() -> int | None:
    """None: nothing is due."""
    now = database_now()
    due = DeliveryStatus.objects.due(now)
    found = list(due.values_list("pk", "account", "gateway_id")[:BATCH])
    if not found:
        return None
    standings = locked_standings(_messages_of({(account, gateway_id) for _pk, account, gateway_id in found}))
    messages = {(message.account, message.gateway_id): message for message in standings}
    # Read only now, behind the messages' locks: what another worker has folded meanwhile is not told of twice.
    still_due = due.filter(AnyOf(F("pk"), [pk for pk, *_ in found])).order_by("pk").select_for_update()
    statuses = [_Status(*row) for row in still_due.values_list(*_Status._fields)]
    matched = [(status, messages.get((status.account, status.gateway_id))) for status in statuses]
    seen = _seen(matched)
    unmatched = [status.pk for status, message in matched if message is None]
    received = dict(DeliveryStatus.objects.filter(AnyOf(F("pk"), unmatched)).values_list("pk", "received_at"))
    folds = [
        _match(status, message, seen) if message else _wait(status, now - received[status.pk], now)
        for status, message in matched
    ]
    update_values(DeliveryStatus, _Fold._fields[1:], folds)
    told = _move([message for message in standings if message.pk in seen], seen, now)
    told += records.statuses_received([(fold.pk, fold.message) for fold in folds if fold.process_at is None])
    insert_values(Event, records.FIELDS, told, next_at=records.due_at_once())
    return len(statuses)


def _messages_of(ids: Iterable[tuple[str, int | None]]) -> list[int]:
    by_account: dict[str, list[int]] = defaultdict(list)
    for account, gateway_id in ids:
        if gateway_id is not None:
            by_account[account].append(gateway_id)
    newest: dict[tuple[str, int | None], int] = {}
    for account, gateway_ids in by_account.items():
        found = OutboundMessage.objects.filter(AnyOf(F("gateway_id"), gateway_ids), account=account)
        for pk, gateway_id in found.order_by("pk").values_list("pk", "gateway_id"):
            newest[account, gateway_id] = pk
    return list(newest.values())


def _seen(matched: Iterable[tuple[_Status, Standing | None]]) -> _Seen:
    """All statuses that ever came, by message: these, and those that were folded before."""
    seen: dict[int, set[int | None]] = defaultdict(set)
    for status, message in matched:
        if message is not None:
            seen[message.pk].add(status.status)
    before = DeliveryStatus.objects.filter(AnyOf(F("message_id"), list(seen)), status__in=_KNOWN)
    for pk, earlier in before.values_list("message_id", "status"):
        seen[pk].add(earlier)
    return seen


def _match(status: _Status, message: Standing, seen: _Seen) -> _Fold:
    # 4 beats 5, whichever came first; that there were both is for staff to see.
    torn = status.status in _FINAL and seen[message.pk] >= _FINAL
    return _Fold(status.pk, message.pk, None, status.problem or ("Front reported both 4 and 5." if torn else ""))


def _wait(status: _Status, age: timedelta, now: datetime) -> _Fold:
    if age < GIVE_UP_AFTER:
        # Growing pauses: a push may be ahead of the commit that stores its id; much later it is hardly ours.
        return _Fold(status.pk, None, now + max(_SOONEST, age), status.problem)
    return _Fold(status.pk, None, None, status.problem or "No message with this id is known.")


def _move(messages: Iterable[Standing], seen: _Seen, now: datetime) -> list[records.EventValues]:
    """Move the messages, those that make the same move together, and give the events that tell of it."""
    alike: dict[tuple[str, frozenset[int]], list[int]] = defaultdict(list)
    for message in messages:
        alike[message.state, _KNOWN & seen[message.pk]].append(message.pk)
    together: dict[tuple[State, State], list[int]] = defaultdict(list)
    for (state, statuses), pks in alike.items():
        if (new := by_statuses(state, statuses)) != state:
            together[State(state), new] += pks
    told: list[records.EventValues] = []
    for (old, new), pks in together.items():
        told += accept_together(pks, old, new, **({"delivered_at": now} if new == State.DELIVERED else {}))
    return told
