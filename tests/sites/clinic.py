"""The example project's clinic with `clinic_settings`; `test_clinic.py` runs these tests in a process of their own."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from django_front_sms.models import OutboundMessage, SavedText
from example_project.clinic.models import Appointment

pytestmark = pytest.mark.django_db

LIST = "/admin/clinic/appointment/"
ADD = "/admin/front_sms/outboundmessage/add/"


@pytest.fixture
def browser() -> Client:
    call_command("seed")
    browser = Client()
    assert browser.login(username="demo", password="demo")
    return browser


def listed(browser: Client, day: str) -> list[str]:
    return [row.patient for row in browser.get(LIST, {"day": day}).context["cl"].result_list]


def write_to_everybody(browser: Client, day: str) -> Any:
    keys = [row.pk for row in browser.get(LIST, {"day": day}).context["cl"].result_list]
    return browser.post(f"{LIST}?day={day}", {"action": "write_sms", "_selected_action": keys}, follow=True)


def test_the_list_shows_tomorrows_appointments(browser):
    first = Appointment.objects.earliest("when")
    Appointment.objects.create(patient="Per Hansen", phone="999 99 996", when=first.when - timedelta(days=1))

    assert listed(browser, "tomorrow") == ["Kari Nordmann", "Ola Nordmann", "Åse Ødegård"]
    assert listed(browser, "today") == ["Per Hansen"]


def test_tomorrows_patients_get_a_text_with_their_own_name_and_time(browser):
    page = write_to_everybody(browser, "tomorrow")
    table = page.context["form"]["table"].value()
    (saved,) = page.context["saved_texts"]
    fields = {"to": "", "table": table, "text": saved.text, "how": "each", "key": "page-1"}
    review = browser.post(ADD, fields, follow=True)
    browser.post(ADD, {**fields, "confirmed": review.context["plan"].digest}, follow=True)

    assert list(OutboundMessage.objects.order_by("pk").values_list("recipient", "text")) == [
        ("+4799999999", "Hei Kari! Du har time hos oss i morgen kl. 09.00."),
        ("+4799999998", "Hei Ola! Du har time hos oss i morgen kl. 10.00."),
        ("+4799999997", "Hei Åse! Du har time hos oss i morgen kl. 11.00."),
    ]


def test_seeding_twice_adds_nothing(browser):
    call_command("seed")
    assert (Appointment.objects.count(), SavedText.objects.count()) == (3, 1)
