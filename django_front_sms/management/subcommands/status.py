"""`front_sms status`: what waits, what goes on by itself, and what needs a person."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
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
    RefusedPush,
    Wait,
)
from django_front_sms.states import OPEN, State
from django_front_sms.timeline import explain

HELP = gettext_lazy("Show the queue, the accounts, and what needs a person.")

NEEDS_A_PERSON = 1
RECENTLY = timedelta(days=7)
STUCK_AFTER = timedelta(minutes=5)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help=_("exit with 1 where anything needs a person"))
    add_json(parser)


def handle(out: OutputWrapper, given: Namespace) -> int:
    report = gather()
    if given.json:
        write_json(out, report)
    else:
        for line in lines(report):
            out.write(line)
    return NEEDS_A_PERSON if given.check and report["needs_a_person"] else 0


def gather() -> dict[str, Any]:
    """All that there is to say; times are aware, durations in seconds."""
    conf, now = get_settings(), database_now()
    accounts = [_account(name, conf) for name in conf.accounts]
    queue = _queue(now)
    problems = _problems(conf, now)
    paused = any(account["paused"] for account in accounts)
    stuck = (queue["oldest_due_seconds"] or 0) > STUCK_AFTER.total_seconds() and not paused
    return {
        "needs_a_person": paused or stuck or any(problems.values()),
        "queue": queue,
        "stuck": stuck,
        "accounts": accounts,
        "waiting": {
            "inbound": InboundMessage.objects.filter(process_at__isnull=False).count(),
            "statuses": DeliveryStatus.objects.filter(process_at__isnull=False).count(),
            "events": Event.objects.filter(next_at__isnull=False).count(),
        },
        "problems": problems,
    }


def _queue(now: datetime) -> dict[str, Any]:
    counted = OutboundMessage.objects.filter(state__in=OPEN).order_by().values_list("state").annotate(Count("pk"))
    counts = {str(state): 0 for state in (State.QUEUED, State.SENDING)} | dict(counted)
    queued = OutboundMessage.objects.filter(state=State.QUEUED)
    waits = queued.filter(next_at__gt=now).order_by().values_list("waits_for").annotate(Count("pk"))
    due = queued.filter(next_at__lte=now)
    times = due.order_by("next_at").values_list("next_at", "created_at").first()
    oldest = max(filter(None, times)) if times else None  # new rows are due a little before they were made
    return {
        **counts,
        "due": due.count(),
        "later": {Wait(reason).name.lower(): count for reason, count in waits},
        "oldest_due": oldest,
        "oldest_due_seconds": (now - oldest).total_seconds() if oldest else None,
    }


def _account(name: str, conf: FrontSMSSettings) -> dict[str, Any]:
    memory = AccountState.objects.filter(key=conf.account(name).gateway, paused_at__isnull=False).first()
    code = memory.pause_code if memory else None
    return {
        "account": name,
        "paused": memory is not None,
        "since": memory.paused_at if memory else None,
        "code": code,
        "reason": explain(code) if code is not None else "",
        "next_probe": memory.probe_at if memory else None,
    }


def _problems(conf: FrontSMSSettings, now: datetime) -> dict[str, Any]:
    unknown = DeliveryStatus.objects.filter(message=None, process_at=None, received_at__gt=now - RECENTLY)
    unreadable = InboundMessage.objects.filter(received_at__gt=now - RECENTLY).exclude(problem="")
    return {
        "unconfirmed": OutboundMessage.objects.unconfirmed().count(),
        "events_given_up": Event.objects.filter(failed=True).count(),
        "pushes_too_large": sum(_standing(conf)),
        "missing_counters": {name: missing for name in conf.accounts if (missing := _missing(name))},
        "without_status": OutboundMessage.objects.without_status().count(),
        "unmatched_statuses": unknown.count(),
        "inbound_with_problems": unreadable.count(),
    }


def _standing(conf: FrontSMSSettings) -> Iterator[int]:
    """By account, the pushes that were too large and keep Front's queue standing: nothing came in since."""
    for name in conf.accounts:
        inbound = InboundMessage.objects.filter(account=name).order_by("-pk")
        latest = inbound.values_list("received_at", flat=True).first()
        refused = RefusedPush.objects.filter(account=name)
        yield (refused.filter(received_at__gt=latest) if latest else refused).count()


def _missing(account: str) -> list[int]:
    """The counters of inbound messages that were told to be missing, and have not come since."""
    told = CounterGap.objects.filter(account=account, told_at__isnull=False, closed_at=None, is_reset=False)
    return sorted({number for gap in told for number in gap.missing})


# For people


def lines(report: dict[str, Any]) -> Iterator[str]:
    """The report as a person reads it."""
    yield _("Queue")
    yield from map(_row, _queue_rows(report["queue"]))
    yield _("Accounts")
    for account in report["accounts"]:
        yield _row((account["account"], _account_in_words(account)))
    yield _("Waiting for a worker")
    names = {"inbound": _("inbound messages"), "statuses": _("statuses"), "events": _("events for receivers")}
    yield from (_row((names[key], count)) for key, count in report["waiting"].items())
    if not report["needs_a_person"]:
        yield _("Nothing needs a person.")
        return
    yield _("Needs a person")
    if report["stuck"]:
        yield _row((_("messages due for long"), _("Is a worker running? It claims what is due every ten seconds.")))
    for key, found in report["problems"].items():
        if found:
            yield _row(_PROBLEMS[key](found))


def _row(row: tuple[str, object]) -> str:
    return f"  {row[0]:<28} {row[1]}"


def _queue_rows(queue: dict[str, Any]) -> Iterator[tuple[str, object]]:
    yield str(State.QUEUED.label), queue["queued"]
    yield "  " + _("due now"), queue["due"]
    later = {
        "nothing": _("soon"),
        "schedule": _("at their scheduled time"),
        "twin": _("after an equal message's window"),
        "retry": _("at their next attempt"),
    }
    yield from (("  " + later[reason], count) for reason, count in queue["later"].items())
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


_PROBLEMS: dict[str, Callable[[Any], tuple[str, object]]] = {
    "unconfirmed": lambda n: (_("unconfirmed messages"), _("%s: decide about each of them in the admin") % n),
    "events_given_up": lambda n: (_("events given up"), _("%s: their receivers failed; see the admin") % n),
    "pushes_too_large": lambda n: (
        _("pushes too large"),
        _("%s: raise MAX_INBOUND_BYTES, then restart Front's queue by the link in its notice") % n,
    ),
    "missing_counters": lambda found: (
        _("missing inbound messages"),
        "; ".join(f"{account}: {_some(missing)}" for account, missing in found.items()),
    ),
    "without_status": lambda n: (
        _("sent, without a status"),
        _("%s: is the URL for status set in Front's portal?") % n,
    ),
    "unmatched_statuses": lambda n: (_("statuses of unknown messages"), _("%s in the last seven days") % n),
    "inbound_with_problems": lambda n: (_("inbound, partly unreadable"), _("%s in the last seven days") % n),
}


def _some(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:10]))
    return f"{shown} …" if len(numbers) > 10 else shown


def _when(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}"
