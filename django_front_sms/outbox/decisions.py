"""Decisions of people about messages, recorded with the user and the time."""

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
from django_front_sms.outbox.transitions import Transition, apply, locked
from django_front_sms.states import State


def cancel(message: OutboundMessage, by: Any = None) -> State:
    """Cancel a queued message and return its new state: `unconfirmed` if an attempt may have reached Front. Raises
    `NotPossible` if the message is not queued."""

    def decide(row: Message) -> Transition:
        if row.state != State.QUEUED:
            raise NotPossible(
                _("This message is %(state)s; only a queued one can be cancelled.") % {"state": State(row.state).label}
            )
        in_doubt = leaves_doubt(attempts_of([row])[row.pk])
        return Transition(row, State.UNCONFIRMED if in_doubt else State.CANCELLED)

    return _decide(message, by, Decision.Action.CANCEL, decide)


def mark_sent(message: OutboundMessage, by: Any = None) -> State:
    """Mark an unconfirmed message as sent: a person knows that it was."""

    def decide(row: Message) -> Transition:
        _require_unconfirmed(row)
        SendAttempt.objects.filter(message=row.pk).update(voided=True)
        last = SendAttempt.objects.filter(message=row.pk).order_by("-number").first()
        return Transition(row, State.SENT, {"sent_at": last.claimed_at if last else database_now(), "given_up": False})

    return _decide(message, by, Decision.Action.MARK_SENT, decide)


def send_anyway(message: OutboundMessage, by: Any = None) -> State:
    """Send an unconfirmed message once more, at the risk that it arrives twice. It waits until no earlier attempt, its
    own or a twin's, can be the cause of a code 17."""
    conf = get_settings()

    def decide(row: Message) -> Transition:
        _require_unconfirmed(row)
        if not row.recipient:
            raise NotPossible(_("The number and the text of this message were erased; it cannot be sent again."))
        if OutboundMessage.objects.filter(pk=row.pk, text="").exists():
            raise NotPossible(_("The confidential text of this message was removed. Write a new message instead."))
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
        return Transition(row, State.QUEUED, changes)

    return _decide(message, by, Decision.Action.SEND_ANYWAY, decide)


def give_up(message: OutboundMessage, by: Any = None) -> State:
    """Give up an unconfirmed message. It stays `unconfirmed`, but no longer waits for a decision."""

    def decide(row: Message) -> Transition:
        _require_unconfirmed(row)
        return Transition(row, State.UNCONFIRMED, {"given_up": True})

    return _decide(message, by, Decision.Action.GIVE_UP, decide)


def _require_unconfirmed(row: Message) -> None:
    if row.state != State.UNCONFIRMED:
        raise NotPossible(
            _("This message is %(state)s; only an unconfirmed one can be decided on.")
            % {"state": State(row.state).label}
        )


def _decide(
    message: OutboundMessage, by: Any, action: Decision.Action, decide: Callable[[Message], Transition]
) -> State:
    state = _in_transaction(message.pk, by, action, decide)
    message.refresh_from_db()
    on_commit(lambda: events.hint("deliver_events"))
    if state == State.QUEUED:
        on_commit(lambda: events.hint("dispatch"))
    return state


@nested_transaction
def _in_transaction(pk: int, by: Any, action: Decision.Action, decide: Callable[[Message], Transition]) -> State:
    (row,) = locked([pk])
    apply([decide(row)], are_locked=True)
    Decision.objects.create(message_id=row.pk, action=action, by=by)
    return State(row.state)
