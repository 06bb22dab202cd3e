"""What needs attention: one definition for the dashboard, `front_sms status`, the health page and metrics."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import CharField, Count, DateTimeField, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from django_front_sms.events.accounts import of_accounts
from django_front_sms.models import (
    AccountState,
    CounterGap,
    DeliveryStatus,
    Event,
    InboundMessage,
    OutboundMessage,
    RefusedPush,
)
from django_front_sms.states import State

RECENTLY = timedelta(days=7)


SILENT_AFTER = timedelta(minutes=2)  # every worker looks at the clock of each account every ten seconds


OVERDUE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Need:
    """Something that needs a person: how many rows, and, where it is about waiting, since when."""

    count: int
    since: datetime | None = None


def needs(now: datetime | None = None, accounts: Collection[str] | None = None) -> dict[str, Need]:
    """What needs a person, by name, in one query. Rows that have no mark of being dealt with count for `RECENTLY`.

    `overdue`: due for more than `OVERDUE_AFTER`, while their account is not paused. `unconfirmed`: wait for a decision.
    `events_given_up`: their receivers failed. `counter_gaps`: inbound messages that never came. `pushes_too_large`: no
    inbound message came since. `unreadable_inbound`, `unreadable_statuses`: have a problem. `without_status`: had
    none for `HOURS_WITHOUT_STATUS`. `accounts`: count the rows of these only; None: of all.
    """
    now = now or timezone.now()
    recent = Q(received_at__gte=now - RECENTLY)
    overdue = OutboundMessage.objects.filter(state=State.QUEUED, next_at__lte=now - OVERDUE_AFTER)
    paused = AccountState.objects.filter(paused_at__isnull=False)
    counted = {
        "overdue": overdue.exclude(account__in=paused.values("account")),
        "unconfirmed": OutboundMessage.objects.unconfirmed(),
        "events_given_up": Event.objects.filter(failed=True),
        "counter_gaps": CounterGap.objects.filter(closed_at=None, is_reset=False),
        "pushes_too_large": _standing(),
        "unreadable_inbound": InboundMessage.objects.filter(recent, ~Q(problem="")),
        "unreadable_statuses": DeliveryStatus.objects.filter(recent, ~Q(problem="")),
        "without_status": OutboundMessage.objects.without_status(),
    }
    if accounts is not None:
        counted = {name: _of_accounts(rows, accounts) for name, rows in counted.items()}
    first, *others = (_counted(name, rows, "next_at" if name == "overdue" else "") for name, rows in counted.items())
    each = first.union(*others, all=True).order_by()  # Django 6.1 would order a union by its first model's Meta
    found = {name: Need(count, since) for name, count, since in each}
    return {name: found.get(name, Need(0)) for name in counted}


def _of_accounts(rows: "QuerySet[Any]", accounts: Collection[str]) -> "QuerySet[Any]":
    return of_accounts(rows, accounts) if rows.model is Event else rows.filter(account__in=accounts)


def _counted(name: str, rows: "QuerySet[Any]", since: str) -> "QuerySet[Any, Any]":
    earliest = Min(since) if since else Cast(Value(None), DateTimeField())
    named = rows.order_by().values(need=Value(name, CharField()))
    counted: QuerySet[Any, Any] = named.annotate(count=Count("pk"), since=earliest)
    return counted.values_list("need", "count", "since")


def _standing() -> "QuerySet[RefusedPush]":
    """Pushes that were too large, and no inbound message of their account came since: Front's queue stands."""
    inbound = InboundMessage.objects.filter(account=OuterRef("account")).order_by("-received_at")
    latest = Coalesce(Subquery(inbound.values("received_at")[:1]), Value(datetime(1970, 1, 1, tzinfo=UTC)))
    return RefusedPush.objects.filter(received_at__gt=latest)


@dataclass(frozen=True, slots=True)
class Worker:
    """Whether one runs. Every worker looks at each account every ten seconds: `seen_at` is when one last did; None:
    never. `is_silent`: none did in the last `SILENT_AFTER`."""

    seen_at: datetime | None
    is_silent: bool


def accounts() -> list[AccountState]:
    """What sending remembers of each account that a worker ever looked at; one query."""
    return list(AccountState.objects.order_by("account"))


def worker(accounts: Iterable[AccountState], now: datetime | None = None) -> Worker:
    """Whether a worker runs, by what is remembered of the accounts."""
    seen = max((account.clock for account in accounts if account.clock), default=None)
    return Worker(seen, seen is None or seen < (now or timezone.now()) - SILENT_AFTER)
