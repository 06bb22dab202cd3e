"""Saved texts: which one is taken, and its placeholders."""

from datetime import date, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from django_front_sms import render_text, texts
from django_front_sms.exceptions import InvalidMessage, UnknownAccount
from django_front_sms.models import SavedText

pytestmark = pytest.mark.django_db


def save(text: str, name: str = "appointment", **fields) -> SavedText:
    row = SavedText(name=name, text=text, **fields)
    row.full_clean()
    row.save()
    return row


def test_placeholders_are_filled_in():
    save("Hei {name}, timen din er {time}. {name}!")
    assert render_text("appointment", name="Kari", time="kl. 10", unused=1) == "Hei Kari, timen din er kl. 10. Kari!"


def test_values_are_written_as_they_are_whatever_they_contain():
    save("Hei {name}")
    assert render_text("appointment", name="{time} {{ {% x %} \\1") == "Hei {time} {{ {% x %} \\1"


def test_a_placeholder_may_have_the_name_of_any_argument():
    save("{name} {self} {text}")
    assert render_text("appointment", name="a", self="b", text="c") == "a b c"


def test_a_doubled_brace_is_a_brace():
    save("{{name}} {name}")
    assert render_text("appointment", name="Kari") == "{name} Kari"


@pytest.mark.parametrize("values", [{}, {"name": None}, {"Name": "Kari"}])
def test_a_missing_value_is_refused(values):
    save("Hei {name}")
    with pytest.raises(InvalidMessage, match="name") as raised:
        render_text("appointment", **values)
    assert raised.value.code == "missing_value"


def test_an_empty_value_is_a_value():
    save("Hei {name}!")
    assert render_text("appointment", name="") == "Hei !"


@pytest.mark.parametrize("name", ["other", "Appointment", "appointment ", ""])
def test_an_unknown_text_is_refused(name):
    save("Hei")
    with pytest.raises(InvalidMessage) as raised:
        render_text(name)
    assert raised.value.code == "unknown_text"


def test_an_unknown_account_is_refused():
    save("Hei")
    with pytest.raises(UnknownAccount):
        render_text("appointment", account="nowhere")


def test_the_accounts_own_text_comes_first(settings):
    settings.FRONT_SMS = {"ACCOUNTS": {"default": {"SERVICE_ID": 1}, "second": {"SERVICE_ID": 2}}}
    save("for all"), save("for second", account="second")
    assert render_text("appointment") == "for all"
    assert render_text("appointment", account="second") == "for second"


def test_the_active_language_decides(settings):
    settings.LANGUAGE_CODE = "nb"
    save("any"), save("bokmål", language="nb"), save("english", language="en")
    for language, text in {"nb": "bokmål", "en": "english", "en-gb": "english", "de": "any"}.items():
        with translation.override(language):
            assert render_text("appointment") == text


def test_without_a_text_for_any_language_the_sites_own_is_taken(settings):
    settings.LANGUAGE_CODE = "nb"
    save("bokmål", language="nb")
    with translation.override("de"):
        assert render_text("appointment") == "bokmål"


def test_a_text_in_other_languages_alone_is_unknown(settings):
    settings.LANGUAGE_CODE = "nb"
    save("svenska", language="sv")
    with pytest.raises(InvalidMessage):
        render_text("appointment")


def test_dates_and_times_are_written_in_the_active_language_and_time_zone(settings):
    save("{day} / {at}")
    at = datetime(2026, 3, 2, 8, 30, tzinfo=timezone.get_fixed_timezone(0))
    with translation.override("nb"), timezone.override("Europe/Oslo"):
        assert render_text("appointment", day=date(2026, 3, 2), at=at) == "2. mars 2026 / 2. mars 2026 09:30"


@pytest.mark.parametrize(
    "text", ["{", "}", "{}", "{0}", "{a.b}", "{a[0]}", "{a!r}", "{a:>5}", "{first name}", "{{name}"]
)
def test_braces_that_are_no_placeholder_are_refused_when_saving_and_when_filling_in(text):
    with pytest.raises(ValidationError):
        save(text)
    with pytest.raises(InvalidMessage) as raised:
        texts.fill_text(text, {"a": 1, "name": "Kari"})
    assert raised.value.code == "invalid_placeholder"


def test_the_names_of_placeholders_are_told():
    assert texts.placeholders("{b} {a} {b} {{c}} { å }") == ["b", "a", "å"]


def test_there_is_one_text_for_each_name_account_and_language():
    save("one")
    with pytest.raises(ValidationError):
        save("two")
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedText.objects.create(name="appointment", text="two")
    save("two", language="nb")
