"""How the site's own code fared with what it was told of a message."""

from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_front_sms.models import Event
from django_front_sms.timeline.entry import Entry, sentences


def receivers(subject: str) -> Iterator[Entry]:
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
        detail = sentences(f"{event.get_kind_display()}:", error and f"{error}.", attempts)
        yield Entry(event.created_at, "event", title, detail, level, ref=f"event:{event.pk}")  # type: ignore[arg-type]
