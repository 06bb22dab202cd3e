"""Checks of the broker, the schedule and the worker."""

import django
import pytest
from celery import Celery
from django.core.checks import run_checks

from django_front_sms.checks import TAG
from django_front_sms.checks import site as site_checks
from django_front_sms.events import hints
from django_front_sms.schedule import BEAT_SCHEDULE
from tests.checks.running import found


def test_an_in_memory_broker_is_found_in_production(site):
    site.CELERY_BROKER_URL = "memory://"
    assert found() == ["W004"]


@pytest.mark.parametrize("broker", ["redis://127.0.0.1:6379/0", "rediss://redis.example:6380", "sentinel://10.0.0.1"])
@pytest.mark.parametrize(("seconds", "expected"), [(60, ["W016"]), (599, ["W016"]), (600, []), (3600, []), ("1", [])])
def test_a_visibility_timeout_that_hands_hints_out_twice_is_found(site, broker, seconds, expected):
    site.CELERY_BROKER_URL = broker
    site.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": seconds}
    assert found() == expected


def test_a_visibility_timeout_means_nothing_to_other_brokers(site):
    site.CELERY_BROKER_URL = "amqp://127.0.0.1"
    site.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 1}
    assert found() == []


@pytest.mark.parametrize("schedule", [None, {}, [], {"mine": {"task": "mine", "schedule": 60}}])
def test_a_schedule_without_the_sweep_is_found(site, schedule):
    site.CELERY_BEAT_SCHEDULE = schedule
    assert found() == ["W017"]
    site.FRONT_SMS = {**site.FRONT_SMS, "RETENTION_DAYS": 90}
    assert found() == ["W017", "W017"]


def test_a_schedule_without_the_purge_is_found_where_something_is_to_be_purged(site):
    site.CELERY_BEAT_SCHEDULE = {"sweep": BEAT_SCHEDULE["front-sms-sweep"]}
    assert found() == []
    site.FRONT_SMS = {**site.FRONT_SMS, "RETENTION_DAYS": 90}
    assert found() == ["W017"]


def test_a_schedule_in_the_database_is_not_read(site):
    site.CELERY_BEAT_SCHEDULE = {}
    site.CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
    assert found() == []


def test_a_missing_schedule_is_found_only_with_deploy(site):
    site.CELERY_BEAT_SCHEDULE = {}
    assert [message.id for message in run_checks(tags=[TAG], databases=[])] == []


def test_eager_tasks_send_nothing_without_a_worker(site):
    site.CELERY_TASK_ALWAYS_EAGER = True
    assert found() == ["W019"]
    site.FRONT_SMS = {**site.FRONT_SMS, "WORKER": "command"}
    assert found() == []


def test_a_missing_broker_url_is_found(site, monkeypatch):
    monkeypatch.setattr(site_checks, "has_broker_url", lambda: False)
    assert found() == ["W020"]
    site.FRONT_SMS = {**site.FRONT_SMS, "WORKER": "command"}
    assert found() == []


def test_celerys_own_default_app_has_no_broker_url(monkeypatch):
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    for app, expected in ((Celery("bare", set_as_current=False), False), (Celery("b", broker="redis://x"), True)):
        monkeypatch.setattr(hints, "_celery_app", lambda app=app: app)
        assert hints.has_broker_url() is expected


@pytest.mark.skipif(django.VERSION >= (6, 0), reason="this Django has a task framework")
def test_tasks_of_django_need_a_django_that_has_them(site):
    site.FRONT_SMS = {**site.FRONT_SMS, "WORKER": "tasks"}
    assert found() == ["E025"]


@pytest.mark.parametrize("worker", ["tasks", "command"])
def test_celery_settings_are_not_checked_without_celery(site, worker: str):
    site.FRONT_SMS = {**site.FRONT_SMS, "WORKER": worker}
    site.CELERY_BROKER_URL = "memory://"
    site.CELERY_BEAT_SCHEDULE = {}
    assert not {"W004", "W017"} & set(found())
