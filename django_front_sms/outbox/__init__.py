"""One outgoing message's way from its row to Front and to its end: claim, attempt, settle, rescue, fold of statuses.

The promise is kept here: *a committed message is accepted by Front at most once and never disappears: it ends accepted,
refused with Front's code, or listed as unconfirmed.* `docs/why/sending.md` gives the reasons.

    wire.py          a message as it stands on the wire
    twins.py         equal messages, and the window between them
    claim.py         taking due messages for one attempt each
    exchange.py      making attempts, concurrently
    crew.py          the threads that make them
    pace.py          how much at a time
    bulk.py          one request for many rows
    fold.py          what a message's attempts say of it
    settle.py        recording answers; rescuing what never came back
    attempts.py      reading and writing attempts
    timekeeping.py   what a step of the clock does
    plain.py         messages and attempts as the engine reads them
    moves.py         the one place where a state is moved
    rows.py          many rows written at once
    stream.py        the right to claim for an account and lane
    dispatcher.py    the loop over all of these
    statuses.py      delivery statuses
    sweep.py         what time does to messages
    decisions.py     what people decide
"""

from django_front_sms.outbox.decisions import cancel, give_up, mark_sent, resume, send_anyway
from django_front_sms.outbox.dispatcher import run
from django_front_sms.outbox.statuses import fold_statuses
from django_front_sms.outbox.sweep import has_due, sweep

__all__ = ["cancel", "fold_statuses", "give_up", "has_due", "mark_sent", "resume", "run", "send_anyway", "sweep"]
