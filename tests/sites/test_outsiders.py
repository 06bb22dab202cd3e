"""Every page of the admin for people who may see none of them. `docs/why/security.md` counts them."""

import logging

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tests.sites.crawl import crawl, links, one_of_each, staff

pytestmark = pytest.mark.django_db

logger = logging.getLogger(__name__)

APP = "/admin/front_sms/"
POSTED = ("/action/", "/export/", "/check/", "/session/", "/add/", "/delete/")


def client_of(kind: str) -> Client:
    browser = Client()
    if kind != "anonymous":
        fields = {
            "customer": {},
            "inactive superuser": {"is_staff": True, "is_superuser": True, "is_active": False},
            "staff without permissions": {"is_staff": True},
        }[kind]
        browser.force_login(get_user_model().objects.create(username=kind, **fields))
    return browser


def addresses() -> list[str]:
    """The addresses of this app that any page of a superuser names, those that it posts to included."""
    pages = crawl(staff("superuser"), "/admin/")
    named = set(pages).union(*map(links, pages.values()))
    return sorted(address for address in named if address.startswith(APP) and "jsi18n" not in address)


@pytest.mark.parametrize("kind", ["anonymous", "customer", "inactive superuser", "staff without permissions"])
def test_no_page_opens_for_somebody_who_may_see_none(kind):
    rows = one_of_each()
    numbers, text = {rows["outboundmessage"].recipient, rows["inboundmessage"].sender}, rows["outboundmessage"].text
    pages = addresses()
    browser = client_of(kind)
    logger.info("%d addresses for %s", len(pages), kind)

    assert len(pages) > 100
    for address in pages:
        methods = ("get", "post") if any(part in address for part in POSTED) else ("get",)
        for method in methods:
            answer = getattr(browser, method)(address)
            content = b"".join(answer).decode() if answer.streaming else answer.content.decode()
            harmless = answer.status_code == 200 and "/session/" in address  # a CSRF token, for any member of the staff
            assert harmless or answer.status_code in (302, 403, 404), (method, address)
            assert not any(mark in content for mark in (*numbers, text)), (method, address)
            if kind != "staff without permissions":
                assert answer.status_code == 302 and "/login/" in answer.headers["Location"], (method, address)
