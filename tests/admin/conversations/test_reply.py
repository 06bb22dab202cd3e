"""Replies from the page of a conversation."""

import re

import pytest
from django.contrib.admin.models import LogEntry

from django_front_sms.models import OutboundMessage, SavedText
from tests.admin.conversations.conversation_page import BOTH, address, answer, bubbles, page_content, reply_fields
from tests.admin.conversations.conversation_rows import KARI, OLA, PSK, inbound, outbound
from tests.factories import OptOutFactory

pytestmark = pytest.mark.django_db


def test_a_reply_is_sent_from_the_number_that_received_the_message_and_has_an_author(writer):
    sms = inbound()

    reply = answer(writer, sms, "Ja, det går fint.\r\nHilsen oss")

    (sent,) = OutboundMessage.objects.all()
    assert (sent.recipient, sent.sender, sent.reply_to) == (KARI, PSK, sms)
    assert sent.text == "Ja, det går fint.\nHilsen oss" and sent.created_by.username.startswith("staff")
    assert reply.headers["Location"] == address(sent)
    assert LogEntry.objects.get().object_id == str(sent.pk)


def test_without_inbound_messages_a_reply_is_sent_from_the_latest_sender(writer):
    outbound(sender="Front", seconds=1)
    latest = outbound(sender="Mitt Firma", seconds=2)

    assert "You write as <b>Mitt Firma</b>" in page_content(writer, latest)
    answer(writer, latest, "Hei igjen")

    assert OutboundMessage.objects.get(text="Hei igjen").sender == "Mitt Firma"


def test_a_reply_answers_the_message_shown_on_the_page_although_a_newer_one_arrived(writer):
    asked = inbound(seconds=1, recipient="26114000000001")
    fields = reply_fields(page_content(writer, asked))
    inbound(seconds=2, recipient="26114000000002")

    writer.post(address(asked), {**fields, "text": "Svar"})

    assert OutboundMessage.objects.get().sender == "26114000000001"


def test_another_conversations_message_cannot_be_answered_from_here(writer):
    sms, other = inbound(), inbound(OLA)

    answer(writer, sms, "Svar", answering=other.pk)

    assert not OutboundMessage.objects.filter(recipient=OLA).exists()


def test_a_double_click_sends_once(writer):
    sms = inbound()
    fields = {**reply_fields(page_content(writer, sms)), "text": "Ja"}

    for _ in range(3):
        writer.post(address(sms), fields)

    assert OutboundMessage.objects.count() == 1


@pytest.mark.parametrize("made_up", [{"key": "\0"}, {"key": "k" * 500}, {"answering": "9" * 5000}, {"answering": "x"}])
def test_changed_hidden_fields_do_not_prevent_a_reply(writer, made_up):
    question = inbound()

    assert writer.post(address(question), {"text": "Hei", **made_up}).status_code == 302

    assert OutboundMessage.objects.get().reply_to == question


def test_a_second_text_from_the_same_page_must_be_confirmed_and_is_then_sent(writer):
    sms = inbound()
    fields = reply_fields(page_content(writer, sms))
    writer.post(address(sms), {**fields, "text": "Ja"})

    again = writer.post(address(sms), {**fields, "text": "Nei"}, headers={"Accept": "application/json"}).json()
    writer.post(address(sms), {**fields, "text": "Nei", "key": again["key"]})

    assert "Send this one again" in again["failure"]
    assert [*OutboundMessage.objects.order_by("pk").values_list("text", flat=True)] == ["Ja", "Nei"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 1025])
def test_a_reply_that_cannot_be_sent_shows_the_error_and_keeps_the_text(writer, text):
    sms = inbound()

    page, script = answer(writer, sms, text), answer(writer, sms, text, script=True)

    assert page.status_code == 200 and f">{text}</textarea>" in page.content.decode()
    assert script.status_code == 400 and script.json()["failure"] in page.content.decode()
    assert not OutboundMessage.objects.exists()


def test_a_json_request_gets_the_sent_message_and_a_new_key(writer):
    sms = inbound()
    before = reply_fields(page_content(writer, sms))

    reply = writer.post(address(sms), {**before, "text": "Ja"}, headers={"Accept": "application/json"}).json()

    assert reply["sent"] == f"o{OutboundMessage.objects.get().pk}" and reply["key"] not in ("", before["key"])


def test_an_alphanumeric_sender_cannot_be_answered_and_the_page_says_so(writer):
    sms = inbound("Vipps")

    content = page_content(writer, sms)

    assert "not from a number that can be answered" in content and re.search(r"<textarea[^>]* disabled", content)
    assert answer(writer, sms, "Hei", script=True).status_code == 400
    assert not OutboundMessage.objects.exists()


def test_an_opted_out_number_cannot_be_answered_and_the_page_says_so(writer):
    sms = inbound(text="STOPP")
    OptOutFactory(number=KARI, sender=PSK)

    content = page_content(writer, sms)

    assert f"They opted out of messages from {PSK}" in content and re.search(r"<textarea[^>]* disabled", content)
    assert answer(writer, sms, "Hei", script=True).status_code == 400
    assert not OutboundMessage.objects.exists()


def test_an_opt_out_from_another_sender_does_not_prevent_a_reply(writer):
    sms = inbound()
    OptOutFactory(number=KARI, sender="Front")

    assert "opted out" not in page_content(writer, sms)


def test_a_conversation_of_a_removed_account_can_be_read_but_not_answered(writer):
    sms = outbound(account="gone", text="Hei")

    content = page_content(writer, sms)

    assert bubbles(content) == ["Hei"] and "no longer in the settings" in content
    assert answer(writer, sms, "Hei", script=True).status_code == 400


@pytest.mark.parametrize("within", [True, False], ids=["on the page", "further back"])
def test_the_sender_is_that_of_the_message_that_they_answered_wherever_it_is(writer, within):
    answered = outbound(KARI, 0, sender="Legesenter")
    for second in range(1, 3 if within else 60):
        outbound(KARI, second)
    row = inbound(KARI, 100, in_reply_to=answered)

    assert "You write as <b>Legesenter</b>" in page_content(writer, row)


def test_an_old_inbound_message_is_answered_after_many_outbound_messages(writer):
    theirs = inbound(KARI, 0)
    for second in range(1, 60):
        row = outbound(KARI, second)

    assert reply_fields(page_content(writer, row))["answering"] == str(theirs.pk)


def test_saved_texts_require_the_permission_to_view_them(writer, login):
    SavedText.objects.create(name="Time", text="Velkommen til time")
    sms = inbound()
    assert writer.get(address(sms), {"part": "texts"}).json() == {"texts": []}

    chief = login(*BOTH, "add_outboundmessage", "view_savedtext")
    assert chief.get(address(sms), {"part": "texts"}).json() == {
        "texts": [{"name": "Time", "text": "Velkommen til time"}]
    }


@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}])
def test_a_reply_that_is_posted_twice_is_in_the_history_once(writer, headers):
    sms = inbound()
    fields = {**reply_fields(page_content(writer, sms)), "text": "Ja"}
    for _ in range(2):
        assert writer.post(address(sms), fields, headers=headers).status_code in (200, 302)

    assert LogEntry.objects.get().object_id == str(OutboundMessage.objects.get().pk)
