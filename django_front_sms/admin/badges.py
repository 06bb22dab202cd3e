"""States, steps and times as HTML. Each colour comes with a shape, and with words for screen readers."""

from datetime import datetime
from functools import cache
from typing import Any

from django.contrib.admin import AdminSite
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms.admin.urls import reverse_admin
from django_front_sms.models import OutboundMessage
from django_front_sms.states import State, in_words
from django_front_sms.timeline import Entry

# Drawn for this app on a grid of 16; they take the colour of the text.
_SHAPES = {
    "check": '<path d="M3 8.5l3.2 3.2L13 5"/>',
    "chat": '<path d="M2 3h12v8H7l-3 3v-3H2z"/>',
    "clock": '<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.5 1.5"/>',
    "copy": '<rect x="5.5" y="5.5" width="8" height="8" rx="1"/><path d="M10.5 5.5v-3h-8v8h3"/>',
    "cross": '<path d="M4 4l8 8M12 4l-8 8"/>',
    "file": '<path d="M4 1.5h5l3 3v10H4zM9 1.5v3h3"/>',
    "film": '<rect x="1.5" y="3" width="13" height="10" rx="1.5"/><path d="M6.5 6v4l3.5-2z"/>',
    "hourglass": '<path d="M4 2h8M4 14h8M5 2v2.5L8 8l3-3.5V2M5 14v-2.5L8 8l3 3.5V14"/>',
    "inbox": '<path d="M2 9.5h3.5l1 2h3l1-2H14M2 9.5V13h12V9.5L11.5 3h-7z"/>',
    "pause": '<path d="M5.5 3v10M10.5 3v10"/>',
    "person": '<circle cx="8" cy="5" r="2.7"/><path d="M2.8 14c.4-3 2.5-4.5 5.2-4.5s4.8 1.5 5.2 4.5"/>',
    "phone": '<rect x="4.5" y="1.5" width="7" height="13" rx="1.5"/><path d="M7 12.2h2"/>',
    "picture": '<path d="M2 3h12v10H2zM2 11l3.5-4 3 3 2-2 3.5 3"/>',
    "plane": '<path d="M14 2L7 9M14 2L9.5 14 7 9 2 6.5z"/>',
    "plug": '<path d="M5.5 2v4M10.5 2v4M3.5 6h9v2a4.5 4.5 0 0 1-9 0zM8 12.5V15"/>',
    "question": '<path d="M4.6 5a3.4 3.2 0 1 1 5.1 2.9C8.4 8.7 8 9.3 8 10.5M8 13.9v.1"/>',
    "slash": '<circle cx="8" cy="8" r="6"/><path d="M3.8 3.8l8.4 8.4"/>',
    "sound": '<path d="M2 6v4h2.5L8 13V3L4.5 6zM10.5 5.5a3.5 3.5 0 0 1 0 5M12.5 3.5a6.3 6.3 0 0 1 0 9"/>',
    "tower": '<circle cx="8" cy="5" r="1.4"/><path d="M8 6.5V14M5.5 14h5M4.6 8a4 4 0 0 1 0-6M11.4 2a4 4 0 0 1 0 6"/>',
    "warning": '<path d="M8 2.2l6.5 11.3h-13zM8 6.5v3M8 11.5v.1"/>',
}

_STATES = {  # level, shape
    State.QUEUED: ("wait", "clock"),
    State.SENDING: ("wait", "plane"),
    State.SENT: ("info", "plane"),
    State.AT_OPERATOR: ("info", "tower"),
    State.DELIVERED: ("good", "check"),
    State.UNDELIVERED: ("bad", "cross"),
    State.REJECTED: ("bad", "slash"),
    State.UNCONFIRMED: ("warn", "question"),
    State.DUPLICATE: ("off", "copy"),
    State.CANCELLED: ("off", "slash"),
    State.EXPIRED: ("off", "hourglass"),
}

_KINDS = {
    "queued": "inbox",
    "scheduled": "clock",
    "decision": "person",
    "event": "plug",
    "reply": "chat",
    "answer": "chat",
    "received": "inbox",
    "sent": "phone",
    "waiting": "clock",
    "paused": "pause",
}
_LEVELS = {"good": "check", "bad": "cross", "warn": "warning", "wait": "clock"}

# The four places on the way; for each state, how many of them the message has passed, and the style of the next.
STEPS = (gettext_lazy("our queue"), gettext_lazy("Front"), gettext_lazy("the operator"), gettext_lazy("the phone"))
_REACHED = {
    State.QUEUED: (0, "wait"),
    State.SENDING: (1, "wait"),
    State.SENT: (2, ""),
    State.AT_OPERATOR: (3, ""),
    State.DELIVERED: (4, ""),
    State.UNDELIVERED: (3, "bad"),
    State.REJECTED: (1, "bad"),
    State.UNCONFIRMED: (1, "warn"),
    State.DUPLICATE: (1, "off"),
    State.CANCELLED: (0, "off"),
    State.EXPIRED: (0, "off"),
}


@cache
def icon(shape: str) -> SafeString:
    body = mark_safe(_SHAPES[shape])  # noqa: S308  (our own drawing)
    return format_html('<svg class="fs-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">{}</svg>', body)


def badge(level: str, shape: str, words: object) -> SafeString:
    return format_html('<span class="fs-badge fs-{}">{}{}</span>', level, icon(shape), words)


def state_badge(message: OutboundMessage) -> SafeString:
    level, shape = _STATES[State(message.state)]
    words = _("given up") if message.state == State.UNCONFIRMED and message.given_up else in_words(message.state)
    return badge(level, shape, words)


def steps(message: OutboundMessage) -> SafeString:
    """How far a message got, as four dots and in words."""
    reached, then = _REACHED[State(message.state)]
    dots = ["on"] * reached + ([then] if then else [])
    dots += [""] * (len(STEPS) - len(dots))
    words = _("%(n)s of %(all)s: %(state)s") % {"n": reached, "all": len(STEPS), "state": in_words(message.state)}
    if message.state == State.SENT and message.gateway_id is None:
        dots[2:] = ["blind", "blind"]
        words = _("Front has it; without Front's id it cannot be followed further")
    title = "\n".join([words, *_times(message)])
    return format_html(
        '<span class="fs-steps" role="img" aria-label="{}" title="{}">{}</span>', words, title, _marks(tuple(dots))
    )


@cache
def _marks(dots: tuple[str, ...]) -> SafeString:
    return format_html_join("", '<i class="fs-step {}"></i>', ((f"fs-step-{dot}" if dot else "",) for dot in dots))


def state_and_steps(message: OutboundMessage) -> SafeString:
    return format_html("{}<br>{}", state_badge(message), steps(message))


def _times(message: OutboundMessage) -> list[str]:
    """The times of the row, to the millisecond, in words."""
    due = message.next_at if message.state == State.QUEUED else None
    known = (
        (gettext_lazy("created"), message.created_at),
        (gettext_lazy("due"), due),
        (gettext_lazy("sent"), message.sent_at),
        (gettext_lazy("delivered"), message.delivered_at),
    )
    times = [f"{words}: {_exact(timezone.localtime(at))}" for words, at in known if at is not None]
    return [*times, f"{_('waits for')}: {message.get_waits_for_display()}"] if due and message.waits_for else times


def _exact(local: datetime) -> str:
    return local.isoformat(sep=" ", timespec="milliseconds")


def count_in_words(count: int, most: int) -> str:
    """A number of rows that were counted up to `most`, such as `7` or `10,000+`."""
    return str(count) if count <= most else f"{number_format(most, force_grouping=True)}+"


def short(text: str) -> SafeString:
    """The start of a text for a list, in the direction that the text is written in."""
    return format_html("<bdi>{}</bdi>", Truncator(text).chars(60))


def briefly(at: datetime) -> str:
    """A time as lists have it, as plain text: the clock, and the date unless it is today."""
    local = timezone.localtime(at)
    clock = f"{local:%H:%M}"
    return clock if local.date() == timezone.localdate() else f"{date_format(local, 'SHORT_DATE_FORMAT')} {clock}"


def moment(at: Any) -> SafeString | str:
    """A time for a list: the clock, and the date unless it is today; exact in the markup and the tooltip."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{}"><span>{}</span> <span>{}</span></time>',
        local.isoformat(),
        _exact(local),
        "" if local.date() == timezone.localdate() else date_format(local, "SHORT_DATE_FORMAT"),
        local.strftime("%H:%M"),
    )


def moment_in_full(at: datetime) -> SafeString:
    """A time for a page: the day in words and the clock, exact in the markup."""
    local = timezone.localtime(at)
    words = f"{date_format(local, 'DATE_FORMAT')} {local:%H:%M:%S}"
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), _exact(local), words)


def timeline_context(entries: list[Entry], site: AdminSite) -> dict[str, Any]:
    """Timeline entries for the templates, each with its icon, day and link, and those with technical details again."""
    rows = _timeline_rows(entries, site)
    return {"timeline": rows, "technical_rows": [row for row in rows if row["entry"].technical]}


def _timeline_rows(entries: list[Entry], site: AdminSite) -> list[dict[str, Any]]:
    rows = []
    for entry in entries:
        local = timezone.localtime(entry.at)
        shape = _shape(entry)
        rows.append(
            {
                "entry": entry,
                "icon": icon(shape),
                "day": local.date(),
                "at": local,
                "exact": _exact(local),
                "quiet": entry.kind == "event" and entry.level == "info",
                "url": reverse_ref(entry.ref, site),
            }
        )
    return rows


def _shape(entry: Entry) -> str:
    if entry.kind in ("attempt", "status") and entry.level == "info":
        return "plane" if entry.kind == "attempt" else "tower"
    if entry.kind == "status" and entry.level == "good":
        return "check"
    if entry.kind == "waiting" and entry.level == "bad":
        return "pause"
    return _KINDS.get(entry.kind) or _LEVELS.get(entry.level, "slash")


def subject_in_words(subject: str) -> str:
    """What an `Event.subject` is about, such as `message #7`."""
    kind, _colon, key = subject.partition(":")
    words = {
        "out": _("message #%(key)s"),
        "in": _("inbound message #%(key)s"),
        "status": _("delivery status #%(key)s"),
        "account": _("account “%(key)s”"),
    }
    return words[kind] % {"key": key} if kind in words else subject


def reverse_ref(ref: str, site: AdminSite) -> str:
    """The address of the page of `Entry.ref` or `Event.subject` on the admin site; empty if there is none."""
    kind, _colon, pk = ref.partition(":")
    if kind == "account":
        return reverse_admin(site, "accountstate_changelist")
    model = {"out": "outboundmessage", "in": "inboundmessage", "event": "event"}.get(kind)
    return reverse_admin(site, f"{model}_change", pk) if model and pk else ""


def as_text(raw: bytes | memoryview, length: int) -> str:
    """Bytes from outside as text for a page: bytes that are not UTF-8 become escapes, and a cut is noted.

    `length`: how many bytes there are in all.
    """
    shown = bytes(raw).decode("utf-8", errors="backslashreplace")
    if len(raw) < length:
        return _("%(shown)s … (%(length)s bytes in all)") % {"shown": shown, "length": length}
    return shown
