"""Alerts: one definition for the dashboard, `front_sms status`, the health page, metrics and mail."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import CharField, Count, DateTimeField, F, Min, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from django_front_sms.conf import Limit, get_settings
from django_front_sms.db.lookups import count_each
from django_front_sms.events.accounts import of_accounts
from django_front_sms.models import (
    AccountState,
    CounterGap,
    DeliveryStatus,
    Event,
    InboundMessage,
    OutboundMessage,
    RateCounter,
    RefusedPush,
)
from django_front_sms.models.account import AccountQuerySet
from django_front_sms.models.outbound import Priority

RECENTLY = timedelta(days=7)
NEARLY = 0.8  # of a rate limit
SILENT_AFTER = timedelta(minutes=2)  # every worker records the time at each account every ten seconds


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert: the number of rows that need attention (0: it is not active), and since when the oldest has waited."""

    count: int
    since: datetime | None = None


def current(
    now: datetime | None = None,
    *,
    states: Sequence[AccountState] | None = None,
    accounts: Collection[str] | None = None,
) -> dict[str, Alert]:
    """The alerts by name, in one query. Rows that cannot be marked as resolved are counted for `RECENTLY`.

    `worker_silent`: no worker has been seen for `SILENT_AFTER`. `paused`: accounts whose sending is paused. `overdue`:
    messages due for more than five minutes, of accounts that are not paused. `unconfirmed`: messages that wait for a
    decision. `events_given_up`: their receivers failed. `counter_gaps`: inbound messages that are missing.
    `pushes_too_large`: no inbound message came since. `unreadable_inbound`, `unreadable_statuses`: rows with a problem.
    `without_status`: messages without a delivery status for `HOURS_WITHOUT_STATUS`.

    `accounts`: count the rows of these only; None: of all. `states`: those of `account_states()`, which cost another
    query where they are not given.
    """
    now = now or timezone.now()
    states = account_states() if states is None else states
    rows = _rows(now, accounts)
    found = {name: alert for name, _subject, alert in _count(rows)}
    return _of_states(states, now, accounts) | {name: found.get(name, Alert(0)) for name in rows}


def current_up_to(
    most: int, rows: Collection[AccountState], now: datetime | None = None, *, accounts: Collection[str] | None = None
) -> dict[str, Alert]:
    """`current` with counts up to `most`, and one more where there are more: one query whose cost has a limit.

    `rows`: all of `AccountState.objects.with_overdue(now)`, also those of accounts that are no longer in the settings.
    """
    now = now or timezone.now()
    oldest = _oldest_overdue(rows, accounts)
    queries = _rows(now, accounts)
    # By account and priority, as their index begins: the other conditions would read all rows of a paused account.
    queries["overdue"] = queries["overdue"].filter(account__in=oldest, priority__in=Priority.values)
    counts = dict(zip(queries, count_each(list(queries.values()), most + 1), strict=True))
    found = {name: Alert(count) for name, count in counts.items()}
    if counts["overdue"]:
        since = min(filter(None, oldest.values()), default=None)
        found["overdue"] = Alert(counts["overdue"], since)
    return _of_states(in_settings(rows), now, accounts) | found


def active_by_subject(now: datetime) -> dict[tuple[str, str], Alert]:
    """The active alerts that people are mailed about, by name and subject, so that a second account is a second alert.

    The subject is the account, the kind of event for `events_given_up`, or the limit for `rate_limit`, which is in no
    other list of alerts. `worker_silent` is not included.
    """
    paused = AccountState.objects.filter(key__in=_keys()).paused()
    found = {("paused", state.account): Alert(1, state.paused_at) for state in paused}
    rows = _rows(now, None)
    subjects = {name: "kind" if each.model is Event else "account" for name, each in rows.items()}
    found |= {(name, subject): alert for name, subject, alert in _count(rows, subjects) if alert.count}
    return found | {("rate_limit", subject): Alert(1) for subject in nearly_used_limits(now)}


def _of_states(states: Sequence[AccountState], now: datetime, accounts: Collection[str] | None) -> dict[str, Alert]:
    visible = [state for state in states if accounts is None or state.account in accounts]
    paused = [state.paused_at for state in visible if state.paused_at is not None]
    seen = worker(states, now)
    return {
        "worker_silent": Alert(int(seen.is_silent), seen.seen_at if seen.is_silent else None),
        "paused": Alert(len(paused), min(paused, default=None)),
    }


def _oldest_overdue(rows: Iterable[AccountState], accounts: Collection[str] | None) -> dict[str, datetime | None]:
    """The accounts that are not paused, each with since when its oldest message has been overdue (None: none is)."""
    found: dict[str, datetime | None] = dict.fromkeys(get_settings().accounts)
    for row in rows:
        if row.paused_at is None:
            times = (row.overdue_normal, row.overdue_urgent, found.get(row.account))
            found[row.account] = min(filter(None, times), default=None)
        else:
            found.pop(row.account, None)
    return {name: at for name, at in found.items() if accounts is None or name in accounts}


def nearly_used_limits(now: datetime) -> set[str]:
    """The limits of `RATE_LIMITS` that are used to 80 % or more, as `international` and `per_account default`.

    Limits for each recipient are left out.
    """
    written = get_settings().rate_limits
    limits = {name: Limit.parse(written[name]) for name in ("per_account", "international") if name in written}
    if not limits:
        return set()
    counters = RateCounter.objects.current(now).filter(limit__in=limits)
    return {str(counter) for counter in counters if _is_nearly_used(counter, limits[counter.limit], now)}


def _is_nearly_used(counter: RateCounter, limit: Limit, now: datetime) -> bool:
    return counter.amount(limit.period, now) / limit.count >= NEARLY


def _rows(now: datetime, accounts: Collection[str] | None) -> "dict[str, QuerySet[Any]]":
    recent = {"received_at__gte": now - RECENTLY}
    rows: dict[str, QuerySet[Any]] = {
        "overdue": OutboundMessage.objects.overdue(now),
        "unconfirmed": OutboundMessage.objects.unconfirmed(),
        "events_given_up": Event.objects.failed(),
        "counter_gaps": CounterGap.objects.open(),
        "pushes_too_large": _queue_stoppers(),
        "unreadable_inbound": InboundMessage.objects.with_problem().filter(**recent),
        "unreadable_statuses": DeliveryStatus.objects.with_problem().filter(**recent),
        "without_status": OutboundMessage.objects.without_status(),
    }
    return rows if accounts is None else {name: _of_accounts(each, accounts) for name, each in rows.items()}


def _count(
    rows: "Mapping[str, QuerySet[Any]]", subjects: Mapping[str, str] | None = None
) -> list[tuple[str, str, Alert]]:
    """The name, the subject and the count of each alert. `subjects`: the column to count by; None: count all rows."""
    first, *others = (_counted(name, each, subjects[name] if subjects else "") for name, each in rows.items())
    union = first.union(*others, all=True).order_by()  # Django 6.1 would order a union by its first model's Meta
    return [(name, subject, Alert(count, since)) for name, subject, count, since in union]


def _of_accounts(rows: "QuerySet[Any]", accounts: Collection[str]) -> "QuerySet[Any]":
    return of_accounts(rows, accounts) if rows.model is Event else rows.filter(account__in=accounts)


def _counted(name: str, rows: "QuerySet[Any]", subject: str) -> "QuerySet[Any, Any]":
    earliest = Min("next_at") if name == "overdue" else Cast(Value(None), DateTimeField())
    by: Any = F(subject) if subject else Value("", CharField())
    named = rows.order_by().values(alert=Value(name, CharField()), about=by)
    counted: QuerySet[Any, Any] = named.annotate(count=Count("pk"), since=earliest)
    return counted.values_list("alert", "about", "count", "since")


def _queue_stoppers() -> "QuerySet[RefusedPush]":
    """Pushes that were too large, with no later inbound message of their account: Front's queue has stopped."""
    inbound = InboundMessage.objects.filter(account=OuterRef("account")).order_by("-received_at")
    latest = Coalesce(Subquery(inbound.values("received_at")[:1]), Value(datetime(1970, 1, 1, tzinfo=UTC)))
    return RefusedPush.objects.filter(received_at__gt=latest)


@dataclass(frozen=True, slots=True)
class Worker:
    """When a worker was last seen (None: never), and whether that is longer ago than `SILENT_AFTER`."""

    seen_at: datetime | None
    is_silent: bool


def account_states() -> list[AccountState]:
    """The states of the accounts in the settings that a worker has created; one query."""
    return list(_account_rows())


def paused_accounts() -> list[AccountState]:
    """Those of `account_states()` whose sending is paused, with `waiting`; one query."""
    return list(_account_rows().paused().with_waiting())


def _account_rows() -> AccountQuerySet:
    rows: AccountQuerySet = AccountState.objects.filter(key__in=_keys())
    return rows.order_by("account")


def in_settings(rows: Iterable[AccountState]) -> list[AccountState]:
    """Those of `rows` whose account is in the settings."""
    keys = _keys()
    return [row for row in rows if row.key in keys]


def _keys() -> set[str]:
    return {account.gateway for account in get_settings().accounts.values()}


def worker(states: Sequence[AccountState], now: datetime | None = None) -> Worker:
    """Whether a worker runs, by the times that workers recorded in `states`."""
    seen = max((state.clock for state in states if state.clock), default=None)
    return Worker(seen, seen is None or seen < (now or timezone.now()) - SILENT_AFTER)
