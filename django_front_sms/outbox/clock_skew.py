"""Handling a step back of the database's clock. After it, the rest of a duplicate window is unknown.

Each claim and each sweep compares the clock with the highest time seen, which is in the lock row. If there was none for
a while, as in an outage, the clock may have stepped back by less than that, or have caught up. So the row also holds
when each machine last read the clock, and its boot-time clock then: the database's has to advance as much as that.
"""

import logging
from datetime import UTC, datetime

from django.db.models import Q

from django_front_sms.conf import Account
from django_front_sms.db.clock import Reading
from django_front_sms.db.transactions import short_transaction
from django_front_sms.models import AccountState, OutboundMessage
from django_front_sms.outbox.records import Message, attempts_of, mark_lost
from django_front_sms.outbox.rules import CLOCK_TOLERANCE
from django_front_sms.outbox.transitions import Transition, apply, locked
from django_front_sms.states import State

logger = logging.getLogger(__name__)

DRIFT = 0.001  # of the time that passes: what a clock may be short of another one, while it is corrected gradually
FORGET_AFTER = 86_400  # seconds after which the reading of a machine is no longer kept
CLOCK_FIELDS = ("clock", "readings", "rate_at")  # the columns of the lock row that `handle_step_back` may change
_AT_RISK = Q(state=State.QUEUED, risk_at__isnull=False) | Q(state=State.SENDING)


def handle_step_back(state: AccountState, account: Account, reading: Reading) -> None:
    """If the clock stepped back, mark all messages that are being sent or at risk as unconfirmed, and continue from the
    new time. `state` is locked, and saved by the caller. Answers that still come are recorded as late ones."""
    now, least = reading.time, _least_time(state, reading)
    if not has_stepped_back(least, now):
        state.clock, state.readings = max(state.clock or now, now), _with(reading, state.readings)
        return
    rows = locked(OutboundMessage.objects.filter(_AT_RISK, account=account.name).values_list("pk", flat=True))
    rows = [row for row in rows if is_in_question(row)]
    attempts = attempts_of(rows)
    for row in rows:
        mark_lost(attempts[row.pk], now, "the database's clock stepped back meanwhile")
    apply([after_step_back(row) for row in rows], are_locked=True)
    logger.error(
        'The database\'s clock stepped back by %.1f s; %d messages of account "%s" became unconfirmed. '
        "Check the clock of the database's machine.",
        (least - now).total_seconds(),
        len(rows),
        account.name,
    )
    state.clock, state.readings, state.rate_at = now, _with(reading, {}), None


def _least_time(state: AccountState, reading: Reading) -> datetime:
    """The time that the clock shows at least, unless it stepped back."""
    least = state.clock or reading.time
    if reading.machine not in state.readings:
        return least
    time, boot = state.readings[reading.machine]
    return max(least, datetime.fromtimestamp(time + (reading.asked - boot) * (1 - DRIFT), UTC))


def _with(reading: Reading, readings: dict[str, list[float]]) -> dict[str, list[float]]:
    """The readings, with this one as the last of this machine. Those of machines that no longer read are left out."""
    now = reading.time.timestamp()
    kept = {machine: each for machine, each in readings.items() if each[0] > now - FORGET_AFTER}
    return {**kept, reading.machine: [now, reading.answered]} if reading.machine else kept


def has_stepped_back(least: datetime, now: datetime) -> bool:
    """Whether the clock stepped back, given the time that it shows at least otherwise."""
    return now < least - CLOCK_TOLERANCE


def is_in_question(message: Message) -> bool:
    """Whether a step back makes it unknown if Front has this message."""
    return message.state == State.SENDING or (message.state == State.QUEUED and message.risk_at is not None)


def after_step_back(message: Message) -> Transition:
    """Mark a message as unconfirmed that was being sent, or at risk, when the clock stepped back."""
    text = "The database's clock stepped back while this message was being sent."
    return Transition(message, State.UNCONFIRMED, {"error_text": text})


@short_transaction
def check_clock(account: Account) -> None:
    """`handle_step_back`, in a transaction of its own."""
    state = AccountState.lock(account.gateway, account.name)
    handle_step_back(state, account, Reading.now())
    state.save(update_fields=CLOCK_FIELDS)
