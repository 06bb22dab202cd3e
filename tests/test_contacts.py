"""Names for numbers, from the site's own code, which may fail."""

import logging

import pytest
from django.db import connection

from django_front_sms import contacts
from django_front_sms.contacts import Contacts
from django_front_sms.models import SavedText

KARI, OLA = "+4799999999", "+4799999998"
calls: list[list[str]] = []


class People(Contacts):
    def labels(self, numbers):
        calls.append(list(numbers))
        return {KARI: "Kari Nordmann", "+4700000000": "somebody else"}

    def search(self, text):
        return [KARI, KARI, OLA] if text == "kari" else []

    def url(self, number):
        return f"/people/{number}/"


class Broken(Contacts):
    def labels(self, numbers):
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

    search = url = labels


class Wrong(Contacts):
    def labels(self, numbers):
        return None

    def search(self, text):
        return None


@pytest.fixture(autouse=True)
def no_calls():
    calls.clear()


def use(settings, name: str) -> None:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "CONTACTS": f"tests.test_contacts.{name}"}


def test_without_the_setting_numbers_have_no_names():
    assert (contacts.labels([KARI]), contacts.search("kari"), contacts.url(KARI)) == ({}, [], None)


def test_a_page_of_numbers_is_one_call_with_each_number_once(settings):
    use(settings, "People")
    assert contacts.labels([KARI, "", OLA, KARI]) == {KARI: "Kari Nordmann"}
    assert calls == [[KARI, OLA]]
    assert contacts.labels([]) == {} and len(calls) == 1


def test_people_are_found_by_name_and_have_a_page(settings):
    use(settings, "People")
    assert contacts.search(" kari ") == [KARI, OLA] and contacts.search(" ") == []
    assert contacts.url(KARI) == f"/people/{KARI}/" and contacts.url("") is None


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["Broken", "Wrong", "Missing"])
def test_a_failure_breaks_no_page_and_no_transaction_and_logs_no_number(settings, caplog, name):
    use(settings, name)
    with caplog.at_level(logging.ERROR, "django_front_sms.contacts"):
        assert (contacts.labels([KARI]), contacts.search("kari")) == ({}, [])
    SavedText.objects.count()  # on PostgreSQL, a failed query breaks the transaction that it is in
    assert len(caplog.records) == 2 and KARI not in caplog.text


@pytest.mark.django_db
def test_the_base_class_has_no_contacts(settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "CONTACTS": "django_front_sms.contacts.Contacts"}
    assert (contacts.labels([KARI]), contacts.search("kari"), contacts.url(KARI)) == ({}, [], None)
