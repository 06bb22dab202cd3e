"""Checks of other settings beside `FRONT_SMS`: proxies, files, URLs and routers."""

from typing import Any

import pytest
from django.core.checks import run_checks

from django_front_sms.checks import TAG
from tests.checks.clients import CompleteClient
from tests.checks.running import found
from tests.checks.valid_settings import ACCOUNT


class Elsewhere:
    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "other" if model._meta.app_label == "front_sms" else None


@pytest.mark.parametrize(
    "changed",
    [{"DEBUG": True, "GATEWAY_URL": "http://127.0.0.1:9900/psk/"}, {"DEBUG": True, "CELERY_BROKER_URL": "memory://"}],
)
def test_development_settings_are_accepted_in_debug_mode(site, changed):
    account = {**ACCOUNT, **({"GATEWAY_URL": changed.pop("GATEWAY_URL")} if "GATEWAY_URL" in changed else {})}
    site.FRONT_SMS = {**site.FRONT_SMS, "ACCOUNTS": {"default": account}}
    for name, value in changed.items():
        setattr(site, name, value)
    assert found() == []


def test_use_tz_false_is_found(site):
    site.USE_TZ = False
    assert found() == ["E020"]


def test_a_client_that_sends_nothing_is_found_in_production(site, monkeypatch):
    monkeypatch.setattr("django_front_sms.gateway.client.Pretence", CompleteClient, raising=False)
    site.FRONT_SMS = {**site.FRONT_SMS, "CLIENT": "django_front_sms.gateway.client.Pretence"}
    assert found() == ["W005"]
    site.DEBUG = True
    assert found() == []


def test_a_custom_client_is_accepted(site):
    site.FRONT_SMS = {**site.FRONT_SMS, "CLIENT": "tests.checks.clients.CompleteClient"}
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https")), ("USE_X_FORWARDED_HOST", True)],
)
def test_a_proxy_that_is_not_counted_is_found(site, name, value):
    setattr(site, name, value)
    assert found() == ["W003"]
    site.FRONT_SMS = {**site.FRONT_SMS, "TRUSTED_PROXY_COUNT": 1}
    assert found() == []
    site.FRONT_SMS = {**site.FRONT_SMS, "TRUSTED_PROXY_COUNT": 0, "WEBHOOK_ALLOWED_IPS": None}
    assert found() == []


def test_files_below_the_folder_that_is_served_are_found_whatever_address_their_storage_gives_them(site):
    options = {"location": f"{site.MEDIA_ROOT}/mms", "base_url": "/private/"}
    backend = "django.core.files.storage.FileSystemStorage"
    site.STORAGES = {**site.STORAGES, "private": {"BACKEND": backend, "OPTIONS": options}}
    assert found() == ["W007"]


@pytest.mark.urls("django.contrib.auth.urls")
def test_urls_without_the_webhooks_are_found(site):
    assert found() == ["W009"]


@pytest.mark.urls("no.such.urls")
def test_urls_that_cannot_be_loaded_are_left_to_django(site):
    assert found() == []


def test_public_files_are_found_only_if_they_are_served(site, tmp_path):
    site.FRONT_SMS = {**site.FRONT_SMS, "MMS_STORAGE": "default"}
    site.MEDIA_URL = ""
    assert found() == []


def test_public_files_are_found_only_with_deploy(site):
    site.FRONT_SMS = {**site.FRONT_SMS, "MMS_STORAGE": "default"}
    assert [message.id for message in run_checks(tags=[TAG], databases=[])] == []


def test_a_router_that_separates_this_app_from_its_users_is_found(site):
    site.DATABASE_ROUTERS = ["tests.checks.test_site.Elsewhere"]
    assert found() == ["E018"]


def test_a_router_that_keeps_them_together_in_another_database_is_right(site):
    site.DATABASE_ROUTERS = ["tests.db.test_routing.AllInSecond"]
    assert found() == []


def test_no_password_and_no_secret_is_shown(site):
    account = {**ACCOUNT, "PASSWORD": ["hunter2"], "GATEWAY_URL": "https://user:hunter2@www.pling.as/"}
    site.FRONT_SMS = {"ACCOUNTS": {"default": account}, "WEBHOOK_SECRETS": "hunter2", "MMS_STORAGE": "private"}
    messages = run_checks(tags=[TAG], databases=[])
    assert {message.id for message in messages} == {"front_sms.E006", "front_sms.E010"}
    assert "hunter2" not in "".join(map(str, messages))
