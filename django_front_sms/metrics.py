"""Metrics for Prometheus, read from the database at each scrape (extra `[prometheus]`).

    from django_front_sms import metrics
    path("metrics/front-sms/", metrics.view)      # these metrics alone
    metrics.register()                            # or: beside the site's own, in its registry

In each process the numbers are those of the whole site. A scrape takes fewer than twenty queries, each with an index,
and contains no personal data.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.db.models import Count, Min
from django.db.models.functions import Greatest
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector as _Collector

from django_front_sms.conf import get_settings
from django_front_sms.db.clock import database_now
from django_front_sms.models import (
    DeliveryStatus,
    Event,
    InboundMessage,
    OutboundMessage,
    SendAttempt,
)
from django_front_sms.monitoring import alerts, statistics
from django_front_sms.states import OPEN, State

LATELY = timedelta(hours=1)
SAMPLE = 1000  # attempts whose duration is measured
QUANTILES = (0.5, 0.95, 0.99)

Labels = tuple[str, ...]


class Collector(_Collector):
    """Collects all metrics. If the database cannot be reached, the only one is `front_sms_database_up`, with value
    0."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = ("front_sms_database_up", "Whether the database answers.", ())
        try:
            now = database_now()
            found = [*_queue(now), *_lately(now), *_speed(), *_attention(now), *_backlog()]
        except DatabaseError:
            yield _gauge(*up, {(): 0})
            return
        yield _gauge(*up, {(): 1})
        yield from found

    def describe(self) -> list[GaugeMetricFamily]:
        """Return nothing, so that registering does not query the database, which may not exist yet."""
        return []


def register(registry: CollectorRegistry = REGISTRY) -> Collector:
    """Add these metrics to a registry that the site already exposes."""
    collector = Collector()
    registry.register(collector)
    return collector


@require_safe
@login_not_required
def view(request: HttpRequest) -> HttpResponse:
    """Return these metrics alone, in Prometheus' text format. Let only your own network reach it."""
    registry = CollectorRegistry(auto_describe=False)
    register(registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _gauge(name: str, documentation: str, labels: Labels, values: Mapping[Any, float | None]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, documentation, labels=labels)
    for key, value in values.items():
        if value is not None:
            gauge.add_metric(key, value)
    return gauge


def _of_each(rows: Any, zero: Mapping[Any, float] = {}) -> dict[Labels, float]:
    """Counts by labels, from rows whose last column is the count; `zero` has the labels that must not be missing."""
    return {**zero, **{tuple("" if part is None else str(part) for part in key): count for *key, count in rows}}


def _queue(now: datetime) -> Iterator[GaugeMetricFamily]:
    names = list(get_settings().accounts)
    waiting = OutboundMessage.objects.unfinished().order_by()
    none = {(name, str(state)): 0 for name in names for state in OPEN}
    counts = _of_each(waiting.values_list("account", "state").annotate(Count("pk")), none)
    yield _gauge("front_sms_queue", "Messages that have not left yet.", ("account", "state"), counts)
    due = OutboundMessage.objects.sendable(now).order_by()
    rows = list(due.values_list("account").annotate(Count("pk"), oldest=Min(Greatest("next_at", "created_at"))))
    none_due: dict[Labels, float] = {(name,): 0 for name in names}
    counts = {**none_due, **{(account,): count for account, count, _ in rows}}
    yield _gauge(
        "front_sms_queue_due", "Messages whose time has come, of accounts that are not paused.", ("account",), counts
    )
    ages = {**none_due, **{(account,): (now - oldest).total_seconds() for account, _, oldest in rows}}
    documentation = "How long the oldest of these has been due."
    yield _gauge("front_sms_queue_oldest_due_seconds", documentation, ("account",), ages)


def _lately(now: datetime) -> Iterator[GaugeMetricFamily]:
    latest = statistics.created_since(now - LATELY).order_by()
    none = {(name, str(state)): 0 for name in get_settings().accounts for state in State}
    counts = _of_each(latest.values_list("account", "state").annotate(Count("pk")), none)
    documentation = "Messages of the last hour, by their state now."
    yield _gauge("front_sms_messages_last_hour", documentation, ("account", "state"), counts)
    refused = latest.rejected().filter(error_code__isnull=False)
    counts = _of_each(refused.values_list("account", "error_code").annotate(Count("pk")))
    documentation = "Of these, the rejected ones, by Front's code (2.2)."
    yield _gauge("front_sms_rejected_last_hour", documentation, ("account", "code"), counts)


def _speed() -> Iterator[GaugeMetricFamily]:
    answered = SendAttempt.objects.filter(outcome=SendAttempt.Outcome.ANSWERED, duration__isnull=False).order_by("-pk")
    exchanges = sorted(duration or 0.0 for duration in answered.values_list("duration", flat=True)[:SAMPLE])
    documentation = "Duration of the latest answered attempts, from asking for a connection to the answer."
    yield _gauge("front_sms_exchange_seconds", documentation, ("quantile",), _quantiles(exchanges))
    documentation = "Duration of the latest deliveries, from Front to the phone."
    yield _gauge(
        "front_sms_delivery_seconds", documentation, ("quantile",), _quantiles(statistics.delivery_times().seconds)
    )


def _quantiles(ordered: Any) -> dict[Labels, float | None]:
    last = len(ordered) - 1
    return {(str(part),): ordered[round(last * part)] if ordered else None for part in QUANTILES}


def _attention(now: datetime) -> Iterator[GaugeMetricFamily]:
    states = alerts.account_states()
    counts = {(name,): float(alert.count) for name, alert in alerts.current(now, states=states).items()}
    documentation = "What needs attention: unconfirmed messages, counter gaps and so on, as the dashboard lists them."
    yield _gauge("front_sms_alerts", documentation, ("alert",), counts)
    paused = {state.key for state in states if state.paused_at}
    known = get_settings().accounts
    accounts: dict[Labels, float] = {(name,): account.gateway in paused for name, account in known.items()}
    yield _gauge("front_sms_paused", "Whether sending is paused, because Front refused it.", ("account",), accounts)
    seen = alerts.worker(states, now).seen_at
    silence = {(): (now - seen).total_seconds() if seen else None}
    yield _gauge("front_sms_worker_silent_seconds", "Time since a worker was last seen.", (), silence)


def _backlog() -> Iterator[GaugeMetricFamily]:
    waiting = {
        ("inbound",): InboundMessage.objects.pending().count(),
        ("statuses",): DeliveryStatus.objects.pending().count(),
        ("events",): Event.objects.pending().count(),
    }
    yield _gauge("front_sms_waiting_for_a_worker", "Rows that a worker has still to process.", ("what",), waiting)
