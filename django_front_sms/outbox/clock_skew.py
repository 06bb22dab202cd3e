"""Handling a step back of the database's clock. After it, the rest of a duplicate window is unknown.

The lock row holds the highest time seen. Each claim compares it with the clock, and each sweep, so that a step is
noticed within seconds: if nothing were claimed for a while, the clock could catch up and hide it.
"""

import logging
from datetime import datetime

from django.db.models import Q

from django_front_sms.conf import Account
from django_front_sms.db.clock import database_now
from django_front_sms.db.transactions import short_transaction
from django_front_sms.models import AccountState, OutboundMessage
from django_front_sms.outbox.records import Message, attempts_of, mark_lost
from django_front_sms.outbox.rules import CLOCK_TOLERANCE
from django_front_sms.outbox.transitions import Transition, apply, locked
from django_front_sms.states import State

logger = logging.getLogger(__name__)

_AT_RISK = Q(state=State.QUEUED, risk_at__isnull=False) | Q(state=State.SENDING)


def handle_step_back(state: AccountState, account: Account, now: datetime) -> None:
    """If the clock stepped back, mark all messages that are being sent or at risk as unconfirmed, and continue from the
    new time. `state` is locked, and saved by the caller. Answers that still come are recorded as late ones."""
    if not state.clock or not has_stepped_back(state.clock, now):
        state.clock = max(state.clock or now, now)
        return
    stepped_back = (state.clock - now).total_seconds()
    rows = locked(OutboundMessage.objects.filter(_AT_RISK, account=account.name).values_list("pk", flat=True))
    rows = [row for row in rows if is_in_question(row)]
    attempts = attempts_of(rows)
    for row in rows:
        mark_lost(attempts[row.pk], now, "the database's clock stepped back meanwhile")
    apply([after_step_back(row) for row in rows], are_locked=True)
    logger.error(
        'The database\'s clock stepped back by %.1f s; %d messages of account "%s" became unconfirmed. '
        "Check the clock of the database's machine.",
        stepped_back,
        len(rows),
        account.name,
    )
    state.clock, state.rate_at = now, None


def has_stepped_back(highest: datetime, now: datetime) -> bool:
    """Whether the clock stepped back since it showed `highest`."""
    return now < highest - CLOCK_TOLERANCE


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
    handle_step_back(state, account, database_now())
    state.save(update_fields=["clock", "rate_at"])
