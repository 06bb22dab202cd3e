"""`front_sms urls`: the addresses for Front's portal."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import CommandError
from django.urls import get_script_prefix, resolve, set_script_prefix

from django_front_sms.signing import account_of, webhook_path
from tests.commands.running import read, run


@contextmanager
def override_script_prefix(prefix: str) -> Iterator[None]:
    """A script prefix, as `FORCE_SCRIPT_NAME` sets it."""
    before = get_script_prefix()
    set_script_prefix(prefix)
    try:
        yield
    finally:
        set_script_prefix(before)


def test_the_urls_are_those_that_the_webhooks_answer():
    code, text = run("urls", "--base-url", "https://sms.example.no/")
    status, inbound = re.findall(r"https://sms\.example\.no(/\S+)", text)
    assert code == 0
    assert (status, inbound) == (webhook_path("status"), webhook_path("inbound"))
    assert account_of(resolve(status).kwargs["token"], "status") == "default"
    assert "http://" not in text


def test_the_urls_of_each_account_differ(settings):
    other = {**settings.FRONT_SMS["ACCOUNTS"]["default"], "SERVICE_ID": 99}
    settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNTS": {**settings.FRONT_SMS["ACCOUNTS"], "other": other}}
    found = read("urls", "--base-url", "https://sms.example.no")
    assert found["other"] == {
        "status": f"https://sms.example.no{webhook_path('status', 'other')}",
        "inbound": f"https://sms.example.no{webhook_path('inbound', 'other')}",
    }
    assert len({url for urls in found.values() for url in urls.values()}) == 4
    assert list(read("urls", "--base-url", "https://sms.example.no", "--account", "other")) == ["other"]


@pytest.mark.parametrize("base", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_http_is_accepted_for_this_machine_with_a_warning(base):
    code, text = run("urls", "--base-url", base)
    assert code == 0
    assert "not for Front" in text


@pytest.mark.parametrize(
    ("base", "why"),
    [
        ("http://sms.example.no", "Use https://"),
        ("http://localhost.example.no", "Use https://"),
        ("sms.example.no", "not the address of a site"),
        ("ftp://sms.example.no", "not the address of a site"),
        ("https://sms.example.no/?a=b", "not the address of a site"),
        ("https://user@sms.example.no", "not the address of a site"),
        ("https://[sms.example.no", "not the address of a site"),
    ],
)
def test_an_unsuitable_host_is_refused(base, why):
    with pytest.raises(CommandError, match=why):
        run("urls", "--base-url", base)


def test_an_unknown_account_is_named():
    with pytest.raises(CommandError, match='There is no account "nobody"'):
        run("urls", "--base-url", "https://sms.example.no", "--account", "nobody")


@pytest.mark.urls("django.contrib.auth.urls")
def test_a_site_without_webhook_urls_gets_the_lines_to_add():
    with pytest.raises(CommandError, match=r"include\(.django_front_sms\.urls"):
        run("urls", "--base-url", "https://sms.example.no")


def test_a_script_prefix_is_not_repeated():
    with override_script_prefix("/app/"):
        found = read("urls", "--base-url", "https://sms.example.no/app")["default"]
        assert found["status"] == f"https://sms.example.no{webhook_path('status')}"
    assert found["status"].count("/app/") == 1
    other = read("urls", "--base-url", "https://sms.example.no/app/")["default"]
    assert other["status"] == f"https://sms.example.no/app{webhook_path('status')}"
