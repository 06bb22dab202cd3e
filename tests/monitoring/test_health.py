"""The health page: 200 where messages go out and come in, 503 where not, and no secret in either."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import path

from django_front_sms import health
from django_front_sms.conf import get_settings
from django_front_sms.models import AccountState, OutboundMessage
from tests.outbox.rows import message

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.monitoring.test_health")]
urlpatterns = [path("health/", health.view), path("ready/", health.ready)]


@pytest.fixture(autouse=True)
def memory(clock) -> AccountState:
    """A worker was here a moment ago."""
    key = get_settings().account("default").gateway
    return AccountState.objects.create(key=key, account="default", clock=clock.database())


def ask(page: str = "/health/") -> tuple[int, dict]:
    response = Client().get(page)
    assert "no-store" in response["Cache-Control"]
    return response.status_code, json.loads(response.content)


def test_a_site_that_works_is_well():
    status, found = ask()
    assert (status, found["ok"]) == (200, True)
    assert {name: part["ok"] for name, part in found["checks"].items()} == dict.fromkeys(
        ["database", "migrations", "worker", "queue", "accounts"], True
    )


def test_a_stopped_worker_is_reported(clock):
    clock.advance(121)
    status, found = ask()
    assert (status, found["checks"]["worker"]) == (503, {"ok": False, "silent_seconds": 121})


def test_the_health_page_reports_that_no_worker_has_run(memory):
    memory.delete()
    assert ask()[1]["checks"]["worker"] == {"ok": False, "silent_seconds": None}


def test_the_health_page_reports_overdue_messages(clock, memory):
    message()
    clock.advance(301)
    AccountState.objects.update(clock=clock.database())
    since = clock.database() - timedelta(seconds=301)
    OutboundMessage.objects.update(next_at=since, created_at=since)
    status, found = ask()
    assert (status, found["checks"]["queue"]) == (503, {"ok": False, "oldest_due_seconds": 301})


def test_a_paused_account_is_reported_with_its_code_and_its_queue_is_not_reported_too(clock, memory):
    message()
    AccountState.objects.update(paused_at=clock.database(), pause_code=13)
    since = clock.database() - timedelta(hours=1)
    OutboundMessage.objects.update(next_at=since, created_at=since)
    status, found = ask()
    assert status == 503
    assert found["checks"]["accounts"] == {"ok": False, "paused": {"default": 13}}
    assert found["checks"]["queue"]["ok"]
    assert ask("/ready/")[0] == 200


def test_an_unapplied_migration_is_reported():
    (last,) = MigrationLoader(connection).graph.leaf_nodes("front_sms")
    MigrationRecorder(connection).record_unapplied(*last)
    status, found = ask("/ready/")
    assert status == 503
    assert found["checks"]["migrations"] == {"ok": False, "missing": [last[1]]}


def test_an_unavailable_database_is_reported_without_its_error_message(monkeypatch):
    def away() -> None:
        raise DatabaseError("host=10.0.0.7 user=front password=hunter2")

    monkeypatch.setattr(health, "database_now", away)
    for page in ("/health/", "/ready/"):
        status, found = ask(page)
        assert status == 503
        assert found == {"ok": False, "checks": {"database": {"ok": False, "error": "DatabaseError"}}}


def test_the_health_page_allows_get_only():
    assert Client().post("/health/").status_code == 405
