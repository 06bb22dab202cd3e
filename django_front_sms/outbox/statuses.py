"""Folding delivery statuses into the messages they are about.

The webhook only appends. Here the statuses that are not folded yet are matched to messages by account and Front's id. A
message's state is a function of the *set* of its statuses: their order and repetition never matter.

There may be thousands a second, so this module uses no model instances, and a batch takes few statements.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import F

from django_front_sms.db.bulk import insert_values, update_values
from django_front_sms.db.clock import ENDLESS, Turn, database_now
from django_front_sms.db.lookups import AnyOf
from django_front_sms.db.transactions import short_transaction
from django_front_sms.events import records
from django_front_sms.models import DeliveryStatus, Event, OutboundMessage
from django_front_sms.outbox.transitions import StatusTarget, accept_all, locked_targets
from django_front_sms.states import State, by_statuses

BATCH = 2000
GIVE_UP_AFTER = timedelta(days=1)
_FIRST_RETRY = timedelta(seconds=2)
_FINAL = {4, 5}  # delivered, failed (§2.3)
_KNOWN = frozenset({-1, *_FINAL})


class _Status(NamedTuple):
    pk: int
    account: str
    gateway_id: int | None
    status: int | None
    problem: str


class _Folded(NamedTuple):
    """The new values of a status: its message, or the time of the next try; neither if it is given up."""

    pk: int
    message: int | None
    process_at: datetime | None
    problem: str


_Matches = Sequence[tuple[_Status, StatusTarget | None]]
_StatusesSeen = Mapping[int, set[int | None]]  # by message


def fold_statuses(turn: Turn = ENDLESS) -> int:
    """Fold all statuses that are due, or those of this turn; returns how many were processed."""
    total, found = 0, BATCH
    # A status that came after a smaller batch was read has a hint of its own.
    while found == BATCH and not turn.is_over():
        found, folded = _fold_batch()
        total += folded
    return total


@short_transaction
def _fold_batch() -> tuple[int, int]:
    """Fold at most `BATCH` statuses. Returns how many were due, and how many of them no other worker had folded."""
    now = database_now()
    due = DeliveryStatus.objects.due(now)
    found = list(due.values_list("pk", "account", "gateway_id")[:BATCH])
    if not found:
        return 0, 0
    targets = locked_targets(_messages_of({(account, gateway_id) for _pk, account, gateway_id in found}))
    messages = {(target.account, target.gateway_id): target for target in targets}
    # Read only now, behind the messages' locks: a status that another worker has folded meanwhile has no second event.
    still_due = due.filter(AnyOf(F("pk"), [pk for pk, *_ in found])).order_by("pk").select_for_update()
    statuses = [_Status(*row) for row in still_due.values_list(*_Status._fields)]
    matches = [(status, messages.get((status.account, status.gateway_id))) for status in statuses]
    seen = _statuses_seen(matches)
    folded = _fold(matches, seen, now)
    update_values(DeliveryStatus, _Folded._fields[1:], folded)
    events = _change_states([target for target in targets if target.pk in seen], seen, now)
    events += records.statuses_received([(each.pk, each.message) for each in folded if each.process_at is None])
    insert_values(Event, records.FIELDS, events, next_at=records.due_at_once())
    return len(found), len(statuses)


def _messages_of(ids: Iterable[tuple[str, int | None]]) -> list[int]:
    """The keys of the newest message with each account and id."""
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


def _statuses_seen(matches: _Matches) -> _StatusesSeen:
    """All statuses of each matched message: these, and those that were folded before."""
    seen: dict[int, set[int | None]] = defaultdict(set)
    for status, message in matches:
        if message is not None:
            seen[message.pk].add(status.status)
    before = DeliveryStatus.objects.filter(AnyOf(F("message_id"), list(seen)), status__in=_KNOWN)
    for pk, earlier in before.values_list("message_id", "status"):
        seen[pk].add(earlier)
    return seen


def _fold(matches: _Matches, seen: _StatusesSeen, now: datetime) -> list[_Folded]:
    received: dict[int, datetime] = {}
    if unmatched := [status.pk for status, message in matches if message is None]:
        received = dict(DeliveryStatus.objects.filter(AnyOf(F("pk"), unmatched)).values_list("pk", "received_at"))
    return [
        _match(status, message, seen) if message else _wait(status, now - received[status.pk], now)
        for status, message in matches
    ]


def _match(status: _Status, message: StatusTarget, seen: _StatusesSeen) -> _Folded:
    # 4 overrides 5, in any order; staff see that there were both.
    has_both = status.status in _FINAL and seen[message.pk] >= _FINAL
    return _Folded(status.pk, message.pk, None, status.problem or ("Front reported both 4 and 5." if has_both else ""))


def _wait(status: _Status, age: timedelta, now: datetime) -> _Folded:
    if age < GIVE_UP_AFTER:
        # Growing pauses: a push may arrive before the commit that stores its id. Later, a match is unlikely.
        return _Folded(status.pk, None, now + max(_FIRST_RETRY, age), status.problem)
    return _Folded(status.pk, None, None, status.problem or "No message with this id is known.")


def _change_states(targets: Iterable[StatusTarget], seen: _StatusesSeen, now: datetime) -> list[records.EventValues]:
    """Change the messages' states, those with the same transition together, and return the events."""
    alike: dict[tuple[str, frozenset[int]], list[int]] = defaultdict(list)
    for target in targets:
        alike[target.state, _KNOWN & seen[target.pk]].append(target.pk)
    together: dict[tuple[State, State], list[int]] = defaultdict(list)
    for (state, statuses), pks in alike.items():
        if (new := by_statuses(state, statuses)) != state:
            together[State(state), new] += pks
    events: list[records.EventValues] = []
    for (old, new), pks in together.items():
        events += accept_all(pks, old, new, **({"delivered_at": now} if new == State.DELIVERED else {}))
    return events
