"""Alerts as cards for the dashboard: what is wrong, what to do, and the rows with their action buttons.

A card is shown to users who may view its rows, and a button to users who may run its action.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Model, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_front_sms import access, contacts
from django_front_sms.admin.actions import Action, ActionsAdmin
from django_front_sms.admin.badges import briefly, count_in_words, icon, moment, subject_in_words
from django_front_sms.admin.conversations.threads import MOST_COUNTED, spaced, unanswered_in_words
from django_front_sms.admin.conversations.views import VIEW
from django_front_sms.admin.paused_accounts import keep_paused
from django_front_sms.admin.urls import reverse_admin
from django_front_sms.conf import get_settings
from django_front_sms.conversations import Unanswered, oldest_unanswered
from django_front_sms.events.accounts import of_accounts
from django_front_sms.models import AccountState, Event, InboundMessage, OutboundMessage
from django_front_sms.monitoring import alerts
from django_front_sms.monitoring.alerts import Alert
from django_front_sms.signals import send_personal_data_read

SHOWN = 5  # rows on a card, which links to the others
MOST = 10_000  # rows of one kind that are counted


@dataclass(frozen=True)
class Line:
    """A row that needs attention, as one line. `actions`: those that this user may run, with the URLs to post to."""

    words: str
    url: str = ""
    detail: str = ""
    at: Any = ""
    actions: list[tuple[Action, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Card:
    key: str
    level: str
    shape: str
    title: str
    advice: str
    lines: list[Line] = field(default_factory=list)
    more: tuple[str, str] | None = None  # a URL and its label

    @property
    def icon(self) -> Any:
        return icon(self.shape)


class AttentionCards:
    """The cards that one user sees. Rows are queried only for alerts that have any.

    `last_inbound`: when the last inbound message was received; None where there is none, or the user may not see it.
    """

    def __init__(self, request: HttpRequest, site: AdminSite) -> None:
        self._user, self._site, self._request = request.user, site, request
        self._accounts = access.accounts_of(request.user)
        self._shown: dict[type[Model], list[int]] = {}
        self._newest = 0
        self._names: Mapping[str, str] = {}  # of people, by their numbers
        self.last_inbound: datetime | None = None

    def cards(self) -> list[Card]:
        now = timezone.now()
        rows = self._account_states(now)
        accounts = alerts.in_settings(rows)
        keep_paused(self._request, accounts)
        found = alerts.current_up_to(MOST, rows, now, accounts=self._accounts)
        unanswered = self._unanswered_rows()
        unconfirmed = self._unconfirmed_rows() if found["unconfirmed"].count else []
        shown = unanswered[:SHOWN]
        self._names = contacts.labels([*(each.number for each in shown), *(each.recipient for each in unconfirmed)])
        made: Iterable[Card | None] = (
            self._unanswered(unanswered),
            self._worker(alerts.worker(accounts), found["overdue"]),
            self._unconfirmed(found["unconfirmed"].count, unconfirmed),
            self._gaps(found["counter_gaps"].count),
            self._too_large(found["pushes_too_large"].count),
            self._failed_events(found["events_given_up"].count),
            self._unreadable_inbound(found["unreadable_inbound"].count),
            self._unreadable_statuses(found["unreadable_statuses"].count),
            self._without_status(found["without_status"].count),
        )
        return [card for card in made if card is not None]

    def signal_read(self) -> None:
        """Send `personal_data_read` for the rows whose texts or numbers the cards show."""
        for model, keys in self._shown.items():
            send_personal_data_read(self._user, model, keys)

    def _account_states(self, now: datetime) -> list[AccountState]:
        """The states of all accounts; the same query gives the newest inbound message."""
        newest = access.visible(InboundMessage.objects.order_by("-pk"), self._user)
        at, key = Subquery(newest.values("received_at")[:1]), Subquery(newest.values("pk")[:1])
        rows = AccountState.objects.with_waiting().with_overdue(now).order_by("account")
        states: list[Any] = list(rows.annotate(last_inbound=at, newest_inbound=key))
        if states and self.may_see("inboundmessage"):
            self._newest, self.last_inbound = states[0].newest_inbound or 0, states[0].last_inbound
        elif self.may_see("inboundmessage"):  # no worker has made a row yet
            self._newest, self.last_inbound = newest.values_list("pk", "received_at").first() or (0, None)
        return states

    def may_see(self, model: str) -> bool:
        return self._user.has_perm(f"front_sms.view_{model}")

    # Unanswered conversations

    def _unanswered_rows(self) -> Sequence[Unanswered]:
        page = reverse_admin(self._site, "conversation_changelist")
        if not (page and self._newest and self._user.has_perms(VIEW)):
            return ()
        return oldest_unanswered(self._accounts, self._newest, most=MOST_COUNTED)

    def _unanswered(self, rows: Sequence[Unanswered]) -> Card | None:
        if not rows:
            return None
        page = reverse_admin(self._site, "conversation_changelist", query={"show": "unanswered"})
        lines = [self._waiting(row) for row in rows[:SHOWN]]
        self._shown[InboundMessage] = [row.message_id for row in rows[:SHOWN]]
        count = unanswered_in_words(self._accounts, len(rows))
        title = ngettext("%(n)s conversation waits for an answer", "%(n)s conversations wait for an answer", len(rows))
        advice = _("Those who have waited longest come first. Answer them, or mark them as handled.")
        more = (page, _("See all %(n)s") % {"n": count}) if len(rows) > SHOWN else None
        return Card("unanswered", "info", "chat", title % {"n": count}, advice, lines, more)

    def _waiting(self, row: Unanswered) -> Line:
        words = self._person(row.number)
        text = Truncator(" ".join(row.text.split())).chars(80)
        return Line(words, reverse_admin(self._site, "conversation_in", row.message_id), text, moment(row.since))

    def _person(self, number: str) -> str:
        """The name of a person, if the site knows it, and the number."""
        name = self._names.get(number, "")
        return f"{name} ({spaced(number)})" if name else spaced(number)

    # The worker

    def _worker(self, worker: alerts.Worker, overdue: Alert) -> Card | None:
        if worker.is_silent:
            title = _("Messages are not being sent: no worker seems to run")
            seen = _("Last seen: %(when)s") % {"when": briefly(worker.seen_at)} if worker.seen_at else ""
            advice = _("Ask the developers of this site to start one. Nothing is lost: what waits is sent then.")
            return Card("worker", "bad", "plug", title, advice, [Line(seen)] if seen else [])
        if not overdue.count:
            return None
        title = ngettext(
            "%(n)s message has been due for more than five minutes",
            "%(n)s messages have been due for more than five minutes",
            overdue.count,
        )
        advice = _(
            "More messages are queued than are sent. If this lasts, ask the developers of this site to look at "
            "MAX_PER_SECOND and at the number of workers."
        )
        oldest = Line(_("The oldest since %(when)s") % {"when": briefly(overdue.since) if overdue.since else ""})
        more = self._list("outboundmessage", _("See what is queued"), state__exact="queued")
        return Card("overdue", "warn", "hourglass", title % {"n": _shown(overdue.count)}, advice, [oldest], more)

    # Outgoing

    def _unconfirmed_rows(self) -> list[OutboundMessage]:
        return list(access.visible(OutboundMessage.objects.unconfirmed(), self._user).order_by("pk")[:SHOWN])

    def _unconfirmed(self, count: int, rows: Sequence[OutboundMessage]) -> Card | None:
        if not count:
            return None
        title = ngettext(
            "It is not known whether %(n)s message was sent", "It is not known whether %(n)s messages were sent", count
        )
        advice = _("Ask the recipient, or look in Front's portal. Then mark it as sent, send it anyway, or give it up.")
        lines = [self._line(row, self._person(row.recipient), row.shown_text, row.created_at) for row in rows]
        self._shown[OutboundMessage] = [row.pk for row in rows]
        more = self._more(count, "outboundmessage", state__exact="unconfirmed", given_up__exact="0")
        return Card("unconfirmed", "warn", "question", title % {"n": _shown(count)}, advice, lines, more)

    def _without_status(self, count: int) -> Card | None:
        if not count:
            return None
        title = ngettext("%(n)s message has no delivery status", "%(n)s messages have no delivery status", count)
        hours = f"{get_settings().hours_without_status:g}"
        advice = _("None after %(hours)s hours. Is the address for statuses set in Front's portal?") % {"hours": hours}
        more = self._list("outboundmessage", _("See them"), status="missing")
        return Card("without_status", "warn", "clock", title % {"n": _shown(count)}, advice, more=more)

    # Inbound, and receivers

    def _gaps(self, count: int) -> Card | None:
        if not count or not self.may_see("countergap"):
            return None
        title = ngettext("%(n)s gap in Front's counter", "%(n)s gaps in Front's counter", count) % {"n": _shown(count)}
        advice = _(
            "Inbound messages that were not delivered. Look for them in Front's portal, or ask Front by their numbers."
        )
        more = self._list("countergap", _("See which"), open="yes")
        return Card("gaps", "bad", "warning", title, advice, more=more)

    def _too_large(self, count: int) -> Card | None:
        if not count or not self.may_see("refusedpush"):
            return None
        advice = _(
            "See why, and correct the cause. Then restart Front's queue by the link in the notice that Front sent. "
            "Nothing is lost."
        )
        title = _("Front's queue may have stopped: a push was refused")
        return Card(
            "too_large", "bad", "inbox", title, advice, more=self._list("refusedpush", _("See what was refused"))
        )

    def _failed_events(self, count: int) -> Card | None:
        if not count or not self.may_see("event"):
            return None
        events: QuerySet[Event] = Event.objects.failed()
        if self._accounts is not None:
            events = of_accounts(events, self._accounts)
        latest = events.order_by("-pk").defer("data")[:SHOWN]
        lines = [
            self._line(row, row.get_kind_display(), subject_in_words(row.subject), row.created_at) for row in latest
        ]
        title = ngettext("This site could not process %(n)s event", "This site could not process %(n)s events", count)
        advice = _("Ask the developers of this site to correct the cause, then deliver them again.")
        more = self._more(count, "event", failed__exact="1")
        return Card("events", "bad", "plug", title % {"n": _shown(count)}, advice, lines, more)

    def _unreadable_inbound(self, count: int) -> Card | None:
        if not count or not self.may_see("inboundmessage"):
            return None
        title = ngettext(
            "%(n)s message to you could not be read in full", "%(n)s messages to you could not be read in full", count
        )
        advice = _("In the last seven days. What Front sent is kept, and can be read again.")
        more = self._list("inboundmessage", _("See them"), problem="yes", received_at="168")
        return Card("unreadable_inbound", "warn", "file", title % {"n": _shown(count)}, advice, more=more)

    def _unreadable_statuses(self, count: int) -> Card | None:
        if not count or not self.may_see("deliverystatus"):
            return None
        title = ngettext("%(n)s delivery status has a problem", "%(n)s delivery statuses have a problem", count)
        advice = _("In the last seven days. Each says what is wrong with it.")
        more = self._list("deliverystatus", _("See them"), problem="yes", received_at="168")
        return Card("unreadable_statuses", "warn", "tower", title % {"n": _shown(count)}, advice, more=more)

    # Rows

    def _line(self, row: Model, words: str, detail: str, at: datetime) -> Line:
        return Line(words, self._change(row), Truncator(detail).chars(80), moment(at), self._actions_of(row))

    def _actions_of(self, row: Model) -> list[tuple[Action, str]]:
        """The actions on such a row that this user may run."""
        model = type(row)
        model_admin = self._site.get_model_admin(model) if self._site.is_registered(model) else None
        if not isinstance(model_admin, ActionsAdmin):
            return []
        main = (action for action in model_admin.offered_actions(self._request, row) if action.main)
        name = f"{model._meta.model_name}_action"
        return [(action, reverse_admin(self._site, name, row.pk, action.name)) for action in main]

    def _list(self, model: str, words: str, **filters: str) -> tuple[str, str] | None:
        address = reverse_admin(self._site, f"{model}_changelist", query=filters)
        return (address, words) if address else None

    def _more(self, count: int, model: str, **filters: str) -> tuple[str, str] | None:
        return self._list(model, _("See all %(n)s") % {"n": _shown(count)}, **filters) if count > SHOWN else None

    def _change(self, row: Model) -> str:
        return reverse_admin(self._site, f"{row._meta.model_name}_change", row.pk)


def _shown(count: int) -> str:
    return count_in_words(count, MOST)
