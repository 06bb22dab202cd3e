"""Gaps in Front's counter (§2.5), which counts the inbound messages of a customer over both APIs.

The worker counts messages, one account at a time; the order in which it processes them does not change the gaps. A
late message closes its gap. A gap is signalled once, after a grace period, because deliveries may overtake each other.
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
LONGEST_GAP = 1000  # a longer jump is not a loss: the counter was reset
_OVERTAKING = timedelta(minutes=10)  # a late message may have a later time than the message that revealed its gap


def count(messages: Iterable[InboundMessage], now: datetime) -> None:
    """Count new messages, at the end of the transaction that announces them, because it takes a lock."""
    by_account: dict[str, list[tuple[int, datetime]]] = defaultdict(list)
    for message in messages:
        if message.counter is not None:
            moment = min(message.sent_at or message.received_at, message.received_at)
            by_account[message.account].append((message.counter, moment))
    for account in sorted(by_account):
        counter = InboundCounter.lock(account)
        for number, moment in by_account[account]:
            _count(counter, number, moment, now)
        counter.save()


def _count(counter: InboundCounter, number: int, moment: datetime, now: datetime) -> None:
    lowest, highest, latest = counter.lowest, counter.highest, counter.highest_at
    if lowest is None or highest is None or latest is None:
        counter.lowest = counter.highest = number
        counter.highest_at = moment
    elif _fills_gap(counter.account, number, moment, now):
        counter.highest_at = max(latest, moment)
    elif number > highest:
        _count_ahead(counter, highest, latest, number, moment, now)
    elif number < highest and moment > latest:
        _reset(counter, highest, number, moment, now)
    elif lowest - LONGEST_GAP <= number < lowest and not _is_before_reset(counter, moment):
        _open(counter.account, number + 1, lowest - 1, latest, now)  # processed after a later message
        counter.lowest = number


def _count_ahead(
    counter: InboundCounter, highest: int, latest: datetime, number: int, moment: datetime, now: datetime
) -> None:
    if number - highest > LONGEST_GAP + 1:
        if moment >= latest:
            _reset(counter, highest, number, moment, now)
        return
    if number > highest + 1:
        if _is_before_reset(counter, moment):
            return
        _open(counter.account, highest + 1, number - 1, max(latest, moment), now)
    counter.highest, counter.highest_at = number, max(latest, moment)


def _is_before_reset(counter: InboundCounter, moment: datetime) -> bool:
    return counter.reset_at is not None and moment < counter.reset_at


def _reset(counter: InboundCounter, highest: int, number: int, moment: datetime, now: datetime) -> None:
    """Record that the customer's counter was reset. Nothing is missing."""
    first, last = sorted((highest, number))
    CounterGap.objects.create(
        account=counter.account, first=first, last=last, shown_at=moment, found_at=now, closed_at=now, is_reset=True
    )
    logger.warning(
        'The counter of account "%s" changed from %d to %d. This was recorded as a reset, not as a gap.',
        counter.account,
        highest,
        number,
    )
    counter.lowest = counter.highest = number
    counter.highest_at = counter.reset_at = moment


def _open(account: str, first: int, last: int, shown_at: datetime, now: datetime) -> None:
    if first <= last:
        CounterGap.objects.create(account=account, first=first, last=last, shown_at=shown_at, found_at=now)


def _fills_gap(account: str, number: int, moment: datetime, now: datetime) -> bool:
    gaps = CounterGap.objects.unfilled().filter(
        account=account, first__lte=number, last__gte=number, shown_at__gte=moment - _OVERTAKING
    )
    for gap in gaps.order_by("pk").select_for_update():
        if number in gap.missing:
            gap.came = sorted([*gap.came, number])
            gap.closed_at = None if gap.missing else now
            gap.save(update_fields=["came", "closed_at"])
            return True
    return False


def signal_gaps() -> None:
    """Write the event of each gap that is still open after the grace period, once."""
    unsignalled = CounterGap.objects.unannounced().filter(found_at__lte=database_now() - GRACE)
    if unsignalled.exists():
        _signal(list(unsignalled.order_by("pk").values_list("pk", flat=True)))


@nested_transaction
def _signal(pks: list[int]) -> None:
    now = database_now()
    gaps = list(CounterGap.objects.unannounced().filter(pk__in=pks).order_by("pk").select_for_update())
    for gap in gaps:
        logger.warning(
            '%d inbound messages of account "%s" did not arrive: numbers %d to %d of its counter. Ask Front for them.',
            len(gap.missing),
            gap.account,
            gap.missing[0],
            gap.missing[-1],
        )
    CounterGap.objects.filter(pk__in=[gap.pk for gap in gaps]).update(announced_at=now)
    Event.objects.bulk_create(records.counter_gap(gap.account, gap.missing) for gap in gaps)
