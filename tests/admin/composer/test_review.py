"""The review page of the composer: cost, characters, and changes after it was shown."""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from django_front_sms import sending
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import OptOut, OutboundMessage
from tests.admin.composer.composer_requests import ADD, THREE, confirm, hidden, numbers, review, send
from tests.configuration import configure
from tests.factories import NUMBER, AccountStateFactory, OptOutFactory


def test_the_cost_is_that_of_all_segments(writer, settings):
    assert " kr" not in review(writer).content.decode()  # with the space: random tokens have none
    configure(settings, PRICE_PER_SEGMENT=Decimal("0.495"))
    page = review(writer, THREE, "x" * 161)

    assert (page.context["plan"].segments, page.context["plan"].cost) == (6, "2.97 kr")
    assert "2.97 kr" in page.content.decode()
    assert "0.50 kr" in review(writer).content.decode()  # half an øre goes up


def test_the_cost_is_in_norwegian_format(writer, settings):
    configure(settings, PRICE_PER_SEGMENT=Decimal("1234.5"))
    writer.cookies["django_language"] = "nb"

    assert "1234,50 kr" in review(writer).content.decode()


def test_characters_that_require_unicode_are_marked_and_can_be_simplified(writer):
    text = "«Hei» – " + "x" * 100
    page = review(writer, text=text)
    content = page.content.decode()
    assert page.context["preview"].segments == 2 and "Make it 1" in content
    assert re.search(r"<mark[^>]*>«</mark>Hei", content)

    page = writer.post(ADD, {**hidden(content), "simplify": "yes"}, follow=True)
    assert page.context["preview"].encoding == "gsm7"
    assert not [*page.context["messages"]]
    confirm(writer, page)
    assert OutboundMessage.objects.get().text == '"Hei" - ' + "x" * 100


def test_the_preview_shows_characters_as_the_gateway_replaces_them(writer):
    page = review(writer, text="Hei 漢字", unicode="gsm")

    assert [re.sub("<[^>]+>", "", page.context["bubble"]), page.context["preview"].replaced] == ["Hei ??", ("漢", "字")]


def test_going_back_from_the_review_page_keeps_all_values(writer):
    content = review(writer, THREE, "Første linje\nandre", sender="Firma", unicode="gsm").content.decode()
    page = writer.post(ADD, {**hidden(content), "edit": "yes"}, follow=True)

    form = page.context["form"]
    values = {name: form[name].value() for name in ("to", "text", "sender", "unicode")}
    assert values == {"to": THREE, "text": "Første linje\nandre", "sender": "Firma", "unicode": "gsm"}
    assert not OutboundMessage.objects.exists()


def test_changes_since_the_review_page_must_be_confirmed_again(writer):
    page = review(writer, THREE)
    OptOutFactory(number=NUMBER)

    again = writer.get(confirm(writer, page).url)
    assert not OutboundMessage.objects.exists()
    assert "Something changed" in again.content.decode()

    confirm(writer, again)
    assert numbers() == ["+4791234567", "+4792345678"]


def test_nothing_is_sent_with_another_text_than_the_one_shown(writer):
    again = writer.get(confirm(writer, review(writer), text="Noe annet").url)

    assert again.status_code == 200 and not OutboundMessage.objects.exists()


def test_an_opt_out_after_the_preview_is_shown_and_asks_for_confirmation_again(writer, monkeypatch):
    page = review(writer, THREE)
    send_many = sending.send_many_sms

    def late(*args: Any, **kwargs: Any) -> Any:
        OptOut.objects.get_or_create(number=NUMBER)
        return send_many(*args, **kwargs)

    monkeypatch.setattr("django_front_sms.admin.composer.plan.send_many_sms", late)
    again = writer.get(confirm(writer, page).url, follow=True)

    assert "opted out" in str(next(iter(again.context["messages"])))
    confirm(writer, again)
    assert numbers() == ["+4791234567", "+4792345678"]


def test_an_error_while_sending_keeps_the_text_on_the_form(writer, monkeypatch):
    page = review(writer)

    def refuse(*args: Any, **kwargs: Any) -> Any:
        OptOut.objects.get_or_create(number=NUMBER)
        raise InvalidMessage("No.", "opted_out")

    monkeypatch.setattr("django_front_sms.admin.composer.plan.send_many_sms", refuse)
    again = writer.get(confirm(writer, page).url, follow=True)

    assert "opted out" in again.content.decode() and "Hei på deg" in again.content.decode()


def test_a_paused_account_and_an_override_are_shown_before_sending(writer, settings):
    from django_front_sms.conf import get_settings

    configure(settings, RECIPIENT_OVERRIDE="+4790000000")
    row = AccountStateFactory(paused=True)
    row.key = get_settings().account("default").gateway
    row.save()

    content = review(writer).content.decode()
    assert "Sending is paused" in content and "every SMS goes to +4790000000" in content


def test_scripts_in_the_text_are_not_executed(writer):
    evil = '</textarea><script>alert("1")</script>'
    for page in (review(writer, f"{NUMBER}\n{evil}", evil, unicode="gsm"), review(writer, evil, evil)):
        assert "<script>alert" not in page.content.decode()


def test_the_review_page_is_opened_by_get_and_going_back_keeps_the_text(writer):
    page = review(writer, THREE, "Hei igjen")
    assert page.redirect_chain and page.request["REQUEST_METHOD"] == "GET"

    back = writer.get(f"{ADD}?draft=page-1&step=edit").context["form"]
    assert (back["to"].value(), back["text"].value()) == (THREE, "Hei igjen")


def test_the_same_text_within_the_duplicate_window_requires_a_second_confirmation(writer):
    send(writer, key="page-1")
    page = review(writer, key="page-2")
    assert [each.number for each in page.context["earlier"]] == [NUMBER]

    confirm(writer, page)
    assert numbers() == [NUMBER]
    confirm(writer, page, again="yes")
    assert numbers() == [NUMBER, NUMBER]


def test_a_repeated_opted_out_number_is_not_listed_as_a_recipient(writer):
    OptOutFactory(number=NUMBER)
    page = review(writer, f"{NUMBER}\n{NUMBER}\n91234567")

    assert "gets no message" in page.context["recipients"].repeated[0].reason


# ---- Quiet hours


NOTICE = "Quiet hours: it goes out at Nov. 30, 2026 08:00."


@pytest.fixture
def night(settings) -> Iterator[None]:
    """It is 22:00 in Oslo, and quiet until 08:00."""
    configure(settings, QUIET_HOURS=("21:00", "08:00"))
    with time_machine.travel(datetime(2026, 11, 29, 22, tzinfo=ZoneInfo("Europe/Oslo")), tick=False):
        yield


@pytest.mark.parametrize(
    ("fields", "is_shown"),
    [
        ({}, True),
        ({"priority": "urgent"}, False),
        ({"how": "bulk"}, True),
        ({"scheduled_at": "2026-11-30T07:30"}, True),
        ({"scheduled_at": "2026-11-30T09:30"}, False),
    ],
)
def test_the_end_of_quiet_hours_is_shown_for_messages_that_wait_for_it(night, writer, fields, is_shown):
    assert (NOTICE in review(writer, THREE, **fields).content.decode()) is is_shown


def test_the_form_knows_the_end_of_the_quiet_hours_of_each_account(night, writer, settings):
    configure(settings, "lunch", SERVICE_ID=5678, QUIET_HOURS=("11:30", "12:30"))
    config = writer.get(ADD).context["config"]

    assert config["quiet"] == {"default": "Nov. 30, 2026 08:00"}
    assert config["words"]["quiet"].replace("{when}", config["quiet"]["default"]) == NOTICE


def test_during_the_day_nothing_is_said_of_quiet_hours(writer, settings):
    configure(settings, QUIET_HOURS=("21:00", "08:00"))
    with time_machine.travel(datetime(2026, 11, 29, 12, tzinfo=ZoneInfo("Europe/Oslo")), tick=False):
        assert "Quiet hours" not in review(writer).content.decode()
        assert writer.get(ADD).context["config"]["quiet"] == {}
