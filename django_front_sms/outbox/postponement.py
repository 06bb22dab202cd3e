"""Postponing normal messages until the end of an account's quiet hours.

Urgent messages are sent at any time, and so are replies written by a user. A message at risk is repeated even in quiet
hours: its first attempt was made before them, and after them it would be too late.
"""

from datetime import datetime

from django.db.models import Q

from django_front_sms.conf import Account
from django_front_sms.models import OutboundMessage, Priority, Wait
from django_front_sms.outbox.records import Message, attempts_of, read
from django_front_sms.outbox.rules import leaves_doubt
from django_front_sms.outbox.transitions import Transition, apply
from django_front_sms.states import State

_BATCH = 500


def postpone(account: Account, now: datetime, until: datetime) -> None:
    """Make due normal messages wait for `until`, and end those that would expire before. The caller holds the account's
    lock."""
    due = OutboundMessage.objects.due(account.name, [Priority.NORMAL], now=now).without_risk()
    waiting = due.exclude(reply_to__isnull=False, created_by__isnull=False)
    while expiring := read(waiting.filter(expires_at__lte=until)[:_BATCH], Message):
        attempts = attempts_of(expiring)
        apply(
            [
                Transition(row, State.UNCONFIRMED if leaves_doubt(attempts[row.pk]) else State.EXPIRED)
                for row in expiring
            ]
        )
    postponed = waiting.filter(Q(expires_at=None) | Q(expires_at__gt=until))
    postponed.order_by().update(next_at=until, waits_for=Wait.QUIET_HOURS)
