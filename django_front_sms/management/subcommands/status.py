"""`front_sms status`: the queue, the accounts, and what needs attention."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import OutputWrapper
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms.conf import FrontSMSSettings, get_settings
from django_front_sms.db.clock import database_now
from django_front_sms.management.subcommands.output import add_json, write_json
from django_front_sms.models import (
    AccountState,
    CounterGap,
    DeliveryStatus,
    Event,
    InboundMessage,
    OutboundMessage,
    Wait,
)
from django_front_sms.monitoring import alerts
from django_front_sms.states import OPEN, State
from django_front_sms.timeline import explain

HELP = gettext_lazy("Show the queue, the accounts, and what needs attention. Exits with 1 where anything does.")

NEEDS_ATTENTION = 1


def add_arguments(parser: ArgumentParser) -> None:
    add_json(parser)


def handle(out: OutputWrapper, given: Namespace) -> int:
    report = gather()
    if given.json:
        write_json(out, report)
    else:
        for line in lines(report):
            out.write(line)
    return NEEDS_ATTENTION if report["needs_attention"] else 0


def gather() -> dict[str, Any]:
    """The whole report; times are aware, durations in seconds."""
    conf, now = get_settings(), database_now()
    states = alerts.account_states()
    found = {name: alert.count for name, alert in alerts.current(now, states=states).items()}
    seen = alerts.worker(states, now).seen_at
    return {
        "needs_attention": any(found.values()),
        "alerts": found,
        "missing_counters": _missing(),
        "queue": _queue(now),
        "accounts": [_account(name, conf) for name in conf.accounts],
        "worker": {"seen_at": seen, "silent_seconds": (now - seen).total_seconds() if seen else None},
        "waiting": {
            "inbound": InboundMessage.objects.pending().count(),
            "statuses": DeliveryStatus.objects.pending().count(),
            "events": Event.objects.pending().count(),
        },
    }


def _queue(now: datetime) -> dict[str, Any]:
    counted = OutboundMessage.objects.unfinished().order_by().values_list("state").annotate(Count("pk"))
    counts = {str(state): 0 for state in sorted(OPEN)} | dict(counted)
    queued, due = OutboundMessage.objects.queued(), OutboundMessage.objects.sendable(now).count()
    waits = queued.filter(next_at__gt=now).order_by().values_list("waits_for").annotate(Count("pk"))
    oldest = OutboundMessage.objects.oldest_due(now)
    return {
        **counts,
        "due": due,
        "paused": queued.filter(next_at__lte=now).count() - due,
        "later": {Wait(reason).name.lower(): count for reason, count in waits},
        "oldest_due": oldest,
        "oldest_due_seconds": (now - oldest).total_seconds() if oldest else None,
    }


def _account(name: str, conf: FrontSMSSettings) -> dict[str, Any]:
    state = AccountState.objects.paused().filter(key=conf.account(name).gateway).first()
    code = state.pause_code if state else None
    return {
        "account": name,
        "paused": state is not None,
        "since": state.paused_at if state else None,
        "code": code,
        "reason": explain(code) if code is not None else "",
        "next_probe": state.probe_at if state else None,
    }


def _missing() -> dict[str, list[int]]:
    """The counter numbers of missing inbound messages, by account."""
    missing: dict[str, set[int]] = {}
    for gap in CounterGap.objects.open():
        missing.setdefault(gap.account, set()).update(gap.missing)
    return {account: sorted(numbers) for account, numbers in sorted(missing.items())}


# For people


def lines(report: dict[str, Any]) -> Iterator[str]:
    """The report as lines of text."""
    yield _("Queue")
    yield from map(_row, _queue_rows(report["queue"]))
    yield _("Accounts")
    for account in report["accounts"]:
        yield _row((account["account"], _account_in_words(account)))
    yield _("Waiting for a worker")
    names = {"inbound": _("inbound messages"), "statuses": _("delivery statuses"), "events": _("events for receivers")}
    yield from (_row((names[key], count)) for key, count in report["waiting"].items())
    if not report["needs_attention"]:
        yield _("Nothing needs attention.")
        return
    yield _("Needs attention")
    yield from (_row(_ALERTS[name](count, report)) for name, count in report["alerts"].items() if count)


def _row(row: tuple[str, object]) -> str:
    return f"  {row[0]:<28} {row[1]}"


def _queue_rows(queue: dict[str, Any]) -> Iterator[tuple[str, object]]:
    yield str(State.QUEUED.label), queue["queued"]
    yield "  " + _("due now"), queue["due"]
    if queue["paused"]:
        yield "  " + _("of paused accounts"), queue["paused"]
    later = {
        "nothing": _("soon"),
        "schedule": _("at their scheduled time"),
        "twin": _("after an equal message's window"),
        "retry": _("at their next attempt"),
        "quiet_hours": _("after the quiet hours"),
    }
    yield from (("  " + later.get(reason, reason), count) for reason, count in queue["later"].items())
    yield str(State.SENDING.label), queue["sending"]
    if queue["oldest_due"]:
        yield _("oldest one due since"), f"{_when(queue['oldest_due'])} ({queue['oldest_due_seconds']:.0f} s)"


def _account_in_words(account: dict[str, Any]) -> str:
    if not account["paused"]:
        return _("sends")
    words = _("paused since %(when)s. Code %(code)s: %(reason)s") % {**account, "when": _when(account["since"])}
    if account["next_probe"]:
        return words + " " + _("It is tried again at %(when)s.") % {"when": _when(account["next_probe"])}
    return words + " " + _("Then: front_sms resume %(account)s") % account


def _worker_in_words(report: dict[str, Any]) -> str:
    seen = report["worker"]["seen_at"]
    last = _("last seen %(when)s") % {"when": _when(seen)} if seen else _("never seen")
    return last + ". " + _("Start a worker: messages are queued, and none is sent without one.")


_ALERTS: dict[str, Callable[[int, dict[str, Any]], tuple[str, object]]] = {
    "worker_silent": lambda n, report: (_("no worker runs"), _worker_in_words(report)),
    "paused": lambda n, report: (_("paused accounts"), _("%s: see above for the reason") % n),
    "overdue": lambda n, report: (
        _("messages overdue"),
        _("%s: due for more than five minutes. Are there enough workers, and is MAX_PER_SECOND too low?") % n,
    ),
    "unconfirmed": lambda n, report: (_("unconfirmed messages"), _("%s: decide about each of them in the admin") % n),
    "events_given_up": lambda n, report: (_("events given up"), _("%s: their receivers failed; see the admin") % n),
    "counter_gaps": lambda n, report: (
        _("missing inbound messages"),
        "; ".join(f"{account}: {_some(numbers)}" for account, numbers in report["missing_counters"].items()),
    ),
    "pushes_too_large": lambda n, report: (
        _("refused pushes"),
        _("%s: see why in the admin, then restart Front's queue by the link in its notice") % n,
    ),
    "unreadable_inbound": lambda n, report: (_("inbound, partly unreadable"), _("%s in the last seven days") % n),
    "unreadable_statuses": lambda n, report: (
        _("statuses with a problem"),
        _("%s in the last seven days: unreadable, or of unknown messages") % n,
    ),
    "without_status": lambda n, report: (
        _("sent, without a status"),
        _("%s: is the URL for status set in Front's portal?") % n,
    ),
}


def _some(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:10]))
    return f"{shown} …" if len(numbers) > 10 else shown


def _when(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}"
