"""Holes in Front's counter (§2.5), which counts what it brings to a customer over both APIs.

Messages are counted in the worker, one account at a time, and the holes that are found do not depend on the order in
which they are looked at. A number that comes late fills its hole. A hole is told once, after a grace: two deliveries
may overtake one another.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django_front_sms.db.clock import database_now
from django_front_sms.db.transactions import nested_transaction
from django_front_sms.events import records
from django_front_sms.models import CounterGap, Event, InboundCounter, InboundMessage

logger = logging.getLogger(__name__)

GRACE = timedelta(seconds=60)
LONGEST_HOLE = 1000  # a longer jump is no loss, but a counter that was set anew
_OVERTAKING = timedelta(minutes=10)  # a message in a hole may say that it is later than the one that showed the hole


def count(messages: Iterable[InboundMessage], now: datetime) -> None:
    """Count new messages, in the transaction that announces them, and after all else in it: it takes a lock."""
    by_account: dict[str, list[tuple[int, datetime]]] = defaultdict(list)
    for message in messages:
        if message.counter is not None:
            moment = min(message.sent_at or message.received_at, message.received_at)
            by_account[message.account].append((message.counter, moment))
    for account in sorted(by_account):
        memory = InboundCounter.lock(account)
        for number, moment in by_account[account]:
            _count(memory, number, moment, now)
        memory.save()


def _count(memory: InboundCounter, number: int, moment: datetime, now: datetime) -> None:
    lowest, highest, latest = memory.lowest, memory.highest, memory.highest_at
    if lowest is None or highest is None or latest is None:
        memory.lowest = memory.highest = number
        memory.highest_at = moment
    elif _fills_a_hole(memory.account, number, moment, now):
        memory.highest_at = max(latest, moment)
    elif number > highest:
        _ahead(memory, highest, latest, number, moment, now)
    elif number < highest and moment > latest:
        _count_anew(memory, highest, number, moment, now)
    elif lowest - LONGEST_HOLE <= number < lowest and not _is_of_an_earlier_count(memory, moment):
        _open(memory.account, number + 1, lowest - 1, latest, now)  # looked at after one that came later
        memory.lowest = number


def _ahead(
    memory: InboundCounter, highest: int, latest: datetime, number: int, moment: datetime, now: datetime
) -> None:
    if number - highest > LONGEST_HOLE + 1:
        if moment >= latest:
            _count_anew(memory, highest, number, moment, now)
        return
    if number > highest + 1:
        if _is_of_an_earlier_count(memory, moment):
            return
        _open(memory.account, highest + 1, number - 1, max(latest, moment), now)
    memory.highest, memory.highest_at = number, max(latest, moment)


def _is_of_an_earlier_count(memory: InboundCounter, moment: datetime) -> bool:
    return memory.reset_at is not None and moment < memory.reset_at


def _count_anew(memory: InboundCounter, highest: int, number: int, moment: datetime, now: datetime) -> None:
    """The customer's counter was set to something else. Nothing is missing, but staff can see it."""
    first, last = sorted((highest, number))
    CounterGap.objects.create(
        account=memory.account, first=first, last=last, shown_at=moment, found_at=now, closed_at=now, is_reset=True
    )
    logger.warning(
        'The counter of account "%s" went from %d to %d: taken as set anew, not as a loss.',
        memory.account,
        highest,
        number,
    )
    memory.lowest = memory.highest = number
    memory.highest_at = memory.reset_at = moment


def _open(account: str, first: int, last: int, shown_at: datetime, now: datetime) -> None:
    if first <= last:
        CounterGap.objects.create(account=account, first=first, last=last, shown_at=shown_at, found_at=now)


def _fills_a_hole(account: str, number: int, moment: datetime, now: datetime) -> bool:
    holes = CounterGap.objects.unfilled().filter(
        account=account, first__lte=number, last__gte=number, shown_at__gte=moment - _OVERTAKING
    )
    for hole in holes.order_by("pk").select_for_update():
        if number in hole.missing:
            hole.came = sorted([*hole.came, number])
            hole.closed_at = None if hole.missing else now
            hole.save(update_fields=["came", "closed_at"])
            return True
    return False


def tell() -> None:
    """Tell receivers, once, of each hole that is still open after the grace."""
    untold = CounterGap.objects.unannounced().filter(found_at__lte=database_now() - GRACE)
    if untold.exists():
        _tell(list(untold.order_by("pk").values_list("pk", flat=True)))


@nested_transaction
def _tell(pks: list[int]) -> None:
    now = database_now()
    holes = list(CounterGap.objects.unannounced().filter(pk__in=pks).order_by("pk").select_for_update())
    for hole in holes:
        logger.warning(
            '%d inbound messages of account "%s" never came: numbers %d to %d of its counter. Ask Front for them.',
            len(hole.missing),
            hole.account,
            hole.missing[0],
            hole.missing[-1],
        )
    CounterGap.objects.filter(pk__in=[hole.pk for hole in holes]).update(told_at=now)
    Event.objects.bulk_create(records.counter_gap(hole.account, hole.missing) for hole in holes)
