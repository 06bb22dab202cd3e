"""The timeline of an outgoing message."""

from collections.abc import Iterable, Iterator, Mapping

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from django_front_sms.gateway.codes import ErrorCode, StatusCode
from django_front_sms.models import AccountState, Decision, DeliveryStatus, InboundMessage, OutboundMessage, SendAttempt
from django_front_sms.states import State
from django_front_sms.timeline.delays import Span, delay_entries, under_way
from django_front_sms.timeline.entry import Entry, Level, explain, is_read, rows_of, sentence, sentences, when, who
from django_front_sms.timeline.problems import problem, reason, reason_in_full
from django_front_sms.timeline.reasons import current_status
from django_front_sms.timeline.receivers import receivers


def of_outbound(message: OutboundMessage, paused: Mapping[str, AccountState] | None = None) -> list[Entry]:
    """The timeline of an outgoing message.

    Its last entry is what the message waits for, or why it ended, unless the previous entry shows it. `paused` is
    `paused_accounts()`, if the caller has read it.
    """
    attempts = sorted(rows_of(message, "send_attempts"), key=lambda attempt: attempt.number)
    during = under_way(message, attempts)
    decisions, resumes = _decisions(message, during)
    entries = [
        *_origin(message),
        *delay_entries(message, attempts, during, resumes),
        *_attempts(message, attempts),
        *_statuses(message),
        *(_decision(decision, message) for decision in decisions),
        *receivers(f"out:{message.pk}"),
        *(_reply(reply) for reply in rows_of(message, "replies", without=("raw", "text"))),
    ]
    entries.sort(key=lambda entry: entry.at)  # stable: entries of the same moment keep the order above
    status = current_status(message, entries[-1], paused)
    return entries if status is None else [*entries, status]


# Its origin


def _origin(message: OutboundMessage) -> Iterator[Entry]:
    origin = ""
    again = message.metadata.get("resend_of") if isinstance(message.metadata, dict) else None
    ref = ""
    if again is not None:
        origin, ref = _("The same as message #%(pk)s, once more.") % {"pk": again}, f"out:{again}"
    elif message.reply_to_id:
        ref = f"in:{message.reply_to_id}"
        origin = _("As an answer to inbound message #%(pk)s.") % {"pk": message.reply_to_id}
    elif message.bulk_id:
        origin = _("As part of bulk send #%(pk)s.") % {"pk": message.bulk_id}
    yield Entry(message.created_at, "queued", _("Put in the queue"), origin, by=who(message.created_by), ref=ref)
    if message.scheduled_at and message.scheduled_at > message.created_at:
        title = _("Scheduled for %(when)s") % {"when": when(message.scheduled_at)}
        yield Entry(message.created_at, "scheduled", title)


# Attempts and their answers


def _attempts(message: OutboundMessage, attempts: Iterable[SendAttempt]) -> Iterator[Entry]:
    doubtful = False
    for attempt in attempts:
        title, level, detail = _result(attempt, doubtful)
        doubtful |= attempt.outcome in (SendAttempt.Outcome.AMBIGUOUS, SendAttempt.Outcome.LOST) and not attempt.voided
        elsewhere = override = ""
        if attempt.wire_recipient != message.recipient:
            elsewhere = _("It went to %(number)s instead.") % {"number": attempt.wire_recipient}
            override = _("RECIPIENT_OVERRIDE is set.")
        voided = _("A person set this attempt aside.") if attempt.voided else ""
        title = _("Attempt %(number)s: %(result)s") % {"number": attempt.number, "result": title}
        technical = sentences(override, _front_id(attempt), sentence(reason_in_full(attempt)), _duration(attempt))
        detail = sentences(detail, elsewhere, voided)
        yield Entry(attempt.claimed_at, "attempt", title, detail, level, technical=technical)


def _result(attempt: SendAttempt, doubtful: bool) -> tuple[str, Level, str]:
    """The title, level and detail of an attempt's result. `doubtful`: an earlier attempt of the same message may have
    reached Front."""
    why = reason(attempt)
    match attempt.outcome:
        case SendAttempt.Outcome.PENDING:
            return _("under way"), "wait", ""
        case SendAttempt.Outcome.NOT_SENT:
            return _("nothing was sent"), "warn", sentence(why)
        case SendAttempt.Outcome.LOST:
            return _("the worker stopped"), "warn", _("It may or may not have reached Front.")
        case SendAttempt.Outcome.ANSWERED:
            return _answer_of_front(attempt, doubtful)
    doubt = (
        _("It may or may not have reached Front (%(reason)s).") if why else _("It may or may not have reached Front.")
    )
    return _("no clear answer"), "warn", doubt % {"reason": why}


def _answer_of_front(attempt: SendAttempt, doubtful: bool) -> tuple[str, Level, str]:
    code = attempt.error_code
    if code is None or code == ErrorCode.OK:
        return _("Front accepted it"), "info", ""
    if code == ErrorCode.DUPLICATE and doubtful:
        return _("Front has it already (code 17)"), "info", _("The attempt before reached Front after all.")
    if code == ErrorCode.DUPLICATE:
        return _("Front has an equal message already (code 17)"), "warn", explain(code)
    return _("Front refused it (code %(code)s)") % {"code": code}, "bad", explain(code)


def _front_id(attempt: SendAttempt) -> str:
    return _("Front's id is %(id)s.") % {"id": attempt.gateway_id} if attempt.gateway_id else ""


def _duration(attempt: SendAttempt) -> str:
    if attempt.duration is None:
        return ""
    return _("It took %(seconds)s s.") % {"seconds": number_format(attempt.duration, 2)}


# Statuses and replies


def _statuses(message: OutboundMessage) -> Iterator[Entry]:
    rows = list(rows_of(message, "statuses", without=("raw",)))
    delivered = any(row.status == StatusCode.DELIVERED for row in rows)
    for row in sorted(rows, key=lambda row: (row.received_at, row.pk)):
        title, level, detail = status_in_words(row)
        if row.status == StatusCode.FAILED and delivered:
            detail = _("Front also says that it reached the phone, and that counts.")
        yield Entry(row.received_at, "status", title, sentences(detail, sentence(problem(row.problem))), level)


def status_in_words(row: DeliveryStatus) -> tuple[str, Level, str]:
    """The title, level and detail of a status push (§2.3)."""
    match row.status:
        case StatusCode.AT_OPERATOR:
            return _("The operator has it"), "info", ""
        case StatusCode.DELIVERED:
            return _("It reached the phone"), "good", ""
        case StatusCode.FAILED:
            why = _("Most often the number is not in use; sometimes the operator has a fault.")
            return _("It did not reach the phone"), "bad", why
        case None:
            return _("Front sent a status that cannot be read"), "warn", ""
    unknown = _("Front sent status %(status)s, which is newer than this package") % {"status": row.status}
    return unknown, "warn", ""


def _reply(reply: InboundMessage) -> Entry:
    title = _("The recipient answered")
    return Entry(reply.received_at, "reply", title, _inbound(reply.pk), "good", ref=f"in:{reply.pk}")


def _inbound(pk: int) -> str:
    return _("Inbound message #%(pk)s.") % {"pk": pk}


def _decisions(message: OutboundMessage, during: Span | None) -> tuple[list[Decision], list[Decision]]:
    """The decisions about the message, and those that resumed its account while it waited; one query."""
    if during is None or is_read(message, "decisions"):
        resumes = Decision.objects.resumes(message.account, during).select_related("by") if during else ()
        return list(rows_of(message, "decisions", "by")), list(resumes)
    either = Decision.objects.filter(message=message) | Decision.objects.resumes(message.account, during)
    rows = list(either.order_by("pk").select_related("by"))
    return [row for row in rows if row.message_id], [row for row in rows if not row.message_id]


def _decision(decision: Decision, message: OutboundMessage) -> Entry:
    titles = {
        Decision.Action.CANCEL: _("Stopped"),
        Decision.Action.MARK_SENT: _("Marked as sent"),
        Decision.Action.SEND_ANYWAY: _("To be sent anyway"),
        Decision.Action.GIVE_UP: _("Given up"),
    }
    title = titles.get(Decision.Action(decision.action), decision.get_action_display())
    if decision.action == Decision.Action.CANCEL and message.state != State.CANCELLED:
        title = _("Stopped, though it may have been sent")
    return Entry(decision.at, "decision", title, by=who(decision.by))
