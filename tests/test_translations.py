"""Norwegian bokmål and nynorsk ship complete.

Where one of these fails after a change of wording, `python -m tests.translations` brings the catalogues up to date;
fill in what is new, and run it again to compile.
"""

import gettext
import re
import shutil
from pathlib import Path

import pytest
from django.contrib import admin as django_admin
from django.utils import translation

from django_front_sms.admin import django_words
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.states import State
from django_front_sms.timeline import explain
from tests.catalogues import entries, folder, pairs
from tests.conftest import missing
from tests.factories import OutboundMessageFactory
from tests.translations import LANGUAGES, PACKAGE, collect

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w+\}")
DJANGO = Path(django_admin.__file__).parent
# The texts of Django's admin that are in these catalogues.
DJANGOS = [each for each in re.findall(r'"([^"%]+)"\)', Path(django_words.__file__).read_text()) if each != "entries"]
in_each_language = pytest.mark.parametrize("language", LANGUAGES)


@in_each_language
def test_every_text_is_in_norwegian_and_none_is_a_guess(language):
    catalogue = entries(language)

    assert len(catalogue) > 100
    assert [english for english, norwegian in catalogue.items() if not all(norwegian)] == []


@in_each_language
def test_no_translation_lost_what_is_filled_in(language):
    wrong = [
        english
        for both, norwegian in pairs(language).items()
        for english, text in zip(both, norwegian, strict=False)
        if set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(english))
    ]

    assert wrong == []


@in_each_language
def test_the_compiled_catalogue_is_the_one_that_can_be_read(language):
    with (folder(language) / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    stale = [
        english
        for english, norwegian in entries(language).items()
        if norwegian[-1] != (compiled.gettext(english) if len(norwegian) == 1 else compiled.ngettext(english, "", 2))
    ]

    assert stale == []


def test_the_catalogue_has_every_text_of_the_sources(tmp_path):
    if shutil.which("xgettext") is None:
        missing("GNU gettext is not installed (apt-get install gettext)")
    fresh = tmp_path / PACKAGE.name
    shutil.copytree(PACKAGE, fresh, ignore=shutil.ignore_patterns("__pycache__", "static"))

    collect(fresh)

    for language in LANGUAGES:
        assert set(entries(language, fresh)) == set(entries(language))


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_code_of_fronts_is_explained_in_norwegian(code):
    english = explain(code)

    with translation.override("nb"):
        assert explain(code) != english


@in_each_language
@pytest.mark.parametrize("page", ["front_sms/outboundmessage/", "front_sms/optout/add/", "", "logout/", "login/"])
def test_no_text_of_djangos_admin_is_in_english(admin_client, client, language, page):
    asks = client if page == "login/" else admin_client
    send = asks.post if page == "logout/" else asks.get
    OutboundMessageFactory()
    with translation.override("en"):
        shown = send(f"/admin/{page}", headers={"Accept-Language": language}).content.decode()

    assert [text for text in DJANGOS if re.search(rf"\b{re.escape(text)}", shown)] == []


@in_each_language
def test_what_django_itself_translates_is_not_replaced(language):
    ours = entries(language)
    with (DJANGO / "locale" / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        theirs = gettext.GNUTranslations(file)

    for text in DJANGOS:
        assert theirs.gettext(text) in (text, ours[text][0])


def test_a_state_is_a_norwegian_word():
    with translation.override("nb"):
        assert str(State.CANCELLED.label) == "stoppet"
    with translation.override("nn"):
        assert str(State.CANCELLED.label) == "stoppa"


@pytest.mark.parametrize(
    ("language", "heading", "help_text"),
    [
        ("nb", "opprettet", "Et navn, et nummer, begynnelsen eller de siste sifrene"),
        ("nn", "oppretta", "Eit namn, eit nummer, starten eller dei siste sifra"),
    ],
)
def test_the_screens_speak_norwegian(admin_client, language, heading, help_text):
    with translation.override("en"):  # a request leaves its language behind
        page = admin_client.get("/admin/front_sms/outboundmessage/", headers={"Accept-Language": language})

    assert heading in page.content.decode()
    assert help_text in page.content.decode()
