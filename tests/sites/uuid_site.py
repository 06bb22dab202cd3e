"""A site with `uuid_settings`; `test_uuid_users.py` runs these tests in a process of their own."""

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from django_front_sms.models import OptOut, OutboundMessage
from tests.sites.crawl import crawl, one_of_each, staff, work

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", ["operator", "superuser"])
def test_every_page_opens(role):
    rows = one_of_each()
    user = get_user_model().objects.create(username="writer")
    OutboundMessage.objects.update(created_by=user)
    browser = staff(role)
    # Beside other apps only the pages of this one: those of django-phone-verify fail with such users.
    pages = crawl(browser, "/admin/front_sms/" if hasattr(settings, "THEME") else "/admin/")

    assert browser.get("/admin/").status_code == 200
    assert f"/admin/front_sms/outboundmessage/{rows['outboundmessage'].pk}/change/" in pages


def test_staff_write_stop_reply_and_export_and_are_in_the_history():
    browser = staff("manager")

    work(browser, "/admin/")

    user = get_user_model().objects.get(is_staff=True)
    sms = OutboundMessage.objects.earliest("pk")
    assert sms.created_by == user and OptOut.objects.get().created_by == user
    assert user.username in browser.get(f"/admin/front_sms/outboundmessage/{sms.pk}/history/").content.decode()


def test_many_messages_lead_to_a_list_of_the_senders_own():
    browser = staff("operator")
    data = {"to": "90012345\n90012346", "text": "Hei", "how": "each", "key": "page-2"}
    page = browser.post("/admin/front_sms/outboundmessage/add/", data, follow=True)
    digest = page.context["plan"].digest
    led = browser.post("/admin/front_sms/outboundmessage/add/", {**data, "confirmed": digest}, follow=True)

    assert led.status_code == 200 and len(led.context["cl"].result_list) == 2


@pytest.fixture
def _rest(settings):
    """The REST API is in the URLs of the site beside other apps, and in none other here."""
    if settings.ROOT_URLCONF == "tests.urls":
        settings.ROOT_URLCONF = "tests.rest.urls"


@pytest.mark.usefixtures("_rest")
def test_rest_keeps_who_sent_a_message():
    user = get_user_model().objects.create(username="machine", is_superuser=True)
    browser = APIClient()
    browser.force_authenticate(user)
    made = browser.post("/api/sms/messages/", {"to": "+4790012345", "text": "Hei"}, headers={"idempotency-key": "1"})

    assert made.status_code in (201, 202), made.content
    assert OutboundMessage.objects.get().created_by == user
