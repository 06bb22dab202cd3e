"""What needs a person, as cards for the dashboard: what it is, what to do, and the rows with the buttons that do it.

Each is shown to those who may see its rows, and each button to those who may press it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_front_sms import access
from django_front_sms.admin.actions import Action, ActionsAdmin
from django_front_sms.admin.badges import icon, moment
from django_front_sms.admin.urls import reverse_admin
from django_front_sms.conf import get_settings
from django_front_sms.events.accounts import of_accounts
from django_front_sms.models import AccountState, CounterGap, Event, OutboundMessage
from django_front_sms.monitoring import alerts
from django_front_sms.monitoring.alerts import Alert
from django_front_sms.timeline import explain

SHOWN = 5  # rows of one kind: the others are a click away


@dataclass(frozen=True)
class Line:
    """A row that needs somebody, in a line. `acts`: what this user may do about it, and where that is posted to."""

    words: str
    url: str = ""
    detail: str = ""
    at: Any = ""
    acts: list[tuple[Action, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Card:
    key: str
    level: str
    shape: str
    title: str
    advice: str
    lines: list[Line] = field(default_factory=list)
    more: tuple[str, str] | None = None  # an address, and its words

    @property
    def icon(self) -> Any:
        return icon(self.shape)


class Needs:
    """What one user sees of them. A kind of card asks the database for rows only where there are any."""

    def __init__(self, request: HttpRequest, site: AdminSite) -> None:
        self._user, self._site, self._request = request.user, site, request
        self._accounts = access.accounts_of(request.user)

    def cards(self) -> list[Card]:
        accounts = alerts.account_states()
        needs = alerts.current(states=accounts, accounts=self._accounts)
        made: Iterable[Card | None] = (
            self._worker(alerts.worker(accounts), needs["overdue"]),
            *self._paused(accounts),
            self._unconfirmed(needs["unconfirmed"].count),
            self._gaps(needs["counter_gaps"].count),
            self._too_large(needs["pushes_too_large"].count),
            self._failed_events(needs["events_given_up"].count),
            self._unreadable_inbound(needs["unreadable_inbound"].count),
            self._unreadable_statuses(needs["unreadable_statuses"].count),
            self._without_status(needs["without_status"].count),
        )
        return [card for card in made if card is not None]

    def _may_use(self, account: str) -> bool:
        return self._accounts is None or account in self._accounts

    def may_see(self, model: str) -> bool:
        return self._user.has_perm(f"front_sms.view_{model}")

    # The worker and the accounts

    def _worker(self, worker: alerts.Worker, overdue: Alert) -> Card | None:
        if worker.is_silent:
            title = _("No worker seems to run")
            seen = _("Last seen: %(when)s") % {"when": _when(worker.seen_at)} if worker.seen_at else ""
            advice = _("Start a worker. Nothing is lost: what waits is sent then.")
            return Card("worker", "bad", "plug", title, advice, [Line(seen)] if seen else [])
        if not overdue.count:
            return None
        title = ngettext(
            "%(n)s message has been due for more than five minutes",
            "%(n)s messages have been due for more than five minutes",
            overdue.count,
        )
        advice = _("More is asked for than goes out: look at MAX_PER_SECOND, and at how many workers run.")
        oldest = Line(_("The oldest since %(when)s") % {"when": _when(overdue.since)})
        more = self._list("outboundmessage", _("See what is queued"), state__exact="queued")
        return Card("overdue", "warn", "hourglass", title % {"n": overdue.count}, advice, [oldest], more)

    def _paused(self, accounts: Iterable[AccountState]) -> Iterator[Card]:
        if not self.may_see("accountstate"):
            return
        for account in (account for account in accounts if account.paused_at and self._may_use(account.account)):
            title = _("Sending is paused for account “%(account)s”") % {"account": account.account}
            advice = explain(account.pause_code) if account.pause_code is not None else ""
            since = _("Since %(when)s") % {"when": _when(account.paused_at)}
            line = Line(since, self._change(account), acts=self._acts(account))
            yield Card("paused", "bad", "pause", title, advice, [line])

    # Outgoing

    def _unconfirmed(self, count: int) -> Card | None:
        if not count:
            return None
        title = ngettext(
            "It is not known whether %(n)s message was sent", "It is not known whether %(n)s messages were sent", count
        )
        advice = _("Ask the recipient, or look in Front's portal. Then mark it as sent, send it anyway, or give it up.")
        rows = access.visible(OutboundMessage.objects.unconfirmed(), self._user).order_by("pk")[:SHOWN]
        lines = [self._line(row, row.recipient, row.shown_text, row.created_at) for row in rows]
        more = self._more(count, "outboundmessage", state__exact="unconfirmed", given_up__exact="0")
        return Card("unconfirmed", "warn", "question", title % {"n": count}, advice, lines, more)

    def _without_status(self, count: int) -> Card | None:
        if not count:
            return None
        title = ngettext("%(n)s message has no delivery status", "%(n)s messages have no delivery status", count)
        hours = f"{get_settings().hours_without_status:g}"
        advice = _("None after %(hours)s hours. Is the address for statuses set in Front's portal?") % {"hours": hours}
        more = self._list("outboundmessage", _("See them"), status="missing")
        return Card("without_status", "warn", "clock", title % {"n": count}, advice, more=more)

    # Inbound, and receivers

    def _gaps(self, count: int) -> Card | None:
        if not count or not self.may_see("countergap"):
            return None
        gaps = access.visible(CounterGap.objects.open(), self._user)
        latest = gaps.order_by("-pk")[:SHOWN]
        lines = [Line(f"{gap.account}: {_range(gap)}", self._change(gap), at=moment(gap.found_at)) for gap in latest]
        title = ngettext("%(n)s hole in Front's counter", "%(n)s holes in Front's counter", count) % {"n": count}
        advice = _("Messages to you that never came. Look for them in Front's portal, or ask Front by their numbers.")
        return Card("gaps", "bad", "warning", title, advice, lines, self._more(count, "countergap", open="yes"))

    def _too_large(self, count: int) -> Card | None:
        if not count or not self.may_see("refusedpush"):
            return None
        advice = _(
            "See why, and correct the cause. Then restart Front's queue by the link in the notice that Front sent "
            "(§1.2). Nothing is lost."
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
        lines = [self._line(row, row.get_kind_display(), row.error, row.created_at) for row in latest]
        title = ngettext(
            "%(n)s event was not taken by its receiver", "%(n)s events were not taken by their receivers", count
        )
        advice = _("Your own code raised an error each time. Put it right, then deliver them again.")
        more = self._more(count, "event", failed__exact="1")
        return Card("events", "bad", "plug", title % {"n": count}, advice, lines, more)

    def _unreadable_inbound(self, count: int) -> Card | None:
        if not count or not self.may_see("inboundmessage"):
            return None
        title = ngettext(
            "%(n)s message to you could not be read in full", "%(n)s messages to you could not be read in full", count
        )
        advice = _("In the last seven days. What Front sent is kept, and can be read again.")
        more = self._list("inboundmessage", _("See them"), problem="yes", received_at="168")
        return Card("unreadable_inbound", "warn", "file", title % {"n": count}, advice, more=more)

    def _unreadable_statuses(self, count: int) -> Card | None:
        if not count or not self.may_see("deliverystatus"):
            return None
        title = ngettext("%(n)s delivery status is odd", "%(n)s delivery statuses are odd", count)
        advice = _("In the last seven days. Each says what is wrong with it.")
        more = self._list("deliverystatus", _("See them"), problem="yes", received_at="168")
        return Card("unreadable_statuses", "warn", "tower", title % {"n": count}, advice, more=more)

    # Rows

    def _line(self, row: Model, words: str, detail: str, at: datetime) -> Line:
        return Line(words, self._change(row), Truncator(detail).chars(80), moment(at), self._acts(row))

    def _acts(self, row: Model) -> list[tuple[Action, str]]:
        """What a person decides about such a row, where this user may."""
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
        return self._list(model, _("See all %(n)s") % {"n": count}, **filters) if count > SHOWN else None

    def _change(self, row: Model) -> str:
        return reverse_admin(self._site, f"{row._meta.model_name}_change", row.pk)


def _when(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else ""


def _range(gap: CounterGap) -> str:
    return str(gap.first) if gap.first == gap.last else f"{gap.first}–{gap.last}"
