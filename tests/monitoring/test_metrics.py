"""Prometheus metrics: the numbers of the whole site from any process, without personal data."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from django_front_sms import metrics
from django_front_sms.models import AccountState, CounterGap, OutboundMessage, SendAttempt
from django_front_sms.states import State
from tests.factories import NUMBER, DeliveryStatusFactory
from tests.outbox.exchange_results import accepted, refused
from tests.outbox.rows import message
from tests.outbox.worker_steps import attempt, claim_one

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/metrics.md"

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.monitoring.test_metrics")]
urlpatterns = [path("metrics/", metrics.view)]


def scraped() -> dict[tuple[str, ...], float]:
    """Each sample as a scraper reads it, by its name and the values of its labels."""
    response = Client().get("/metrics/")
    assert response.status_code == 200
    families = text_string_to_metric_families(response.content.decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_a_queue_is_seen_by_depth_and_age(clock):
    message("1")
    message("2")
    message("3", scheduled_at=clock.database() + timedelta(days=1))
    clock.advance(30)
    found = scraped()
    assert found["front_sms_queue", "default", "queued"] == 3
    assert found["front_sms_queue_due", "default"] == 2
    assert found["front_sms_queue_oldest_due_seconds", "default"] == pytest.approx(30, abs=1)


def test_an_empty_site_has_zeros_and_not_nothing(clock):
    found = scraped()
    assert found["front_sms_database_up",] == 1
    assert found["front_sms_queue", "default", "sending"] == 0
    assert found["front_sms_queue_oldest_due_seconds", "default"] == 0
    assert found["front_sms_messages_last_hour", "default", "rejected"] == 0
    assert found["front_sms_paused", "default"] == 0
    assert ("front_sms_exchange_seconds", "0.5") not in found


def test_outcomes_are_counted_by_state_and_code(clock):
    message("1")
    attempt(accepted())
    message("2")
    attempt(refused(21))
    found = scraped()
    assert found["front_sms_messages_last_hour", "default", "sent"] == 1
    assert found["front_sms_messages_last_hour", "default", "rejected"] == 1
    assert found["front_sms_rejected_last_hour", "default", "21"] == 1
    OutboundMessage.objects.update(created_at=clock.database() - timedelta(hours=2))
    assert scraped()["front_sms_messages_last_hour", "default", "sent"] == 0


def test_delivery_times_are_quantiles(clock):
    for number, seconds in enumerate([1, 2, 3, 4, 100]):
        message(f"{number}")
        took = OutboundMessage.objects.filter(pk=claim_one().message_id)
        there = clock.database() + timedelta(seconds=seconds)
        took.update(state=State.DELIVERED, sent_at=clock.database(), delivered_at=there, next_at=None)
    SendAttempt.objects.update(outcome="answered", duration=0.25)
    found = scraped()
    assert found["front_sms_exchange_seconds", "0.95"] == 0.25
    assert found["front_sms_delivery_seconds", "0.5"] == 3
    assert found["front_sms_delivery_seconds", "0.99"] == 100


def test_trouble_is_seen(clock):
    row = message("1")
    OutboundMessage.objects.filter(pk=row.pk).update(state=State.UNCONFIRMED, next_at=None)
    CounterGap.objects.create(
        account="default", first=1, last=2, shown_at=clock.database(), announced_at=clock.database()
    )
    DeliveryStatusFactory(message=None, process_at=clock.database())
    gateway = metrics.get_settings().account("default").gateway
    seen = clock.database() - timedelta(seconds=90)
    AccountState.objects.create(key=gateway, account="default", paused_at=seen, pause_code=13, clock=seen)
    found = scraped()
    assert found["front_sms_alerts", "unconfirmed"] == 1
    assert found["front_sms_alerts", "counter_gaps"] == 1
    assert found["front_sms_paused", "default"] == 1
    assert found["front_sms_worker_silent_seconds",] == 90
    assert found["front_sms_waiting_for_a_worker", "statuses"] == 1
    AccountState.objects.update(paused_at=None)
    assert scraped()["front_sms_paused", "default"] == 0


def test_an_unavailable_database_is_reported_without_an_exception(monkeypatch):
    def away() -> None:
        raise DatabaseError("host=10.0.0.7 user=front")

    monkeypatch.setattr(metrics, "database_now", away)
    assert scraped() == {("front_sms_database_up",): 0}


def test_a_sites_own_registry_can_have_them(clock):
    registry = CollectorRegistry()
    metrics.register(registry)
    assert registry.get_sample_value("front_sms_queue", {"account": "default", "state": "queued"}) == 0


def test_registering_makes_no_queries(django_assert_num_queries):
    with django_assert_num_queries(0):
        metrics.register(CollectorRegistry(auto_describe=True))


def test_a_scrape_is_a_handful_of_queries_however_much_there_is(clock):
    for number in range(5):
        message(f"{number}")
    with CaptureQueriesContext(connection) as queries:
        scraped()
    assert len(queries) < 20


def test_metrics_contain_no_personal_data(clock):
    message("Hemmelig")
    claim_one()
    text = Client().get("/metrics/").content.decode()
    assert NUMBER[1:] not in text
    assert "Hemmelig" not in text


@pytest.mark.skipif(not PAGE.exists(), reason="the documentation is not here")
def test_every_metric_is_documented_with_its_labels():
    documented = dict(re.findall(r"^\| `(front_sms_\w+)` \|([^|]*)\|", PAGE.read_text(), re.MULTILINE))
    families = {family.name: family for family in metrics.Collector().collect()}
    assert documented.keys() == families.keys()
    for name, labels in documented.items():
        assert tuple(re.findall(r"`(\w+)`", labels)) == tuple(families[name]._labelnames), name
