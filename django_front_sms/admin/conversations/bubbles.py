"""The messages of a conversation as bubbles: inbound ones on the left, outbound ones with their state on the right."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_front_sms.admin.badges import icon, state_badge
from django_front_sms.admin.conversations import mms
from django_front_sms.admin.urls import reverse_admin
from django_front_sms.conversations import Message, written_at
from django_front_sms.db.digest import digest
from django_front_sms.inbox import files_of
from django_front_sms.models import AccountState, InboundMessage, OutboundMessage
from django_front_sms.timeline import status_without_timeline

LATE = timedelta(minutes=5)  # a message under way for longer than this gets a note


def name(message: Message) -> str:
    """`o12` or `i12`: a message of either direction, within its conversation."""
    return f"{'o' if isinstance(message, OutboundMessage) else 'i'}{message.pk}"


def version(message: Message, paused: Mapping[str, AccountState]) -> str:
    """A digest that changes whenever the bubble would look different."""
    facts: list[Any]
    if isinstance(message, OutboundMessage):
        due = message.next_at is None or message.next_at <= timezone.now()
        pause = paused[message.account].pause_code if message.account in paused else ""
        facts = [message.state, message.given_up, message.error_code, message.error_text, message.gateway_id is None]
        facts += [message.waits_for, message.next_at, due, pause, message.duplicate_of_id]
    else:
        facts = [
            message.problem,
            message.text,
            message.opt_out_intent,
            [(file.pk, bool(file.file)) for file in files_of(message)],
        ]
    return digest(*map(repr, facts))[:8]


def bubbles(request: HttpRequest, rows: Iterable[Message], paused: Mapping[str, AccountState]) -> list[dict[str, Any]]:
    """The template context of each message. The first message of a day has the name of the day."""
    shown = []
    day: date | None = None
    for message in rows:
        at = timezone.localtime(written_at(message))
        side = _ours(request, message, paused) if isinstance(message, OutboundMessage) else _theirs(request, message)
        shown.append(
            {
                "name": name(message),
                "version": version(message, paused),
                "message": message,
                "text": message.shown_text if isinstance(message, OutboundMessage) else message.text,
                "at": at,
                "exact": at.isoformat(sep=" ", timespec="milliseconds"),
                "clock": f"{at:%H:%M}",
                "number": _("message #%(pk)s") % {"pk": message.pk},
                "new_day": at.date() != day,
                **side,
            }
        )
        day = at.date()
    return shown


def _ours(request: HttpRequest, message: OutboundMessage, paused: Mapping[str, AccountState]) -> dict[str, Any]:
    return {
        "ours": True,
        "url": reverse_admin(request, "outboundmessage_change", message.pk),
        "badge": state_badge(message),
        "length": ngettext("%(n)s SMS", "%(n)s SMS", message.segments) % {"n": message.segments},
        "by": message.created_by.get_username() if message.created_by else "",
        "why": status_without_timeline(message, paused),
    }


def _theirs(request: HttpRequest, message: InboundMessage) -> dict[str, Any]:
    late = message.sent_at is not None and message.received_at - message.sent_at > LATE
    return {
        "ours": False,
        "url": reverse_admin(request, "inboundmessage_change", message.pk),
        "mms": mms.shown(request, message) if files_of(message) else {},
        "sent_at": timezone.localtime(message.sent_at) if late and message.sent_at else None,
        "warning": icon("warning"),
    }


def in_short(message: Any) -> dict[str, Any]:
    """A message in one line, for the list of conversations; of files it needs no more than `file_count`."""
    at = timezone.localtime(written_at(message))
    text = " ".join((message.shown_text if isinstance(message, OutboundMessage) else message.text)[:200].split())
    if isinstance(message, OutboundMessage):
        return {"at": at, "when": _briefly(at), "text": text, "ours": True, "badge": state_badge(message)}
    count = message.file_count
    files = ngettext("%(n)s file", "%(n)s files", count) % {"n": count} if count else ""
    return {
        "at": at,
        "when": _briefly(at),
        "text": text or files or _("no text"),
        "ours": False,
        "files": icon("picture") if count else "",
    }


def _briefly(at: datetime) -> str:
    """The time for today, the day for this year, otherwise the date."""
    today = timezone.localdate()
    if at.date() == today:
        return at.strftime("%H:%M")
    return date_format(at, "MONTH_DAY_FORMAT" if at.year == today.year else "SHORT_DATE_FORMAT")
