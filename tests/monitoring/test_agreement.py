"""The status command, the health page, the metrics and the dashboard agree on what needs attention."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import include, path
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from django_front_sms import health, metrics
from django_front_sms.models import AccountState, CounterGap, RefusedPush
from django_front_sms.monitoring import alerts
from django_front_sms.states import State
from tests.commands.running import read
from tests.configuration import configure
from tests.factories import (
    AccountStateFactory,
    DeliveryStatusFactory,
    EventFactory,
    InboundMessageFactory,
    OutboundMessageFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.monitoring.test_agreement")]
urlpatterns = [
    path("health/", health.view),
    path("metrics/", metrics.view),
    path("", include("tests.urls")),
]

CARDS = {  # of the dashboard, by alert
    "worker_silent": "worker",
    "counter_gaps": "gaps",
    "pushes_too_large": "too_large",
    "events_given_up": "events",
}
STANDSTILL = {"worker_silent", "paused", "overdue"}  # alerts of the health page


@pytest.fixture(autouse=True)
def two_accounts(settings: Any) -> None:
    configure(settings, "other", SERVICE_ID=5678)
    AccountStateFactory(clock=timezone.now())
    AccountStateFactory(clock=timezone.now(), account="other")


def gap() -> None:
    CounterGap.objects.create(account="default", first=1, last=2, shown_at=timezone.now(), announced_at=timezone.now())


def gap_in_its_grace_period() -> None:
    CounterGap.objects.create(account="default", first=1, last=2, shown_at=timezone.now())


def too_large() -> None:
    RefusedPush.objects.create(account="other", purpose="inbound", limit=1)


def silent() -> None:
    AccountState.objects.update(clock=timezone.now() - timedelta(minutes=3))


def overdue(account: str) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    OutboundMessageFactory(account=account, next_at=long_ago, created_at=long_ago)


def one_of_two_paused() -> None:
    AccountStateFactory(paused=True, account="default")
    overdue("default")


def the_other_overdue() -> None:
    one_of_two_paused()
    overdue("other")


def seen_by_metrics() -> set[str]:
    families = text_string_to_metric_families(Client().get("/metrics/").content.decode())
    samples = (sample for family in families for sample in family.samples if sample.name == "front_sms_alerts")
    return {sample.labels["alert"] for sample in samples if sample.value}


def seen_by_the_dashboard() -> set[str]:
    browser = Client()
    browser.force_login(User.objects.create_superuser("boss"))
    page = browser.get("/admin/front_sms/dashboard/")
    names = {card: alert for alert, card in CARDS.items()}
    seen = {names.get(card.key, card.key) for card in page.context["cards"]} - {"unanswered"}  # people, not faults
    return seen | ({"paused"} if "Sending is paused" in page.content.decode() else set())


def seen_by_health() -> set[str]:
    checks = json.loads(Client().get("/health/").content)["checks"]
    names = {"worker": "worker_silent", "queue": "overdue", "accounts": "paused"}
    return {names[name] for name, check in checks.items() if not check["ok"]}


@pytest.mark.parametrize(
    ("happen", "expected"),
    [
        (lambda: None, set()),
        (one_of_two_paused, {"paused"}),
        (the_other_overdue, {"paused", "overdue"}),
        (silent, {"worker_silent"}),
        (lambda: OutboundMessageFactory(unconfirmed=True), {"unconfirmed"}),
        (lambda: OutboundMessageFactory(unconfirmed=True, given_up=True), set()),
        (gap, {"counter_gaps"}),
        (gap_in_its_grace_period, set()),
        (too_large, {"pushes_too_large"}),
        (lambda: EventFactory(subject="out:1", failed=True), {"events_given_up"}),
        (lambda: InboundMessageFactory(problem="no time", received_at=timezone.now()), {"unreadable_inbound"}),
        (
            lambda: DeliveryStatusFactory(
                message=None, status=None, problem="no id", gateway_id=None, received_at=timezone.now()
            ),
            {"unreadable_statuses"},
        ),
        (
            lambda: OutboundMessageFactory(state=State.SENT, gateway_id=5, status_missed_at=timezone.now()),
            {"without_status"},
        ),
    ],
)
def test_all_four_say_the_same(happen: Callable[[], object], expected: set[str]):
    happen()
    report = read("status")
    assert {name for name, count in report["alerts"].items() if count} == expected
    assert report["needs_attention"] is bool(expected)
    assert seen_by_metrics() == expected
    assert seen_by_the_dashboard() == expected
    assert seen_by_health() == expected & STANDSTILL


def test_the_queue_of_a_paused_account_is_not_due():
    one_of_two_paused()
    report = read("status")["queue"]
    assert (report["due"], report["paused"]) == (0, 1)
    families = text_string_to_metric_families(Client().get("/metrics/").content.decode())
    due = {s.labels["account"]: s.value for f in families for s in f.samples if s.name == "front_sms_queue_due"}
    assert due == {"default": 0, "other": 0}


def test_every_alert_has_words_in_the_status_command():
    from django_front_sms.management.subcommands.status import _ALERTS

    assert _ALERTS.keys() == alerts.current().keys()
