"""Stored problems of pushes are shown in the reader's language."""

import re
from pathlib import Path

import pytest
from django.utils.translation import override

import django_front_sms
from django_front_sms.gateway.push import decode_inbound_json, decode_inbound_query, decode_status
from django_front_sms.timeline import problem
from django_front_sms.timeline.problems import _phrase

PACKAGE = Path(django_front_sms.__file__).parent
# The phrases in these modules, of which some begin with the name of a field or end with a number.
SOURCES = ("gateway/lenient.py", "gateway/push.py", "inbox/store.py", "inbox/insert.py", "inbox/process.py")


@pytest.mark.parametrize(
    "text",
    [
        decode_status("status=x&origid=99999999999999999999").problem,
        decode_inbound_query("fromid=2097&phonenr=99999999&txt=a&txt=b&time=x").problem,
        decode_inbound_json(b'{"id": "x", "files": 1, "from": 3}').problem,
        decode_inbound_json(b"[]").problem,
        decode_inbound_json(
            b'{"id": 1, "files": [{"id": "x", "fileData": "*"}, 7], "sent": "2020-01-01 10:00"}'
        ).problem,
        "only the first 10 of 20 bytes could be stored (max_allowed_packet)",
        "possibly the same as #7: only the counter is another",
        "this came before with other content, as #7; text was cut to 80 characters",
        "No message with this id is known.",
        "Front reported both 4 and 5.",
    ],
)
@pytest.mark.parametrize("language", ["nb", "nn"])
def test_no_stored_problem_is_shown_in_english(text, language):
    assert text
    with override(language):
        shown = problem(text)
        assert not [each for each in text.split("; ") if each in shown.split("; ")]
        assert not re.search(r"\b(is|the|was|not|missing|only)\b", shown)


def test_numbers_and_names_of_fields_are_kept():
    text = "file 2: id is missing, fileData is not Base64; counter is not a whole number"
    with override("en"):
        assert problem(text) == text
    with override("nb"):
        assert "2" in problem(text) and "fileData" in problem(text) and "counter" in problem(text)


def test_an_unknown_problem_is_shown_as_it_is_stored():
    with override("nb"):
        assert problem("a problem of an earlier version") == "a problem of an earlier version"
        assert problem("") == ""


def test_every_phrase_of_the_sources_has_a_translation():
    phrases = []
    for source in SOURCES:
        text = (PACKAGE / source).read_text()
        phrases += [f"x {each}" for each in re.findall(r'\.note\(\w+, "([^"]+)"\)', text)]
        phrases += re.findall(r'problems\.append\("([^"]+)"\)', text)
        phrases += [re.sub(r"\{[^}]+\}", "7", each) for each in re.findall(r'problems\.append\(f"([^"]+)"\)', text)]
    phrases = [each for each in phrases if each not in ("77", "7 7")]  # parts of other phrases
    assert len(phrases) > 20
    with override("nb"):
        assert [each for each in phrases if _phrase(each) == each] == []
