"""The life of an outbound message: claim, attempt, settle, rescue, fold of statuses.

This package keeps the promise: *a committed message is accepted by Front at most once and never disappears: it ends
accepted, refused with Front's code, or listed as unconfirmed.* `docs/why/sending.md` gives the reasons.

    wire.py          the parameters of a message's request
    duplicates.py    equal messages, and the duplicate window between them
    send_checks.py   everything that can keep a due message from being sent now
    claim.py         claiming due messages for one attempt each
    executor.py      making attempts, in threads
    pacing.py        how many requests at once, and how many messages are claimed ahead
    rules.py         a message's state, evaluated from its attempts
    verdicts.py      from a verdict to a transition
    settle.py        recording results; rescuing messages whose lease expired
    records.py       messages and attempts as plain objects
    clock_skew.py    a step back of the database's clock
    transitions.py   the one place where a state changes
    postponement.py  waiting for the end of quiet hours
    slots.py         the right to claim for an account and lane
    accounts.py      pausing, probing and resuming an account
    dispatcher.py    the loop over all of these
    statuses.py      delivery statuses
    sweep.py         leases, limits and dates that pass
    decisions.py     decisions of people
"""

from django_front_sms.outbox.accounts import resume
from django_front_sms.outbox.decisions import cancel, give_up, mark_sent, send_anyway
from django_front_sms.outbox.dispatcher import run
from django_front_sms.outbox.statuses import fold_statuses
from django_front_sms.outbox.sweep import has_due, sweep

__all__ = ["cancel", "fold_statuses", "give_up", "has_due", "mark_sent", "resume", "run", "send_anyway", "sweep"]
