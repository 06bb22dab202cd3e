"""The dashboard: alerts, then the number of messages, their outcomes, delivery times and cost."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.timesince import timesince
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from django_front_sms.access import accounts_of
from django_front_sms.admin import live_parts
from django_front_sms.admin.badges import briefly, icon
from django_front_sms.admin.dashboard.alerts import AttentionCards
from django_front_sms.admin.dashboard.charts import Chart, Column, Series
from django_front_sms.admin.readonly import ReadOnlyAdmin
from django_front_sms.admin.urls import site_context
from django_front_sms.models import Dashboard, OutboundMessage
from django_front_sms.monitoring import statistics
from django_front_sms.monitoring.statistics import Tally
from django_front_sms.states import State
from django_front_sms.timeline import explain

HOURS, DAYS, RECENT_DAYS = 48, 30, 7
SILENCE = timedelta(days=2)  # without an inbound message

# Groups of states in the charts, from the bottom up.
GROUPS = (
    (Series("good", gettext_lazy("delivered")), (State.DELIVERED,)),
    (Series("info", gettext_lazy("on its way")), (State.SENT, State.AT_OPERATOR)),
    (Series("wait", gettext_lazy("waits")), (State.QUEUED, State.SENDING)),
    (Series("warn", gettext_lazy("unconfirmed")), (State.UNCONFIRMED,)),
    (Series("bad", gettext_lazy("failed")), (State.UNDELIVERED, State.REJECTED)),
    (Series("off", gettext_lazy("not sent")), (State.DUPLICATE, State.CANCELLED, State.EXPIRED)),
)
_SPANS = (0, 10, 30, 60, 300, 1800, 7200, float("inf"))  # seconds


@dataclass(frozen=True)
class Tile:
    """One number with its label."""

    name: str
    value: str
    note: str = ""


@admin.register(Dashboard)
class DashboardAdmin(ReadOnlyAdmin):
    """An admin without a list: `changelist_view` is the dashboard."""

    class Media:
        css = {"all": ["django_front_sms/admin.css", "django_front_sms/dashboard.css"]}

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: OutboundMessage | None = None) -> bool:
        return bool(request.user.has_perm("front_sms.view_outboundmessage"))

    def get_urls(self) -> list[URLPattern]:
        return [path("", self.admin_site.admin_view(self.changelist_view), name="front_sms_dashboard_changelist")]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        attention = AttentionCards(request, self.admin_site)
        context = {
            **site_context(self.admin_site, request),
            "title": capfirst(self.opts.verbose_name),
            "subtitle": None,
            "opts": self.opts,
            "media": self.media,
            "cards": attention.cards(),
            "fine": icon("check"),
            **self._figures(accounts_of(request.user), attention.last_inbound),
            **(extra_context or {}),
        }
        page: HttpResponse = TemplateResponse(request, "admin/front_sms/dashboard/dashboard.html", context)
        if live_parts.is_asked(request):
            page = live_parts.answer(request, page)
        if page.status_code == 200:
            attention.signal_read()
        return page

    def _figures(self, accounts: Collection[str] | None, last_inbound: datetime | None) -> dict[str, Any]:
        now = timezone.now()
        traffic = statistics.traffic(DAYS, now, accounts)
        hours = traffic.by_hour(now - timedelta(hours=HOURS - 1), HOURS)
        days = traffic.by_day(timezone.localdate(now) - timedelta(days=DAYS - 1), DAYS)
        times = statistics.delivery_times(accounts=accounts)
        charts = (_by_hour(hours), _by_day(days), _rates(days), _delivery_times(times), _spend(days))
        return {
            "tiles": [*_tiles(days, times), *_last_in(last_inbound, now)],
            "charts": [chart for chart in charts if chart],
            "levels": [series.level for series, _states in GROUPS],
            **_refusals(self.reverse("outboundmessage_changelist"), statistics.refusals(now, accounts)),
        }


# Numbers


def _tiles(days: dict[date, Tally], times: statistics.DeliveryTimes) -> Iterable[Tile]:
    *_earlier, today = days.values()
    yield Tile(_("Messages today"), _count(today.total))
    recent = _together(list(days.values())[-RECENT_DAYS:])
    if recent.delivery_rate is not None:
        note = _("of those with a known outcome, in %(n)s days") % {"n": RECENT_DAYS}
        yield Tile(_("Delivered"), _percent(recent.delivery_rate), note)
    if times.median is not None and times.percentile_95 is not None:
        sample = _("of the latest %(n)s delivered") % {"n": _count(len(times.seconds))}
        yield Tile(_("Half arrive within"), _duration(times.median), sample)
        yield Tile(_("95 percent arrive within"), _duration(times.percentile_95), sample)
    spent = _together(days.values()).spend()
    if spent is not None:
        yield Tile(_("Spent"), _money(spent), _("estimated, in %(n)s days") % {"n": DAYS})


def _last_in(at: datetime | None, now: datetime) -> Iterable[Tile]:
    """When the last inbound message was received: if it is long ago, Front's queue may have stopped."""
    if at is None:
        return
    minutes = int((now - at).total_seconds() // 60)
    since = timesince(at, now, depth=1).replace("\xa0", " ")  # a tile is narrow
    ago = _("%(time)s ago") % {"time": since} if minutes > 0 else _("just now")
    when = briefly(at)
    if now - at > SILENCE:
        when = _("%(when)s. Has Front's queue stopped?") % {"when": when}
    yield Tile(_("Last message in"), ago, when)


def _together(tallies: Iterable[Tally]) -> Tally:
    whole = Tally()
    for tally in tallies:
        whole.include(tally)
    return whole


# Charts


def _by_hour(hours: dict[datetime, Tally]) -> Chart:
    columns = []
    for hour, tally in hours.items():
        local = timezone.localtime(hour)
        tick = f"{local:%H}" if local.hour % 6 == 0 else ""
        if local.hour == 0:
            tick = date_format(local, "D j")
        columns.append(Column(f"{date_format(local, 'SHORT_DATE_FORMAT')} {local:%H:%M}", tick, _by_state(tally)))
    title = _("Messages per hour, the last %(n)s hours") % {"n": HOURS}
    return Chart("hours", title, _SERIES, columns, _count, is_wide=True)


def _by_day(days: dict[date, Tally]) -> Chart:
    columns = [_day(day, _by_state(tally)) for day, tally in days.items()]
    title = _("Messages per day, the last %(n)s days") % {"n": DAYS}
    return Chart("days", title, _SERIES, columns, _count, is_wide=True)


def _rates(days: dict[date, Tally]) -> Chart:
    columns = [_day(day, (tally.delivery_rate,)) for day, tally in days.items()]
    series = [Series("good", _("delivered"))]
    title, note = _("Delivery rate per day"), _("Delivered, of those that were delivered or failed on their way.")
    return Chart("rates", title, series, columns, _percent, top=1, is_line=True, note=note)


def _spend(days: dict[date, Tally]) -> Chart | None:
    if not any(tally.spend() for tally in days.values()):
        return None
    columns = [_day(day, (float(tally.spend() or 0),)) for day, tally in days.items()]
    note = _("An estimate: the SMS that Front accepted, times the price in the settings of this site.")
    return Chart("spend", _("Spend per day"), [Series("info", _("spent"))], columns, _money, note=note)


def _delivery_times(times: statistics.DeliveryTimes) -> Chart:
    columns = []
    for low, high in pairwise(_SPANS):
        is_last = high == _SPANS[-1]
        label = _("over %(time)s") % {"time": _duration(low)} if is_last else f"< {_duration(high)}"
        tick = f"> {_duration(low)}" if is_last else _duration(high)
        columns.append(Column(label, tick, (times.within(low, high),)))
    title = _("Time from Front to the phone")
    note = _("Of the latest %(n)s that were delivered.") % {"n": _count(len(times.seconds))}
    return Chart("times", title, [Series("good", _("messages"))], columns, _count, note=note)


_SERIES = [series for series, _states in GROUPS]


def _by_state(tally: Tally) -> tuple[float, ...]:
    return tuple(sum(tally.messages[state] for state in states) for _series, states in GROUPS)


def _day(day: date, values: tuple[float | None, ...]) -> Column:
    # Translators: a day and a short month below a chart, as Django's filter `date` takes it.
    tick = _written(day, _("j M"), get_language()) if day.weekday() == 0 else ""
    return Column(_written(day, "SHORT_DATE_FORMAT", get_language()), tick, values)


@lru_cache(maxsize=10 * DAYS)
def _written(day: date, form: str, language: str | None) -> str:
    return date_format(day, form)  # three charts name the same days


def _refusals(messages: str, counted: list[tuple[int | None, int]]) -> dict[str, Any]:
    """The refusals by reason, the most frequent first, each in percent of the most frequent one, and what they are."""
    most = max((n for _code, n in counted), default=1)
    rows = []
    for code, count in counted[:10]:
        url = f"{messages}?state__exact=rejected&error_code__" + (f"exact={code}" if code else "isnull=True")
        words = explain(code) if code else _("Refused before it was sent: see each message.")
        rows.append({"code": code, "words": words, "count": count, "url": url, "part": round(100 * count / most)})
    is_cut = sum(n for _code, n in counted) == statistics.MOST_REFUSALS
    title = _("Rejected in the last seven days, by reason")
    if is_cut:
        title = _("The latest %(n)s rejected messages, by reason") % {"n": _count(statistics.MOST_REFUSALS)}
    return {"refusals": rows, "refusals_title": title}


# How numbers are written


def _count(value: float) -> str:
    return number_format(round(value), force_grouping=True)


def _percent(value: float) -> str:
    return f"{_rounded(100 * value, 1)} %"


def _money(value: float | Decimal) -> str:
    return _("%(amount)s kr") % {"amount": _rounded(value, 2 if value < 100 else 0)}


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{_rounded(seconds, 1 if seconds < 10 else 0)} s"
    if seconds < 3600:
        return f"{_rounded(seconds / 60, 0)} min"
    return _("%(n)s h") % {"n": _rounded(seconds / 3600, 1)}


def _rounded(value: float | Decimal, places: int) -> str:
    """`value` with `places` decimals; without any if all of them are zero."""
    rounded = Decimal(f"{value:.{places}f}")
    return number_format(rounded, places if rounded % 1 else 0, force_grouping=True)
