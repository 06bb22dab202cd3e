"""What a step back of the database's clock does: nobody can tell any more how much of a duplicate window is left.

The lock row remembers the highest time seen. Claims look at it, and each sweep, so that a step is noticed within
seconds: one that claims alone would come upon could be made up for, and hidden, by the time that went by.
"""

from datetime import datetime

from django.db.models import Q

from django_front_sms.conf import Account
from django_front_sms.db.clock import database_now
from django_front_sms.db.transactions import short_transaction
from django_front_sms.models import AccountState, OutboundMessage
from django_front_sms.outbox.records import attempts_of, mark_lost
from django_front_sms.outbox.rules import CLOCK_TOLERANCE
from django_front_sms.outbox.transitions import Move, apply, locked
from django_front_sms.states import State

_AT_RISK = Q(state=State.QUEUED, risk_at__isnull=False) | Q(state=State.SENDING)


def handle_step_back(memory: AccountState, account: Account, now: datetime) -> None:
    """Leave all that is under way or at risk to people where the clock stepped back; from then on its new time counts.
    `memory` is locked, and saved by the caller. Answers that still come settle their messages as late ones do."""
    if not memory.clock or now >= memory.clock - CLOCK_TOLERANCE:
        memory.clock = max(memory.clock or now, now)
        return
    rows = locked(OutboundMessage.objects.filter(_AT_RISK, account=account.name).values_list("pk", flat=True))
    rows = [row for row in rows if row.state == State.SENDING or (row.state == State.QUEUED and row.risk_at)]
    attempts = attempts_of(rows)
    for row in rows:
        mark_lost(attempts[row.pk], now, "the database's clock stepped back meanwhile")
    text = "The database's clock stepped back while this was under way."
    apply([Move(row, State.UNCONFIRMED, {"error_text": text}) for row in rows], are_locked=True)
    memory.clock, memory.rate_at = now, None


@short_transaction
def check_clock(account: Account) -> None:
    """`handle_step_back`, in a transaction of its own."""
    memory = AccountState.lock(account.gateway, account.name)
    handle_step_back(memory, account, database_now())
    memory.save(update_fields=["clock", "rate_at"])
