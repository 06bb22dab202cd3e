"""The timeline of an inbound message."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_front_sms.models import InboundMessage, OutboundMessage
from django_front_sms.states import in_words
from django_front_sms.timeline.entry import Entry, rows_of, who
from django_front_sms.timeline.problems import problem
from django_front_sms.timeline.receivers import receivers


def of_inbound(message: InboundMessage) -> list[Entry]:
    """The timeline of an inbound message: its arrival, its receivers, and the answers to it."""
    entries = [
        *_arrival(message),
        *receivers(f"in:{message.pk}"),
        *(_answer(answer) for answer in rows_of(message, "answers", "created_by", without=("text",))),
    ]
    entries.sort(key=lambda entry: entry.at)
    if message.process_at is not None:
        what = _("Waits until its files are stored") if message.announced else _("Waits until it is processed")
        entries.append(Entry(entries[-1].at, "waiting", what, level="wait"))
    return entries


def _arrival(message: InboundMessage) -> Iterator[Entry]:
    if message.sent_at:
        yield Entry(message.sent_at, "sent", _("Sent, by Front's clock"))
    count = len(rows_of(message, "files"))
    files = ngettext("It has %(n)s file.", "It has %(n)s files.", count) % {"n": count} if count else ""
    technical = _("Over the %(api)s API.") % {"api": message.get_api_display()}
    yield Entry(message.received_at, "received", _("Received from Front"), files, technical=technical)
    if message.problem:
        yield Entry(message.received_at, "problem", _("Not all of it could be read"), problem(message.problem), "warn")
    if message.in_reply_to_id:
        title = _("It answers message #%(pk)s") % {"pk": message.in_reply_to_id}
        yield Entry(message.received_at, "reply", title, level="good", ref=f"out:{message.in_reply_to_id}")


def _answer(answer: OutboundMessage) -> Entry:
    title = _("Answered with message #%(pk)s") % {"pk": answer.pk}
    state = in_words(answer.state)
    return Entry(answer.created_at, "answer", title, f"{state}.", "info", who(answer.created_by), f"out:{answer.pk}")
