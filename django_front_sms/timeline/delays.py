"""Why a message was sent later than it was due, for delays of at least `LONG`."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from django_front_sms.conf import get_settings
from django_front_sms.models import Decision, Event, OutboundMessage, SendAttempt
from django_front_sms.states import State
from django_front_sms.timeline.entry import Entry, explain, until, who
from django_front_sms.timeline.reasons import rate_limit_in_words

LONG = timedelta(seconds=30)  # shorter delays are retries, or a lost hint


Span = tuple[datetime, datetime]


def under_way(message: OutboundMessage, attempts: Sequence[SendAttempt]) -> Span | None:
    """The span from the due time to the last attempt, or to now for a queued message; None if shorter than `LONG`."""
    since = _due(message)
    last = attempts[-1].claimed_at if attempts else since
    end = timezone.now() if message.state == State.QUEUED else last
    return (since, end) if end - since > LONG else None


def delay_entries(
    message: OutboundMessage, attempts: Sequence[SendAttempt], during: Span | None, resumes: Iterable[Decision]
) -> Iterator[Entry]:
    """The reasons for a delay up to the last attempt, or up to now: pauses of the account, an equal message, the queue.

    `during`: the span given by `under_way`; `resumes`: the decisions that ended a pause within it.
    """
    since = _due(message)
    pauses = list(_pauses(message.account, during, resumes)) if during else []
    yield from pauses
    if attempts and attempts[0].claimed_at - since > LONG:
        first = attempts[0].claimed_at
        twin = _twin(message, attempts[0], since)
        if twin is not None:
            title = _("Waited until %(when)s, because an equal message went out before") % {"when": until(first, since)}
            yield Entry(max(since, twin.claimed_at), "waiting", title, ref=f"out:{twin.message_id}")
        elif not pauses:
            title = _("Waited for its turn until %(when)s") % {"when": until(first, since)}
            yield Entry(since, "waiting", title, rate_limit_in_words(message.account))


def _due(message: OutboundMessage) -> datetime:
    return max(message.created_at, message.scheduled_at or message.created_at)


def _pauses(account: str, during: Span, resumes: Iterable[Decision]) -> Iterator[Entry]:
    paused = Event.objects.filter(subject=f"account:{account}", kind=Event.Kind.SENDING_PAUSED)
    for event in paused.filter(created_at__range=during).order_by("pk"):
        code = event.data.get("error_code")
        title = _("Sending was paused for account “%(account)s”") % {"account": account}
        yield Entry(event.created_at, "paused", title, "" if code is None else explain(code), "warn")
    for decision in resumes:
        title = _("Sending was resumed for account “%(account)s”") % {"account": account}
        yield Entry(decision.at, "decision", title, by=who(decision.by))


def _twin(message: OutboundMessage, first: SendAttempt, since: datetime) -> SendAttempt | None:
    """The attempt of an equal message whose duplicate window held this one back."""
    near = (since - get_settings().twin_gap, first.claimed_at)
    others = SendAttempt.objects.filter(twin_key=first.twin_key, claimed_at__range=near).exclude(message=message)
    return others.exclude(outcome=SendAttempt.Outcome.NOT_SENT).order_by("claimed_at").last()
