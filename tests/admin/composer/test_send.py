"""Sending from the composer: one number, several, and in bulk; a repeated request sends nothing twice."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from django_front_sms import sending
from django_front_sms.admin.composer import forms
from django_front_sms.models import BulkSend, OutboundMessage, Priority
from tests.admin.composer.composer_requests import ADD, LIST, THREE, confirm, messages_after, numbers, review, send
from tests.configuration import configure
from tests.factories import NUMBER, OptOutFactory


def test_one_message_is_reviewed_and_sent(writer):
    page = review(writer, text=" Hei\r\npå deg ")
    assert not OutboundMessage.objects.exists()

    answer = confirm(writer, page)

    sms = OutboundMessage.objects.get()
    assert (sms.recipient, sms.text, sms.sender, sms.state) == (NUMBER, " Hei\npå deg ", "Mitt Firma", "queued")
    assert sms.created_by == page.wsgi_request.user
    assert answer.url == f"{LIST}{sms.pk}/change/"
    assert "1 message is queued" in messages_after(writer, answer)
    assert LogEntry.objects.get().object_id == str(sms.pk)


def test_many_numbers_get_a_message_each_and_the_list_shows_only_these(writer, login):
    sending.send_sms("+4790000000", "Somebody else's")
    answer = send(writer, THREE)
    sending.send_sms("+4790000001", "Somebody else's, later")

    assert numbers()[1:-1] == [NUMBER, "+4791234567", "+4792345678"]
    listed = writer.get(answer.url).context["cl"].result_list
    assert {sms.recipient for sms in listed} == {NUMBER, "+4791234567", "+4792345678"}


def test_bulk_is_one_send_with_its_own_page(writer):
    page = review(writer, THREE, how="bulk")
    answer = confirm(writer, page)

    bulk = BulkSend.objects.get()
    assert (bulk.recipients, bulk.created_by) == (3, page.wsgi_request.user)
    assert {sms.bulk for sms in OutboundMessage.objects.all()} == {bulk}
    assert answer.url == reverse("admin:front_sms_bulksend_change", args=[bulk.pk])
    assert "3 messages are queued" in messages_after(writer, answer)


@pytest.mark.parametrize("how", ["each", "bulk"])
def test_a_second_click_sends_nothing_twice_and_leads_to_the_same_page(writer, settings, how):
    configure(settings, RATE_LIMITS={"per_recipient": "1/h"})
    OptOutFactory(number="+4792345678")
    page = review(writer, THREE, how=how)

    first, second = confirm(writer, page), confirm(writer, page)

    assert first.url == second.url
    assert numbers() == [NUMBER, "+4791234567"]
    assert "1" not in messages_after(writer, second).replace("2 messages are queued.", "")
    assert LogEntry.objects.count() == (2 if how == "each" else 1)


@pytest.mark.parametrize("how", ["each", "bulk"])
def test_two_clicks_at_the_same_moment_send_once(writer, monkeypatch, how):
    page = review(writer, THREE, how=how)
    monkeypatch.setattr(forms.Plan, "_known", lambda plan: [])  # the first has not committed yet
    monkeypatch.setattr(forms.Plan, "_bulk", lambda plan: None)

    first, second = confirm(writer, page), confirm(writer, page, again="yes")

    assert first.url == second.url
    assert len(numbers()) == 3 and BulkSend.objects.count() == (how == "bulk")


def test_the_same_text_from_another_page_is_another_message(writer):
    send(writer, key="page-1")
    confirm(writer, review(writer, key="page-2"), again="yes")

    assert numbers() == [NUMBER, NUMBER]


def test_the_same_page_with_another_text_is_another_message(writer):
    send(writer, text="Kl. 10")
    send(writer, text="Kl. 11")

    assert len(numbers()) == 2


def test_going_back_and_adding_a_number_sends_only_to_that_number(writer):
    send(writer, NUMBER)
    sending.send_sms("+4790000000", "Somebody else's")
    page = review(writer, f"{NUMBER}\n91234567")
    assert "got this very message from here before" in page.content.decode()

    answer = confirm(writer, page)
    assert numbers() == [NUMBER, "+4790000000", "+4791234567"]
    assert {sms.recipient for sms in writer.get(answer.url).context["cl"].result_list} == {NUMBER, "+4791234567"}
    assert LogEntry.objects.count() == 2
    assert "1 message is queued" in messages_after(writer, send(writer, f"{NUMBER}\n91234567\n92345678"))


def test_the_same_key_of_two_users_is_independent(writer, login):
    other = login("view_outboundmessage", "add_outboundmessage")
    send(writer)
    confirm(other, review(other), again="yes")

    assert numbers() == [NUMBER, NUMBER]


def test_times_priority_sender_and_characters_are_those_of_the_form(writer):
    tomorrow = timezone.localtime() + timedelta(days=1)
    written = tomorrow.strftime("%Y-%m-%dT%H:%M")
    later = (tomorrow + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    fields = {"scheduled_at": written, "expires_at": later, "priority": "urgent", "sender": "26114", "unicode": "gsm"}
    send(writer, text="漢", **fields)

    sms = OutboundMessage.objects.get()
    assert timezone.localtime(sms.scheduled_at).strftime("%Y-%m-%dT%H:%M") == written
    assert sms.expires_at - sms.scheduled_at == timedelta(hours=1)
    assert (sms.priority, sms.sender, sms.unicode, sms.text) == (Priority.URGENT, "26114", False, "漢")


def test_another_account_sends_from_its_own_sender(writer, settings):
    configure(settings, "akutt", SERVICE_ID=5, SENDER="Akutten")
    send(writer, account="akutt")

    assert OutboundMessage.objects.values_list("account", "sender").get() == ("akutt", "Akutten")


def test_bulk_leaves_out_opted_out_numbers(writer):
    OptOutFactory(number=NUMBER)
    send(writer, THREE, how="bulk")

    assert BulkSend.objects.get().recipients == 2
    assert numbers() == ["+4791234567", "+4792345678"]


def test_the_number_of_queries_does_not_depend_on_the_number_of_recipients(writer, django_assert_max_num_queries):
    many = "\n".join(f"+4791{number:06}" for number in range(500))
    with django_assert_max_num_queries(12):  # the session and the user, the draft, and so on
        address = writer.post(ADD, {"to": many, "text": "Hei", "key": "page-1"}).url
    with django_assert_max_num_queries(12):
        page = writer.get(address)
    with django_assert_max_num_queries(60):  # a batch of rows is a query
        confirm(writer, page)
    assert len(numbers()) == 500
