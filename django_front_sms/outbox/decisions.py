"""What people decide about messages and accounts, recorded with who and when."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from django_front_sms import events
from django_front_sms.conf import get_settings
from django_front_sms.db.clock import database_now
from django_front_sms.db.routing import on_commit
from django_front_sms.db.transactions import nested_transaction
from django_front_sms.exceptions import NotPossible
from django_front_sms.models import Decision, OutboundMessage, SendAttempt, Wait
from django_front_sms.outbox.records import Message, attempts_of
from django_front_sms.outbox.rules import leaves_doubt
from django_front_sms.outbox.transitions import Move, apply, locked
from django_front_sms.states import State


def cancel(message: OutboundMessage, by: Any = None) -> State:
    """Take a queued message back. At risk it may have been sent: then it ends `unconfirmed`."""

    def decide(row: Message) -> Move:
        if row.state != State.QUEUED:
            raise NotPossible(
                _("This message is %(state)s; only a queued one can be cancelled.") % {"state": State(row.state).label}
            )
        in_doubt = leaves_doubt(attempts_of([row])[row.pk])
        return Move(row, State.UNCONFIRMED if in_doubt else State.CANCELLED)

    return _decide(message, by, Decision.Action.CANCEL, decide)


def mark_sent(message: OutboundMessage, by: Any = None) -> State:
    """A person knows that an unconfirmed message was sent."""

    def decide(row: Message) -> Move:
        _require_unconfirmed(row)
        SendAttempt.objects.filter(message=row.pk).update(voided=True)
        last = SendAttempt.objects.filter(message=row.pk).order_by("-number").first()
        return Move(row, State.SENT, {"sent_at": last.claimed_at if last else database_now(), "given_up": False})

    return _decide(message, by, Decision.Action.MARK_SENT, decide)


def send_anyway(message: OutboundMessage, by: Any = None) -> State:
    """Send an unconfirmed message once more, at the risk that it arrives twice. It waits until no attempt so far, its
    own or a twin's, can be the reason for a code 17."""
    conf = get_settings()

    def decide(row: Message) -> Move:
        _require_unconfirmed(row)
        if not row.recipient:
            raise NotPossible(_("The number and the text of this message were erased; it cannot be sent again."))
        attempts = SendAttempt.objects.filter(message=row.pk)
        attempts.update(voided=True)
        keys = set(attempts.values_list("twin_key", flat=True))
        last = (
            SendAttempt.objects.filter(twin_key__in=keys)
            .exclude(outcome=SendAttempt.Outcome.NOT_SENT)
            .order_by("claimed_at")
            .last()
        )
        now = database_now()
        due = max(now, last.claimed_at + conf.twin_gap) if last else now
        changes = {"risk_at": None, "next_at": due, "waits_for": Wait.TWIN, "error_text": "", "given_up": False}
        return Move(row, State.QUEUED, changes)

    return _decide(message, by, Decision.Action.SEND_ANYWAY, decide)


def give_up(message: OutboundMessage, by: Any = None) -> State:
    """Leave an unconfirmed message as it is: nobody will ever know. It stays `unconfirmed`, but waits for nobody."""

    def decide(row: Message) -> Move:
        _require_unconfirmed(row)
        return Move(row, State.UNCONFIRMED, {"given_up": True})

    return _decide(message, by, Decision.Action.GIVE_UP, decide)


def _require_unconfirmed(row: Message) -> None:
    if row.state != State.UNCONFIRMED:
        raise NotPossible(
            _("This message is %(state)s; only an unconfirmed one can be decided on.")
            % {"state": State(row.state).label}
        )


def _decide(message: OutboundMessage, by: Any, action: Decision.Action, decide: Callable[[Message], Move]) -> State:
    state = _in_transaction(message.pk, by, action, decide)
    message.refresh_from_db()
    on_commit(lambda: events.hint("deliver_events"))
    if state == State.QUEUED:
        on_commit(lambda: events.hint("dispatch"))
    return state


@nested_transaction
def _in_transaction(pk: int, by: Any, action: Decision.Action, decide: Callable[[Message], Move]) -> State:
    (row,) = locked([pk])
    move = decide(row)
    apply([move], are_locked=True)
    Decision.objects.create(message_id=row.pk, action=action, by=by)
    return State(row.state)
