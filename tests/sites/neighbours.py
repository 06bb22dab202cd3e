"""Other apps beside this one, and other themes of the admin; run by `tox -e neighbours`."""

import pytest
from django.conf import settings
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command

from django_front_sms import events, send_sms
from django_front_sms.models import OutboundMessage
from django_front_sms.testing import FrontSMS
from tests.sites.crawl import crawl, one_of_each, staff, work

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", ["viewer", "operator", "manager", "superuser"])
def test_every_page_opens(role):
    rows = one_of_each()
    pages = crawl(staff(role), "/admin/front_sms/")

    for model, row in rows.items():
        assert f"/admin/front_sms/{model}/{row.pk}/change/" in pages


def test_every_list_opens_with_each_of_its_filters():
    one_of_each()
    browser = staff("superuser")
    for model in ("outboundmessage", "inboundmessage", "deliverystatus", "bulksend", "countergap", "event", "optout"):
        listed = browser.get(f"/admin/front_sms/{model}/").context["cl"]
        for spec in listed.filter_specs:
            for choice in spec.choices(listed):
                assert browser.get(f"/admin/front_sms/{model}/{choice['query_string']}").status_code == 200


def test_staff_write_stop_reply_and_export():
    work(staff("manager"), "/admin/")


def test_django_finds_nothing_wrong_with_these_settings():
    call_command("check", "--fail-level", "ERROR")


def test_a_message_is_sent_delivered_and_answered():
    with FrontSMS() as front:
        message = send_sms("+4790012345", "Hei")
        front.push_status(message, 4)
        answer = front.receive_sms("+4790012345", "Ja")
    message.refresh_from_db()

    assert [sms.text for sms in front.outbox] == ["Hei"]
    assert message.state == "delivered" and answer.text == "Ja"


@pytest.mark.skipif("django_tasks_db" not in settings.INSTALLED_APPS, reason="django-tasks-db is not installed")
@pytest.mark.django_db(transaction=True)
def test_the_worker_of_djangos_tasks_sends_a_message():
    with FrontSMS():
        message = send_sms("+4790012345", "Hei")
        events.publish("dispatch")
        call_command("db_worker", batch=True, startup_delay=False)
        message.refresh_from_db()

    assert message.state == "sent"


def test_the_theme_is_the_one_that_was_asked_for():
    assert not settings.THEME or settings.THEME in settings.INSTALLED_APPS
    assert OutboundMessage.objects.count() == 0


def test_a_user_logs_in_by_the_other_apps_backends(rf):
    user = get_user_model().objects.create_user("kari", password="secret")

    assert authenticate(rf.post("/"), username="kari", password="secret") == user
