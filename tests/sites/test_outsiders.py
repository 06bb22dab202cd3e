"""Every page of the admin for people who may see none of them. `docs/why/security.md` counts them."""

import logging
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tests.sites.crawl import crawl, links, one_of_each, staff

pytestmark = pytest.mark.django_db

logger = logging.getLogger(__name__)

APP = "/admin/front_sms/"
POSTED = ("/action/", "/export/", "/check/", "/session/", "/add/", "/delete/")


OUTSIDERS: dict[str, dict[str, Any] | None] = {
    "anonymous": None,
    "customer": {},
    "inactive superuser": {"is_staff": True, "is_superuser": True, "is_active": False},
    "staff without permissions": {"is_staff": True},
}


def client_of(kind: str) -> Client:
    browser = Client()
    fields = OUTSIDERS[kind]
    if fields is not None:
        browser.force_login(get_user_model().objects.create(username=kind, **fields))
    return browser


def addresses() -> list[str]:
    """The addresses of this app that any page of a superuser names, those that it posts to included."""
    pages = crawl(staff("superuser"), "/admin/")
    named = set(pages).union(*map(links, pages.values()))
    return sorted(address for address in named if address.startswith(APP) and "jsi18n" not in address)


def test_no_page_opens_for_somebody_who_may_see_none():
    rows = one_of_each()
    marks = (rows["outboundmessage"].recipient, rows["inboundmessage"].sender, rows["outboundmessage"].text)
    pages = addresses()

    assert len(pages) > 100
    for kind in OUTSIDERS:
        browser = client_of(kind)
        logger.info("%d addresses for %s", len(pages), kind)
        for address in pages:
            methods = ("get", "post") if any(part in address for part in POSTED) else ("get",)
            for method in methods:
                assert_refused(getattr(browser, method)(address), kind, marks)


def assert_refused(answer: Any, kind: str, marks: tuple[str, ...]) -> None:
    asked = kind, answer.request["REQUEST_METHOD"], answer.request["PATH_INFO"]
    content = b"".join(answer).decode() if answer.streaming else answer.content.decode()
    harmless = answer.status_code == 200 and "/session/" in asked[-1]  # a CSRF token, for any member of the staff
    assert harmless or answer.status_code in (302, 403, 404), asked
    assert not any(mark in content for mark in marks), asked
    if kind != "staff without permissions":
        assert answer.status_code == 302 and "/login/" in answer.headers["Location"], asked
