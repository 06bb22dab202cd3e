"""The form of the composer: recipients, errors beside their fields, and values from the address."""

import pytest
from django.utils.html import escape

from django_front_sms import sending
from django_front_sms.admin.composer import forms
from django_front_sms.models import OutboundMessage
from tests.admin.composer.composer_requests import ADD, THREE, confirm, errors, numbers, review, send
from tests.configuration import configure
from tests.factories import NUMBER, OptOutFactory


def test_each_invalid_number_is_listed_with_its_line_and_reason_and_valid_ones_stay(writer, settings):
    configure(settings, ALLOWED_REGIONS=["NO", "SE"])
    OptOutFactory(number="+4793456789")
    page = review(writer, "Kari\n99999999, 12\n\n934 56 789\n+45 20 12 34 56\n+47 999 99 999")

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


def test_without_a_valid_number_the_form_is_shown_again_with_all_values(writer):
    page = review(writer, "12\nabc", "En tekst som ikke skal bli borte", sender="Firma")

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
def test_errors_are_shown_beside_their_fields_and_all_values_are_kept(writer, fields, field, words):
    page = review(writer, **{"text": "Hei på deg", **fields})

    assert page.status_code == 200
    assert [*errors(page)] == [field]
    assert words in str(errors(page)[field])
    assert all(escape(value) in page.content.decode() for name, value in fields.items() if name != "account")
    assert not OutboundMessage.objects.exists()


def test_a_list_of_recipients_that_is_too_long_is_an_error(writer, monkeypatch):
    monkeypatch.setattr(forms, "MAX_NUMBERS", 2)

    assert "3 numbers" in str(errors(review(writer, THREE))["to"])


def test_recipients_over_their_limit_are_listed_by_number(writer, settings):
    configure(settings, RATE_LIMITS={"per_recipient": "1/h"})
    sending.send_sms(NUMBER, "One")
    refused = review(writer, THREE).context["recipients"].refused

    assert [entry.written for entry in refused] == ["99999999"]
    assert "Too many" in refused[0].reason


def test_a_link_can_prefill_the_recipients_and_the_text(writer, settings):
    configure(settings, "akutt", SERVICE_ID=5, SENDER="Akutten")
    page = writer.get(f"{ADD}?to=+4799999999&to=%2B4791234567&text=Hei%0Adu&account=akutt&how=bulk")

    form = page.context["form"]
    assert form["to"].value() == f"{NUMBER}\n+4791234567"
    assert [form[name].value() for name in ("text", "account", "how")] == ["Hei\ndu", "akutt", "bulk"]
    assert page.context["preview"].units == 6 and page.context["sender"] == "Akutten"
    assert not OutboundMessage.objects.exists()


def test_each_page_has_its_own_key(writer):
    first, second = (writer.get(ADD).context["form"]["key"].value() for _ in range(2))

    assert first and first != second


def test_the_numbers_are_checked_while_the_text_is_still_missing(writer):
    OptOutFactory(number="+4791234567")
    piece = writer.post(f"{ADD}check/", {"to": "99999999\n912 34 567\n<b>", "text": "", "key": "page"})

    content = piece.content.decode()
    assert 'data-accepted="1"' in content and "opted out" in content
    assert "&lt;b&gt;" in content and "<b>" not in content
    assert writer.get(f"{ADD}check/").status_code == 405


def test_a_name_before_a_number_is_ignored(writer):
    send(writer, "Kari Nordmann 90000026")

    assert numbers() == ["+4790000026"]


def test_each_row_of_a_table_gets_its_own_text_and_problems_are_listed_by_line(writer):
    OptOutFactory(number="+4790000028")
    table = (
        "number;name;time\n90000026;Kari;10:30\n12;Ola;11:00\n90000028;Per;12:00\n90000026;Kari;14:00\n90000029;Eva;"
    )
    page = review(writer, "", "Hei {name}, kl. {time}", table=table)

    refused = {entry.line: entry.reason for entry in page.context["recipients"].refused}
    assert [*refused] == [3, 4, 6] and "time" in refused[6]
    assert [entry.line for entry in page.context["recipients"].repeated] == [5]
    confirm(writer, page)
    assert list(OutboundMessage.objects.values_list("recipient", "text")) == [("+4790000026", "Hei Kari, kl. 10:30")]
