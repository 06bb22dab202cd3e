"""Decisions of people about messages, recorded with the user and the time."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from django_front_sms import events
from django_front_sms.conf import FrontSMSSettings, get_settings
from django_front_sms.db.clock import database_now
from django_front_sms.db.routing import on_commit
from django_front_sms.db.transactions import nested_transaction
from django_front_sms.exceptions import NotPossible
from django_front_sms.models import Decision, OutboundMessage, SendAttempt, Wait
from django_front_sms.outbox import duplicates
from django_front_sms.outbox.duplicates import TwinAttempt
from django_front_sms.outbox.records import Attempt, Message, attempts_of
from django_front_sms.outbox.rules import leaves_doubt
from django_front_sms.outbox.transitions import Transition, apply, locked
from django_front_sms.states import State


def cancel(message: OutboundMessage, by: Any = None) -> State:
    """Cancel a queued message and return its new state: `unconfirmed` if an attempt may have reached Front. Raises
    `NotPossible` if the message is not queued."""

    def decide(row: Message) -> Transition:
        if row.state != State.QUEUED:
            raise NotPossible(
                _("This message is %(state)s; only a queued one can be stopped.") % {"state": State(row.state).label}
            )
        return cancellation(row, attempts_of([row])[row.pk])

    return _decide(message, by, Decision.Action.CANCEL, decide)


def mark_sent(message: OutboundMessage, by: Any = None) -> State:
    """Mark an unconfirmed message as sent: a person knows that it was."""

    def decide(row: Message) -> Transition:
        _require_unconfirmed(row)
        SendAttempt.objects.of_message(row.pk).update(voided=True)
        last = SendAttempt.objects.of_message(row.pk).order_by("-number").first()
        return confirmation(row, last.claimed_at if last else database_now())

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
        attempts = SendAttempt.objects.of_message(row.pk)
        attempts.update(voided=True)
        keys = set(attempts.values_list("twin_key", flat=True))
        now = database_now()
        return repetition(row, duplicates.attempts_with(keys, now - conf.twin_gap), conf, now)

    return _decide(message, by, Decision.Action.SEND_ANYWAY, decide)


def give_up(message: OutboundMessage, by: Any = None) -> State:
    """Give up an unconfirmed message. It stays `unconfirmed`, but no longer waits for a decision."""

    def decide(row: Message) -> Transition:
        _require_unconfirmed(row)
        return end_of_waiting(row)

    return _decide(message, by, Decision.Action.GIVE_UP, decide)


# ---- The transition that follows from each decision. Pure functions: nothing is read or written.


def cancellation(message: Message, attempts: Sequence[Attempt]) -> Transition:
    return Transition(message, State.UNCONFIRMED if leaves_doubt(attempts) else State.CANCELLED)


def confirmation(message: Message, sent_at: datetime) -> Transition:
    return Transition(message, State.SENT, {"sent_at": sent_at, "given_up": False})


def repetition(message: Message, attempts: Iterable[TwinAttempt], conf: FrontSMSSettings, now: datetime) -> Transition:
    """`attempts`: its own and its twins'."""
    due = duplicates.free_at(attempts, conf, now)
    changes = {"risk_at": None, "next_at": due, "waits_for": Wait.TWIN, "error_text": "", "given_up": False}
    return Transition(message, State.QUEUED, changes)


def end_of_waiting(message: Message) -> Transition:
    return Transition(message, State.UNCONFIRMED, {"given_up": True})


# ---- Recording a decision


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
