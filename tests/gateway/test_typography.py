"""Replacing the typographic characters of word processors by GSM characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_front_sms.gateway import gsm
from django_front_sms.gateway.typography import GSM_EQUIVALENTS, simplify


def test_only_characters_outside_gsm_are_replaced_and_only_by_gsm():
    assert {char for char in GSM_EQUIVALENTS if gsm.is_gsm(char)} == set()
    assert {plain for plain in GSM_EQUIVALENTS.values() if not gsm.is_gsm(plain)} == set()
    assert all(len(char) == 1 for char in GSM_EQUIVALENTS)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("«Hei» “du” ‘der’", '"Hei" "du" \'der\''),
        ("kl. 10–12 — ring…", "kl. 10-12 - ring..."),
        ("10\u00a0000\u202fkr\tnå", "10 000 kr nå"),
        ("\ufeffHemme\u00adlig\u200b", "Hemmelig"),
        ("e\u200c\u0301n\u200d\u2060g\u061c", "éng"),
        ("👨\u200d👩\u200d👧 \u200d!", "👨\u200d👩\u200d👧 !"),
        ("Bla\u030aba\u0308r", "Blåbär"),
        ("én, ò, ç, ë, 👋🏽, ❤️", "én, ò, ç, ë, 👋🏽, ❤️"),
    ],
)
def test_punctuation_from_a_word_processor_is_replaced_and_letters_are_kept(written, plain):
    assert simplify(written) == plain


@given(st.text(st.sampled_from(gsm.BASIC + gsm.EXTENSION)))
def test_gsm_texts_are_unchanged(text):
    assert simplify(text) == text


@given(st.text())
def test_the_replacement_is_idempotent(text):
    assert simplify(simplify(text)) == simplify(text)
