"""The composer: one number, many, or in bulk; looked over first, and sent once however often somebody clicks."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from django_front_sms import sending
from django_front_sms.admin.composer import forms
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import BulkSend, OptOut, OutboundMessage, Priority, SavedText
from tests.factories import AccountStateFactory
from tests.outbox.helpers import configure

ADD = "/admin/front_sms/outboundmessage/add/"
LIST = "/admin/front_sms/outboundmessage/"
NUMBER = "+4799999999"
THREE = "99999999\n+47 912 34 567; 0047 92 34 56 78"

pytestmark = pytest.mark.django_db


@pytest.fixture
def writer(login) -> Client:
    return login("view_outboundmessage", "view_bulksend", "add_outboundmessage", "add_bulksend")


def look(browser: Client, to: str = "999 99 999", text: str = "Hei på deg", **fields: Any) -> Any:
    """The page that asks, or the form with what is wrong."""
    return browser.post(ADD, {"to": to, "text": text, "how": "each", "key": "page-1", **fields}, follow=True)


def confirm(browser: Client, page: Any, **changes: Any) -> Any:
    """Clicks "Send" on the page that asks."""
    content = page.content.decode()
    assert 'name="confirmed"' in content, errors(page)
    return browser.post(ADD, {**hidden(content), **changes})


def hidden(content: str) -> dict[str, str]:
    import html

    found = re.findall(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?', content)
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def send(browser: Client, *args: Any, **fields: Any) -> Any:
    return confirm(browser, look(browser, *args, **fields))


def errors(page: Any) -> dict[str, Any]:
    return page.context["form"].errors


def told(browser: Client, answer: Any) -> str:
    return " ".join(str(message) for message in browser.get(answer.url).context["messages"])


def numbers() -> list[str]:
    return [message.recipient for message in OutboundMessage.objects.order_by("pk")]


def test_one_message_is_looked_over_and_sent(writer):
    page = look(writer, text=" Hei\r\npå deg ")
    assert not OutboundMessage.objects.exists()

    answer = confirm(writer, page)

    sms = OutboundMessage.objects.get()
    assert (sms.recipient, sms.text, sms.sender, sms.state) == (NUMBER, " Hei\npå deg ", "Mitt Firma", "queued")
    assert sms.created_by == page.wsgi_request.user
    assert answer.url == f"{LIST}{sms.pk}/change/"
    assert "1 message is queued" in told(writer, answer)
    assert LogEntry.objects.get().object_id == str(sms.pk)


def test_many_numbers_get_a_message_each_and_the_list_shows_these_alone(writer, login):
    sending.send_sms("+4790000000", "Somebody else's")
    answer = send(writer, THREE)
    sending.send_sms("+4790000001", "Somebody else's, later")

    assert numbers()[1:-1] == [NUMBER, "+4791234567", "+4792345678"]
    listed = writer.get(answer.url).context["cl"].result_list
    assert {sms.recipient for sms in listed} == {NUMBER, "+4791234567", "+4792345678"}


def test_bulk_is_one_send_with_a_page_of_its_own(writer):
    page = look(writer, THREE, how="bulk")
    answer = confirm(writer, page)

    bulk = BulkSend.objects.get()
    assert (bulk.recipients, bulk.created_by) == (3, page.wsgi_request.user)
    assert {sms.bulk for sms in OutboundMessage.objects.all()} == {bulk}
    assert answer.url == reverse("admin:front_sms_bulksend_change", args=[bulk.pk])
    assert "3 messages are queued" in told(writer, answer)


@pytest.mark.parametrize("how", ["each", "bulk"])
def test_a_second_click_sends_nothing_twice_and_leads_to_the_same_page(writer, settings, how):
    configure(settings, RATE_LIMITS={"per_recipient": "1/h"})
    OptOut.objects.create(number="+4792345678")
    page = look(writer, THREE, how=how)

    first, second = confirm(writer, page), confirm(writer, page)

    assert first.url == second.url
    assert numbers() == [NUMBER, "+4791234567"]
    assert "1" not in told(writer, second).replace("2 messages are queued.", "")
    assert LogEntry.objects.count() == (2 if how == "each" else 1)


@pytest.mark.parametrize("how", ["each", "bulk"])
def test_two_clicks_at_the_same_moment_send_once(writer, monkeypatch, how):
    page = look(writer, THREE, how=how)
    monkeypatch.setattr(forms.Plan, "_known", lambda plan: [])  # the first has not committed yet
    monkeypatch.setattr(forms.Plan, "_bulk", lambda plan: None)

    first, second = confirm(writer, page), confirm(writer, page, again="yes")

    assert first.url == second.url
    assert len(numbers()) == 3 and BulkSend.objects.count() == (how == "bulk")


def test_the_same_text_from_another_page_is_another_message(writer):
    send(writer, key="page-1")
    confirm(writer, look(writer, key="page-2"), again="yes")

    assert numbers() == [NUMBER, NUMBER]


def test_the_same_page_with_another_text_is_another_message(writer):
    send(writer, text="Kl. 10")
    send(writer, text="Kl. 11")

    assert len(numbers()) == 2


def test_who_goes_back_and_adds_a_number_sends_to_that_one_alone(writer):
    send(writer, NUMBER)
    sending.send_sms("+4790000000", "Somebody else's")
    page = look(writer, f"{NUMBER}\n91234567")
    assert "got this very message from here before" in page.content.decode()

    answer = confirm(writer, page)
    assert numbers() == [NUMBER, "+4790000000", "+4791234567"]
    assert {sms.recipient for sms in writer.get(answer.url).context["cl"].result_list} == {NUMBER, "+4791234567"}
    assert LogEntry.objects.count() == 2
    assert "1 message is queued" in told(writer, send(writer, f"{NUMBER}\n91234567\n92345678"))


def test_two_people_with_the_same_page_do_not_meet(writer, login):
    other = login("view_outboundmessage", "add_outboundmessage")
    send(writer)
    confirm(other, look(other), again="yes")

    assert numbers() == [NUMBER, NUMBER]


def test_each_invalid_number_is_listed_with_its_line_and_reason_and_valid_ones_stay(writer, settings):
    configure(settings, ALLOWED_REGIONS=["NO", "SE"])
    OptOut.objects.create(number="+4793456789")
    page = look(writer, "Kari\n99999999, 12\n\n934 56 789\n+45 20 12 34 56\n+47 999 99 999")

    recipients = page.context["recipients"]
    refused = {(entry.line, entry.written): entry.reason for entry in recipients.refused}
    assert [*refused] == [(1, "Kari"), (2, "12"), (4, "934 56 789"), (5, "+45 20 12 34 56")]
    assert "letters" in refused[1, "Kari"] and "digits" in refused[2, "12"]
    assert "opted out" in refused[4, "934 56 789"] and "NO, SE" in refused[5, "+45 20 12 34 56"]
    assert [(entry.line, entry.written) for entry in recipients.repeated] == [(6, "+47 999 99 999")]
    content = page.content.decode()
    assert all(escape(reason) in content for reason in refused.values())

    confirm(writer, page)
    assert numbers() == [NUMBER]


def test_where_no_number_is_left_the_form_comes_back_with_all_that_was_written(writer):
    page = look(writer, "12\nabc", "En tekst som ikke skal bli borte", sender="Firma")

    assert "None of these 2 numbers" in str(errors(page)["to"])
    content = page.content.decode()
    assert "En tekst som ikke skal bli borte" in content and "12\nabc" in content and 'value="Firma"' in content
    assert "The number contains letters" in content


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"text": ""}, "text", "empty"),
        ({"text": " \n"}, "text", "empty"),
        ({"text": "x" * 1025}, "text", "1025 characters"),
        ({"sender": "Altfor langt navn"}, "sender", "11"),
        ({"to": " \n,"}, "to", "at least one"),
        ({"account": "other"}, "account", "other"),
        ({"scheduled_at": "2020-01-01T10:00"}, "scheduled_at", "has passed"),
        ({"scheduled_at": "i morgen"}, "scheduled_at", "valid date"),
        ({"expires_at": "2020-01-01T10:00"}, "expires_at", "expires in the past"),
        (
            {"scheduled_at": "2090-01-02T10:00", "expires_at": "2090-01-01T10:00"},
            "expires_at",
            "expires before its scheduled time",
        ),
        ({"how": "bulk", "scheduled_at": "2090-01-01T10:00"}, "scheduled_at", "Bulk"),
        ({"how": "bulk", "priority": "urgent"}, "priority", "Bulk"),
        ({"how": "bulk", "unicode": "gsm", "text": "漢"}, "unicode", "Bulk"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_written_is_lost(writer, fields, field, words):
    page = look(writer, **{"text": "Hei på deg", **fields})

    assert page.status_code == 200
    assert [*errors(page)] == [field]
    assert words in str(errors(page)[field])
    assert all(escape(value) in page.content.decode() for name, value in fields.items() if name != "account")
    assert not OutboundMessage.objects.exists()


def test_a_list_of_recipients_that_is_too_long_is_an_error(writer, monkeypatch):
    monkeypatch.setattr(forms, "MAX_NUMBERS", 2)

    assert "3 numbers" in str(errors(look(writer, THREE))["to"])


def test_times_priority_sender_and_characters_are_as_they_were_chosen(writer):
    tomorrow = timezone.localtime() + timedelta(days=1)
    written = tomorrow.strftime("%Y-%m-%dT%H:%M")
    later = (tomorrow + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    fields = {"scheduled_at": written, "expires_at": later, "priority": "urgent", "sender": "26114", "unicode": "gsm"}
    send(writer, text="漢", **fields)

    sms = OutboundMessage.objects.get()
    assert timezone.localtime(sms.scheduled_at).strftime("%Y-%m-%dT%H:%M") == written
    assert sms.expires_at - sms.scheduled_at == timedelta(hours=1)
    assert (sms.priority, sms.sender, sms.unicode, sms.text) == (Priority.URGENT, "26114", False, "漢")


def test_another_account_sends_in_its_own_name(writer, settings):
    configure(settings, "akutt", SERVICE_ID=5, SENDER="Akutten")
    send(writer, account="akutt")

    assert OutboundMessage.objects.values_list("account", "sender").get() == ("akutt", "Akutten")


def test_the_cost_is_that_of_all_segments(writer, settings):
    assert "kr" not in look(writer).content.decode()
    configure(settings, PRICE_PER_SEGMENT=Decimal("0.495"))
    page = look(writer, THREE, "x" * 161)

    assert (page.context["plan"].segments, page.context["plan"].cost) == (6, "2.97 kr")
    assert "2.97 kr" in page.content.decode()
    assert "0.50 kr" in look(writer).content.decode()  # half an øre goes up


def test_the_cost_is_written_as_norwegians_do(writer, settings):
    configure(settings, PRICE_PER_SEGMENT=Decimal("1234.5"))
    writer.cookies["django_language"] = "nb"

    assert "1234,50 kr" in look(writer).content.decode()


def test_what_forces_unicode_is_marked_and_made_plain_with_one_click(writer):
    text = "«Hei» – " + "x" * 100
    page = look(writer, text=text)
    content = page.content.decode()
    assert page.context["preview"].segments == 2 and "Make it 1" in content
    assert re.search(r"<mark[^>]*>«</mark>Hei", content)

    page = writer.post(ADD, {**hidden(content), "simplify": "yes"}, follow=True)
    assert page.context["preview"].encoding == "gsm7"
    assert not [*page.context["messages"]]
    confirm(writer, page)
    assert OutboundMessage.objects.get().text == '"Hei" - ' + "x" * 100


def test_what_the_gateway_would_replace_is_shown_replaced(writer):
    page = look(writer, text="Hei 漢字", unicode="gsm")

    assert [re.sub("<[^>]+>", "", page.context["bubble"]), page.context["preview"].replaced] == ["Hei ??", ("漢", "字")]


def test_who_thinks_better_of_it_finds_everything_as_it_was(writer):
    content = look(writer, THREE, "Første linje\nandre", sender="Firma", unicode="gsm").content.decode()
    page = writer.post(ADD, {**hidden(content), "edit": "yes"}, follow=True)

    form = page.context["form"]
    values = {name: form[name].value() for name in ("to", "text", "sender", "unicode")}
    assert values == {"to": THREE, "text": "Første linje\nandre", "sender": "Firma", "unicode": "gsm"}
    assert not OutboundMessage.objects.exists()


def test_whatever_changed_since_it_was_shown_is_shown_again_first(writer):
    page = look(writer, THREE)
    OptOut.objects.create(number=NUMBER)

    again = writer.get(confirm(writer, page).url)
    assert not OutboundMessage.objects.exists()
    assert "Something changed" in again.content.decode()

    confirm(writer, again)
    assert numbers() == ["+4791234567", "+4792345678"]


def test_nothing_is_sent_with_another_text_than_the_one_shown(writer):
    again = writer.get(confirm(writer, look(writer), text="Noe annet").url)

    assert again.status_code == 200 and not OutboundMessage.objects.exists()


def test_an_opt_out_after_the_preview_is_shown_and_asks_for_confirmation_again(writer, monkeypatch):
    page = look(writer, THREE)
    send_many = sending.send_many_sms

    def late(*args: Any, **kwargs: Any) -> Any:
        OptOut.objects.get_or_create(number=NUMBER)
        return send_many(*args, **kwargs)

    monkeypatch.setattr("django_front_sms.admin.composer.plan.send_many_sms", late)
    again = writer.get(confirm(writer, page).url, follow=True)

    assert "opted out" in str(next(iter(again.context["messages"])))
    confirm(writer, again)
    assert numbers() == ["+4791234567", "+4792345678"]


def test_what_the_engine_refuses_at_last_leaves_the_text_on_the_form(writer, monkeypatch):
    page = look(writer)

    def refuse(*args: Any, **kwargs: Any) -> Any:
        OptOut.objects.get_or_create(number=NUMBER)
        raise InvalidMessage("No.", "opted_out")

    monkeypatch.setattr("django_front_sms.admin.composer.plan.send_many_sms", refuse)
    again = writer.get(confirm(writer, page).url, follow=True)

    assert "opted out" in again.content.decode() and "Hei på deg" in again.content.decode()


def test_recipients_over_their_limit_are_listed_by_number(writer, settings):
    configure(settings, RATE_LIMITS={"per_recipient": "1/h"})
    sending.send_sms(NUMBER, "One")
    refused = look(writer, THREE).context["recipients"].refused

    assert [entry.written for entry in refused] == ["99999999"]
    assert "Too many" in refused[0].reason


def test_ignoring_opt_outs_requires_its_permission(writer, login):
    OptOut.objects.create(number=NUMBER)
    assert "ignore_opt_out" not in writer.get(ADD).content.decode()
    assert errors(look(writer, ignore_opt_out="on"))

    chief = login("view_outboundmessage", "add_outboundmessage", "ignore_opt_out_outboundmessage")
    assert "opted out" in look(chief).content.decode()
    send(chief, ignore_opt_out="on")
    assert OutboundMessage.objects.get().ignore_opt_out


def test_bulk_leaves_out_who_opted_out(writer):
    OptOut.objects.create(number=NUMBER)
    send(writer, THREE, how="bulk")

    assert BulkSend.objects.get().recipients == 2
    assert numbers() == ["+4791234567", "+4792345678"]


def test_without_permission_there_is_no_button_and_no_page(viewer):
    assert "Write message" not in viewer.get(LIST).content.decode()
    assert viewer.get(ADD).status_code == 403
    assert look(viewer).status_code == 403
    assert viewer.post(f"{ADD}check/", {"to": NUMBER}).status_code == 403


def test_bulk_needs_a_permission_of_its_own(login):
    clerk = login("view_outboundmessage", "add_outboundmessage")

    assert "Bulk" not in clerk.get(ADD).content.decode()
    assert [*errors(look(clerk, THREE, how="bulk"))] == ["how"]
    assert not BulkSend.objects.exists()


def test_who_may_write_but_not_read_stays_on_the_page(login):
    clerk = login("add_outboundmessage")
    answer = send(clerk)

    assert answer.url == ADD and "1 message is queued" in told(clerk, answer)


def test_the_button_leads_to_the_page(writer):
    assert re.search(rf'href="{ADD}"[^>]*>\s*Write message', writer.get(LIST).content.decode())


def test_who_adds_a_bulk_send_writes_it_in_the_composer(writer, login):
    answer = writer.get("/admin/front_sms/bulksend/add/")

    assert writer.get(answer.url).context["form"]["how"].value() == "bulk"
    clerk = login("view_bulksend", "add_outboundmessage")
    assert "/bulksend/add/" not in clerk.get("/admin/front_sms/bulksend/").content.decode()


def test_a_link_may_say_whom_it_goes_to_and_what_it_says(writer, settings):
    configure(settings, "akutt", SERVICE_ID=5, SENDER="Akutten")
    page = writer.get(f"{ADD}?to=+4799999999&to=%2B4791234567&text=Hei%0Adu&account=akutt&how=bulk")

    form = page.context["form"]
    assert form["to"].value() == f"{NUMBER}\n+4791234567"
    assert [form[name].value() for name in ("text", "account", "how")] == ["Hei\ndu", "akutt", "bulk"]
    assert page.context["preview"].units == 6 and page.context["sender"] == "Akutten"
    assert not OutboundMessage.objects.exists()


def test_each_page_has_a_key_of_its_own(writer):
    first, second = (writer.get(ADD).context["form"]["key"].value() for _ in range(2))

    assert first and first != second


def test_the_numbers_are_checked_while_the_text_is_still_missing(writer):
    OptOut.objects.create(number="+4791234567")
    piece = writer.post(f"{ADD}check/", {"to": "99999999\n912 34 567\n<b>", "text": "", "key": "page"})

    content = piece.content.decode()
    assert 'data-accepted="1"' in content and "opted out" in content
    assert "&lt;b&gt;" in content and "<b>" not in content
    assert writer.get(f"{ADD}check/").status_code == 405


def test_a_paused_account_and_an_override_are_shown_before_sending(writer, settings):
    from django_front_sms.conf import get_settings

    configure(settings, RECIPIENT_OVERRIDE="+4790000000")
    row = AccountStateFactory(paused=True)
    row.key = get_settings().account("default").gateway
    row.save()

    content = look(writer).content.decode()
    assert "Sending is paused" in content and "every SMS goes to +4790000000" in content


def test_nothing_that_was_written_is_run(writer):
    evil = '</textarea><script>alert("1")</script>'
    for page in (look(writer, f"{NUMBER}\n{evil}", evil, unicode="gsm"), look(writer, evil, evil)):
        assert "<script>alert" not in page.content.decode()


def test_no_number_costs_a_query_of_its_own(writer, django_assert_max_num_queries):
    many = "\n".join(f"+4791{number:06}" for number in range(500))
    with django_assert_max_num_queries(12):  # the session and the user, the draft, and so on
        address = writer.post(ADD, {"to": many, "text": "Hei", "key": "page-1"}).url
    with django_assert_max_num_queries(12):
        page = writer.get(address)
    with django_assert_max_num_queries(60):  # a batch of rows is a query
        confirm(writer, page)
    assert len(numbers()) == 500


def test_the_page_that_asks_is_read_by_get_and_going_back_finds_what_was_written(writer):
    page = look(writer, THREE, "Hei igjen")
    assert page.redirect_chain and page.request["REQUEST_METHOD"] == "GET"

    back = writer.get(f"{ADD}?draft=page-1&step=edit").context["form"]
    assert (back["to"].value(), back["text"].value()) == (THREE, "Hei igjen")


def test_a_draft_is_seen_by_its_user_alone(writer, login):
    look(writer)
    other = login("view_outboundmessage", "add_outboundmessage")

    assert other.get(f"{ADD}?draft=page-1&step=edit").context["form"]["text"].value() is None


def test_a_name_beside_a_number_is_read_as_that_number(writer):
    send(writer, "Kari Nordmann 90000026")

    assert numbers() == ["+4790000026"]


def test_each_row_of_a_table_gets_its_own_text_and_problems_are_listed_by_line(writer):
    OptOut.objects.create(number="+4790000028")
    table = (
        "number;name;time\n90000026;Kari;10:30\n12;Ola;11:00\n90000028;Per;12:00\n90000026;Kari;14:00\n90000029;Eva;"
    )
    page = look(writer, "", "Hei {name}, kl. {time}", table=table)

    refused = {entry.line: entry.reason for entry in page.context["recipients"].refused}
    assert [*refused] == [3, 4, 6] and "time" in refused[6]
    assert [entry.line for entry in page.context["recipients"].repeated] == [5]
    confirm(writer, page)
    assert list(OutboundMessage.objects.values_list("recipient", "text")) == [("+4790000026", "Hei Kari, kl. 10:30")]


def test_the_same_text_within_the_duplicate_window_takes_a_second_confirmation(writer):
    send(writer, key="page-1")
    page = look(writer, key="page-2")
    assert [each.number for each in page.context["earlier"]] == [NUMBER]

    confirm(writer, page)
    assert numbers() == [NUMBER]
    confirm(writer, page, again="yes")
    assert numbers() == [NUMBER, NUMBER]


def test_a_repeated_number_of_somebody_who_opted_out_is_not_said_to_get_a_message(writer):
    OptOut.objects.create(number=NUMBER)
    page = look(writer, f"{NUMBER}\n{NUMBER}\n91234567")

    assert "gets no message" in page.context["recipients"].repeated[0].reason


def test_without_permission_to_view_messages_only_own_equal_texts_are_shown(writer, login):
    clerk = login("add_outboundmessage")
    sending.send_sms(NUMBER, "Hei på deg")
    send(writer, key="page-1")
    assert look(clerk, key="page-2").context["earlier"] == []

    send(clerk, key="page-2")
    earlier = look(clerk, key="page-3").context["earlier"]
    assert [each.message for each in earlier] == [OutboundMessage.objects.latest("pk")]
    assert earlier[0].message.created_by.username != "staff0"


def test_saved_texts_are_offered_to_those_who_may_see_them(writer, login):
    SavedText.objects.create(name="Time", text="Velkommen til time")
    assert writer.get(ADD).context["saved_texts"] == []
    assert "Velkommen til time" not in writer.get(ADD).content.decode()

    chief = login("add_outboundmessage", "view_savedtext")
    assert "Velkommen til time" in chief.get(ADD).content.decode()
