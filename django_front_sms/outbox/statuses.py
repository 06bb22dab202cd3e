"""Folding delivery statuses into the messages they are about.

The webhook only appends. Here the pushes that nobody folded yet are matched by account and Front's id. Where a message
stands then is a function of the *set* of its statuses: their order and repetition never matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django_front_sms import events
from django_front_sms.clock import database_now
from django_front_sms.models import DeliveryStatus, OutboundMessage
from django_front_sms.outbox.moves import Move, apply, locked
from django_front_sms.outbox.plain import Message
from django_front_sms.outbox.rows import insert_rows, update_rows
from django_front_sms.states import State, by_statuses
from django_front_sms.transactions import short_transaction

BATCH = 500
GIVE_UP_AFTER = timedelta(days=1)
_SOONEST = timedelta(seconds=2)
_FINAL = (4, 5)  # delivered, failed (§2.3)


def fold_statuses() -> int:
    """Fold all statuses that are due; gives how many were looked at."""
    total = 0
    while looked_at := _fold_batch():
        total += looked_at
    return total


@short_transaction
def _fold_batch() -> int:
    now = database_now()
    due = DeliveryStatus.objects.filter(look_at__lte=now).order_by("look_at", "pk")
    ids = {(s.account, s.gateway_id) for s in due.only("account", "gateway_id")[:BATCH]}
    if not ids:
        return 0
    messages = {(m.account, m.gateway_id): m for m in locked(_pks_of(ids))}
    # Read only now, behind the messages' locks: what another worker has folded meanwhile is not told of twice.
    statuses = [s for s in due.select_for_update()[: 2 * BATCH] if (s.account, s.gateway_id) in ids]
    for status in statuses:
        _match(status, messages.get((status.account, status.gateway_id)), now)
    update_rows(statuses, ("message", "look_at", "problem"))
    folded = {m.pk: m for s in statuses if (m := messages.get((s.account, s.gateway_id)))}
    seen = _seen(folded)
    _flag_contradictions(statuses, seen)
    _move(folded.values(), seen, now)
    insert_rows([events.status_received(s.pk, s.message_id) for s in statuses if s.look_at is None])
    return len(statuses)


def _pks_of(ids: Iterable[tuple[str, int | None]]) -> list[int]:
    by_account: dict[str, list[int]] = defaultdict(list)
    for account, gateway_id in ids:
        if gateway_id is not None:
            by_account[account].append(gateway_id)
    newest: dict[tuple[str, int | None], int] = {}
    for account, gateway_ids in by_account.items():
        found = OutboundMessage.objects.filter(account=account, gateway_id__in=gateway_ids)
        for pk, gateway_id in found.order_by("pk").values_list("pk", "gateway_id"):
            newest[account, gateway_id] = pk
    return list(newest.values())


def _match(status: DeliveryStatus, message: Message | None, now: datetime) -> None:
    if message is not None:
        status.message_id, status.look_at = message.pk, None
        return
    age = now - status.received_at
    if age < GIVE_UP_AFTER:
        # Growing pauses: a push may be ahead of the commit that stores its id; much later it is hardly ours.
        status.look_at = now + max(_SOONEST, age)
    else:
        status.look_at = None
        status.problem = status.problem or "No message with this id is known."


def _seen(pks: Iterable[int | None]) -> dict[int, set[int]]:
    """All statuses that ever came, by message."""
    seen: dict[int, set[int]] = defaultdict(set)
    rows = DeliveryStatus.objects.filter(message__in=list(pks), status__in=(-1, *_FINAL))
    for pk, status in rows.values_list("message_id", "status"):
        if pk is not None and status is not None:
            seen[pk].add(status)
    return seen


def _flag_contradictions(statuses: Iterable[DeliveryStatus], seen: Mapping[int, set[int]]) -> None:
    """4 beats 5, whichever came first; that there were both is for staff to see."""
    torn = [
        s.pk
        for s in statuses
        if s.message_id is not None and s.status in _FINAL and seen.get(s.message_id, set()).issuperset(_FINAL)
    ]
    if torn:
        DeliveryStatus.objects.filter(pk__in=torn, problem="").update(problem="Front reported both 4 and 5.")


def _move(messages: Iterable[Message], seen: Mapping[int, set[int]], now: datetime) -> None:
    moves = []
    for message in messages:
        state = by_statuses(message.state, seen.get(message.pk, set()))
        if state != message.state:
            moves.append(Move(message, state, {"delivered_at": now} if state == State.DELIVERED else {}))
    apply(moves, are_locked=True)
