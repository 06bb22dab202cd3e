"""What happened to a message, oldest first, in plain words: for the admin, a terminal, or whoever else asks.

Plain data, a handful of queries whatever the length of the story, and never the message's text.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_front_sms.gateway.codes import ErrorCode, StatusCode, describe
from django_front_sms.models import (
    AccountMemory,
    Decision,
    DeliveryStatus,
    Event,
    InboundMessage,
    OutboundMessage,
    Outcome,
    SendAttempt,
    Wait,
)
from django_front_sms.states import State

Level = Literal["info", "good", "bad", "warn", "wait"]


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `title` and `detail` are words for people, in the language that is active.

    `ref` names the row that it tells of, as `Event.subject` does ("out:7", "in:7", "event:7"); empty where there is
    none. `by` is the name of the person who did it; empty for machines.
    """

    at: datetime
    kind: str
    title: str
    detail: str = ""
    level: Level = "info"
    by: str = ""
    ref: str = ""


def of_outbound(message: OutboundMessage) -> list[Entry]:
    """The story of an outgoing message. The last entry says what it waits for, or why it ended, where that is not
    plain from the one before it."""
    told = [
        *_beginning(message),
        *_attempts(message),
        *_statuses(message),
        *(_decision(decision, message) for decision in _rows(message, "decisions", "by")),
        *_receivers(f"out:{message.pk}"),
        *(_reply(reply) for reply in _rows(message, "replies", without=("raw", "text"))),
    ]
    told.sort(key=lambda entry: entry.at)  # stable: what happened at the same moment keeps the order above
    return [*told, *_now(message, told)]


def of_inbound(message: InboundMessage) -> list[Entry]:
    """The story of an inbound message: how it came, what was made of it, and what was answered."""
    told = [
        *_arrival(message),
        *_receivers(f"in:{message.pk}"),
        *(_answer(answer) for answer in _rows(message, "answers", "created_by", without=("text",))),
    ]
    told.sort(key=lambda entry: entry.at)
    if message.look_at is not None:
        what = _("Waits until its files are stored") if message.announced else _("Waits for the worker to look at it")
        told.append(Entry(told[-1].at, "waiting", what, level="wait"))
    return told


def standing(message: OutboundMessage, paused: Mapping[str, AccountMemory]) -> Entry | None:
    """What a message waits for, or why it ended; None where its state says it all. It asks the database for nothing:
    `paused` is `paused_accounts()`, read once for many messages."""
    begun = Entry(message.created_at, "queued", "")
    return next(iter(_now(message, [begun], paused)), None)


def paused_accounts() -> dict[str, AccountMemory]:
    """The accounts whose sending is paused, by name."""
    return {memory.account: memory for memory in AccountMemory.objects.filter(paused_at__isnull=False)}


def explain(code: int) -> str:
    """What an error code of Front's means and what to do (§2.2), in the language that is active."""
    if code in ErrorCode.__members__.values():
        return _(describe(code))  # the sentences are collected by `python -m tests.translations`
    return _("Front answered with code %(code)s, which is newer than this package: ask Front.") % {"code": code}


def _rows(message: Any, relation: str, *related: str, without: tuple[str, ...] = ()) -> Any:
    """The rows of a relation; those that the caller prefetched as they are, others with what they refer to."""
    rows = getattr(message, relation).all()
    if relation in getattr(message, "_prefetched_objects_cache", {}):
        return rows
    return rows.select_related(*related).defer(*without) if related else rows.defer(*without)


def _when(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def _who(user: Any) -> str:
    return str(user.get_username()) if user is not None else ""


def _sentence(words: str) -> str:
    words = words.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".") if words else ""


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


# Outgoing: how it began


def _beginning(message: OutboundMessage) -> Iterator[Entry]:
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
    yield Entry(message.created_at, "queued", _("Put in the queue"), origin, by=_who(message.created_by), ref=ref)
    if message.scheduled_at and message.scheduled_at > message.created_at:
        title = _("Scheduled for %(when)s") % {"when": _when(message.scheduled_at)}
        yield Entry(message.created_at, "scheduled", title)


# Outgoing: attempts and their answers


def _attempts(message: OutboundMessage) -> Iterator[Entry]:
    doubtful = False
    for attempt in sorted(_rows(message, "send_attempts"), key=lambda attempt: attempt.number):
        title, level, detail = _result(attempt, doubtful)
        doubtful |= attempt.outcome in (Outcome.AMBIGUOUS, Outcome.LOST) and not attempt.voided
        elsewhere = ""
        if attempt.wire_recipient != message.recipient:
            elsewhere = _("It went to %(number)s instead (RECIPIENT_OVERRIDE).") % {"number": attempt.wire_recipient}
        voided = _("A person set this attempt aside.") if attempt.voided else ""
        title = _("Attempt %(number)s: %(result)s") % {"number": attempt.number, "result": title}
        detail = _sentences(detail, elsewhere, voided, _duration(attempt))
        yield Entry(attempt.claimed_at, "attempt", title, detail, level)


def _result(attempt: SendAttempt, doubtful: bool) -> tuple[str, Level, str]:
    """What came of an attempt: in a few words, how good that is, and more about it. `doubtful`: an earlier attempt of
    the same message may have reached Front."""
    reason = ": ".join(filter(None, [f"HTTP {attempt.http_status}" if attempt.http_status else "", attempt.detail]))
    match attempt.outcome:
        case Outcome.PENDING:
            return _("under way"), "wait", ""
        case Outcome.NOT_SENT:
            return _("nothing was sent"), "warn", _sentence(reason)
        case Outcome.LOST:
            return _("the worker never came back"), "warn", _("It may or may not have reached Front.")
        case Outcome.ANSWERED:
            return _answer_of_front(attempt, doubtful)
    doubt = (
        _("It may or may not have reached Front (%(reason)s).")
        if reason
        else _("It may or may not have reached Front.")
    )
    return _("no clear answer"), "warn", doubt % {"reason": reason}


def _answer_of_front(attempt: SendAttempt, doubtful: bool) -> tuple[str, Level, str]:
    code = attempt.error_code
    if code is None or code == ErrorCode.OK:
        detail = _("Front's id is %(id)s.") % {"id": attempt.gateway_id} if attempt.gateway_id else ""
        return _("Front accepted it"), "info", detail
    if code == ErrorCode.DUPLICATE and doubtful:
        return _("Front has it already (code 17)"), "info", _("The attempt before got through after all.")
    if code == ErrorCode.DUPLICATE:
        return _("Front has an equal message already (code 17)"), "warn", explain(code)
    return _("Front refused it (code %(code)s)") % {"code": code}, "bad", explain(code)


def _duration(attempt: SendAttempt) -> str:
    if attempt.duration is None:
        return ""
    return _("It took %(seconds)s s.") % {"seconds": number_format(attempt.duration, 2)}


# Outgoing: what came back


def _statuses(message: OutboundMessage) -> Iterator[Entry]:
    rows = list(_rows(message, "statuses", without=("raw",)))
    delivered = any(row.status == StatusCode.DELIVERED for row in rows)
    for row in sorted(rows, key=lambda row: (row.received_at, row.pk)):
        title, level, detail = status_in_words(row)
        if row.status == StatusCode.FAILED and delivered:
            detail = _("Front also says that it reached the phone, and that counts.")
        yield Entry(row.received_at, "status", title, _sentences(detail, _sentence(row.problem)), level)


def status_in_words(row: DeliveryStatus) -> tuple[str, Level, str]:
    """A status push (§2.3): in a few words, how good that is, and more about it."""
    match row.status:
        case StatusCode.AT_OPERATOR:
            return _("The operator has it"), "info", ""
        case StatusCode.DELIVERED:
            return _("It reached the phone"), "good", ""
        case StatusCode.FAILED:
            why = _("Most often the number is not in use; now and then the operator has a fault.")
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


def _decision(decision: Decision, message: OutboundMessage) -> Entry:
    titles = {
        Decision.Action.CANCEL: _("Cancelled"),
        Decision.Action.MARK_SENT: _("Marked as sent"),
        Decision.Action.SEND_ANYWAY: _("To be sent anyway"),
        Decision.Action.GIVE_UP: _("Given up"),
    }
    title = titles.get(Decision.Action(decision.action), decision.get_action_display())
    if decision.action == Decision.Action.CANCEL and message.state != State.CANCELLED:
        title = _("Cancelled, though it may have been sent")
    return Entry(decision.at, "decision", title, by=_who(decision.by))


def _receivers(subject: str) -> Iterator[Entry]:
    """Only the events that somebody failed to take: all others would drown the story."""
    trouble = Q(failed=True) | Q(next_at__isnull=False) & ~Q(traceback="")
    for event in Event.objects.filter(trouble, subject=subject).defer("data"):
        # The last line of a traceback begins with the exception's name; what follows may hold personal data.
        error = event.traceback.strip().rpartition("\n")[2].partition(":")[0]
        if event.failed:
            title, level = _("A receiver failed, and is not called again"), "bad"
        else:
            title, level = _("A receiver failed, and will be called again"), "warn"
        attempts = ngettext("%(n)s attempt.", "%(n)s attempts.", event.attempts) % {"n": event.attempts}
        detail = _sentences(f"{event.get_kind_display()}:", error and f"{error}.", attempts)
        yield Entry(event.created_at, "event", title, detail, level, ref=f"event:{event.pk}")  # type: ignore[arg-type]


# Outgoing: where it stands now


def _now(
    message: OutboundMessage, told: list[Entry], paused: Mapping[str, AccountMemory] | None = None
) -> Iterable[Entry]:
    """What it waits for, or why it ended, where the last entry doesn't say that already."""
    last = told[-1]
    if message.state == State.QUEUED:
        yield _waiting(message, last, paused_accounts() if paused is None else paused)
    elif message.state == State.UNCONFIRMED and not message.given_up:
        title = _("Nobody knows whether it was sent: a person must decide")
        detail = _("Ask the recipient, or look in Front's portal. Then mark it as sent, send it anyway, or give it up.")
        yield Entry(last.at, "undecided", title, detail, "warn")
    elif message.state == State.DUPLICATE:
        other = message.duplicate_of_id
        detail = _("Message #%(pk)s says the same to the same number.") % {"pk": other} if other else ""
        yield Entry(last.at, "ended", _("Not sent: it is a duplicate"), detail, ref=f"out:{other}" if other else "")
    elif message.state == State.EXPIRED:
        at = max(last.at, message.expires_at or last.at)
        yield Entry(at, "ended", _("Expired: its time ran out before it could be sent"), level="warn")
    elif message.state == State.CANCELLED and last.kind != "decision":
        yield Entry(last.at, "ended", _("Cancelled: it was not sent"))
    elif message.state == State.REJECTED and not (last.kind == "attempt" and last.level == "bad"):
        yield Entry(last.at, "ended", _("Rejected: it was not sent"), _reason(message), "bad")


def _reason(message: OutboundMessage) -> str:
    if message.error_text:
        return message.error_text
    return explain(message.error_code) if message.error_code is not None else ""


def _waiting(message: OutboundMessage, last: Entry, paused: Mapping[str, AccountMemory]) -> Entry:
    due = message.next_at or message.created_at
    at = max(due, last.at)
    if (memory := paused.get(message.account)) is not None:
        title = _("Waits: sending is paused for account “%(account)s”") % {"account": message.account}
        reason = explain(memory.pause_code) if memory.pause_code is not None else ""
        return Entry(at, "waiting", title, reason, "bad", ref=f"account:{memory.account}")
    when = {"when": _when(due)}
    titles = {
        Wait.SCHEDULE: _("Waits for its time, %(when)s"),
        Wait.TWIN: _("Waits until %(when)s, because an equal message went out a moment ago"),
        Wait.RETRY: _("Waits for the next attempt, at %(when)s"),
    }
    if message.waits_for == Wait.NOTHING or due <= timezone.now():
        title = _("Waits for its turn")
    else:
        title = titles[Wait(message.waits_for)] % when
    limit = _("It expires on %(when)s.") % {"when": _when(message.expires_at)} if message.expires_at else ""
    return Entry(at, "waiting", title, limit, "wait")


# Inbound


def _arrival(message: InboundMessage) -> Iterator[Entry]:
    if message.sent_at:
        yield Entry(message.sent_at, "sent", _("Sent, as Front has it"))
    how = _("Over the %(api)s API.") % {"api": message.get_api_display()}
    count = len(_rows(message, "files"))
    files = ngettext("It has %(n)s file.", "It has %(n)s files.", count) % {"n": count} if count else ""
    yield Entry(message.received_at, "received", _("Front brought it"), _sentences(how, files))
    if message.problem:
        yield Entry(message.received_at, "problem", _("Not all of it could be read"), message.problem, "warn")
    if message.in_reply_to_id:
        title = _("It answers message #%(pk)s") % {"pk": message.in_reply_to_id}
        yield Entry(message.received_at, "reply", title, level="good", ref=f"out:{message.in_reply_to_id}")


def _answer(answer: OutboundMessage) -> Entry:
    title = _("Answered with message #%(pk)s") % {"pk": answer.pk}
    state = answer.get_state_display()
    return Entry(answer.created_at, "answer", title, f"{state}.", "info", _who(answer.created_by), f"out:{answer.pk}")
