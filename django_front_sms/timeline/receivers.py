"""The events of a message: which receivers of the site processed them, and which failed."""

from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_front_sms.models import Event
from django_front_sms.states import State
from django_front_sms.timeline.entry import Entry, Level, sentences


def receivers(subject: str) -> Iterator[Entry]:
    """The events that receivers processed or failed to process; skips pending events, and events without receivers."""
    is_over_or_failed = Q(next_at__isnull=True) | ~Q(traceback="")
    for event in Event.objects.filter(is_over_or_failed, subject=subject).order_by("pk"):
        if event.failed or event.next_at is not None:
            yield _trouble(event)
        elif event.delivered_to:
            title = _("Reported to the site: %(what)s") % {"what": _event_in_words(event)}
            names = ", ".join(str(name) for name in event.delivered_to)
            technical = _("Processed by %(receivers)s.") % {"receivers": names}
            yield Entry(event.created_at, "event", title, ref=f"event:{event.pk}", technical=technical)


def _trouble(event: Event) -> Entry:
    attempts = ngettext("%(n)s attempt.", "%(n)s attempts.", event.attempts) % {"n": event.attempts}
    technical = sentences(event.error and f"{event.error}.", attempts)
    what = {"what": _event_in_words(event)}
    if event.failed:
        level: Level = "bad"
        title = _("This site could not process it: %(what)s") % what
        detail = _("It is not tried again by itself. Ask the developers of this site to correct the cause.")
    else:
        level, title = "warn", _("This site could not process it yet: %(what)s") % what
        detail = _("It will be tried again.")
    return Entry(event.created_at, "event", title, detail, level, ref=f"event:{event.pk}", technical=technical)


def _event_in_words(event: Event) -> str:
    """The kind of an event in words, without its other data, which may be personal."""
    new = event.data.get("new") if isinstance(event.data, dict) else None
    if event.kind == Event.Kind.STATE_CHANGED and new in State.values:
        return _("it is %(state)s") % {"state": State(new).label}
    return event.get_kind_display()
