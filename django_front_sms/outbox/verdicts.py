"""From a verdict to a transition. Pure functions: nothing is read or written.

A message may have changed since the attempt, so its present state decides, too:

  present state  verdict                                 transition
  -------------  --------------------------------------  ---------------------------------------------------
  sending        any                                     as the verdict
  queued         queued, with the same `risk_at`         none: the due time stays
  queued         any other                               as the verdict
  unconfirmed    unconfirmed, or any with a `risk_at`    none: the doubt remains
  unconfirmed    queued; a person cancelled or gave up   cancelled, or none while another attempt is in doubt
  unconfirmed    any other                               as the verdict
  sent, no id    any with an id                          as the verdict: the id is added
  sent, no id    queued                                  as the verdict: code 17 proves nothing any more …
  sent, no id    rejected                                queued until the twin's window ends, for one more answer
  sent, no id    one of these two; a person said "sent"  none
  any other      any                                     none
"""

from collections.abc import Sequence
from datetime import datetime

from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.models import Wait
from django_front_sms.outbox.records import Attempt, Message
from django_front_sms.outbox.rules import Verdict, evaluate, leaves_doubt
from django_front_sms.outbox.transitions import Transition
from django_front_sms.states import State


def transition_for(
    message: Message,
    attempts: Sequence[Attempt],
    account: Account,
    conf: FrontSMSSettings,
    now: datetime,
    *,
    is_taken_back: bool,
) -> Transition | None:
    """The transition that follows from the attempts of `message`; None if nothing does. `is_taken_back`: the latest
    decision of a person was to cancel it, or to give it up."""
    verdict = evaluate(message, attempts, account, conf, now)
    match message.state:
        case State.SENDING:
            return _as_verdict(message, verdict)
        case State.QUEUED:
            return _from_queued(message, verdict)
        case State.UNCONFIRMED:
            return _from_unconfirmed(message, verdict, attempts, is_taken_back=is_taken_back)
        case State.SENT:
            return _from_sent(message, verdict, attempts, now + conf.twin_gap)
        case _:
            return None


def _from_queued(message: Message, verdict: Verdict) -> Transition | None:
    if verdict.state == State.QUEUED and verdict.risk_at == message.risk_at:
        return None
    return _as_verdict(message, verdict)


def _from_unconfirmed(
    message: Message, verdict: Verdict, attempts: Sequence[Attempt], *, is_taken_back: bool
) -> Transition | None:
    if verdict.state == State.UNCONFIRMED or verdict.risk_at is not None:
        return None
    if verdict.state == State.QUEUED and is_taken_back:
        return None if leaves_doubt(attempts) else Transition(message, State.CANCELLED, {"risk_at": None})
    return _as_verdict(message, verdict)


def _from_sent(
    message: Message, verdict: Verdict, attempts: Sequence[Attempt], window_ends: datetime
) -> Transition | None:
    if message.gateway_id is not None:
        return None
    if verdict.gateway_id is not None:
        return _as_verdict(message, verdict)
    is_decided_by_person = all(attempt.voided for attempt in attempts)
    if verdict.state not in (State.QUEUED, State.REJECTED) or is_decided_by_person:
        return None
    if verdict.state == State.REJECTED:
        changes = {"next_at": window_ends, "waits_for": Wait.TWIN}
        return Transition(message, State.QUEUED, verdict.changes() | changes)
    return _as_verdict(message, verdict)


def _as_verdict(message: Message, verdict: Verdict) -> Transition:
    return Transition(message, verdict.state, verdict.changes())
