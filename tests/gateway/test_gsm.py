"""§2.1: septets, code units and segments, against the tables of GSM 03.38 and a simple splitter."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_front_sms.gateway import gsm
from django_front_sms.gateway.gsm import Preview, is_gsm, preview, replace, segments, well_formed

# Unicode's own mapping of GSM 03.38, row by row; 0x1B is ESC.
TABLE = [
    *[0x40, 0xA3, 0x24, 0xA5, 0xE8, 0xE9, 0xF9, 0xEC, 0xF2, 0xC7, 0x0A, 0xD8, 0xF8, 0x0D, 0xC5, 0xE5],
    *[0x394, 0x5F, 0x3A6, 0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8, 0x3A3, 0x398, 0x39E, None, 0xC6, 0xE6, 0xDF, 0xC9],
    *[0x20, 0x21, 0x22, 0x23, 0xA4, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x2D, 0x2E, 0x2F],
    *range(0x30, 0x40),
    *[0xA1, *range(0x41, 0x5B), 0xC4, 0xD6, 0xD1, 0xDC, 0xA7],
    *[0xBF, *range(0x61, 0x7B), 0xE4, 0xF6, 0xF1, 0xFC, 0xE0],
]
BASIC = {chr(point) for point in TABLE if point is not None}
EXTENSION = set("^{}\\[~]|\N{EURO SIGN}\f")

gsm_text = st.text(st.sampled_from(sorted(BASIC) + sorted(EXTENSION) * 4), max_size=700)
any_text = gsm_text | st.text(max_size=300) | st.text(st.sampled_from("aæ€😊漢^\ud83d\ude0a\x1bç"), max_size=400)


def split(costs: list[int], single: int, part: int) -> list[int]:
    """Return the units in each segment, adding one character at a time."""
    if sum(costs) <= single:
        return [sum(costs)] if costs else []
    sizes = [0]
    for cost in costs:
        if sizes[-1] + cost > part:
            sizes.append(0)
        sizes[-1] += cost
    return sizes


def plainly(text: str) -> tuple[str, int, int, int]:
    """Return encoding, segments, units and remaining units, by the simple splitter."""
    text = well_formed(text)
    if all(char in BASIC | EXTENSION for char in text):
        encoding, single, part = "gsm7", 160, 153
        costs = [2 if char in EXTENSION else 1 for char in text]
    else:
        encoding, single, part = "ucs2", 70, 67
        costs = [2 if ord(char) > 0xFFFF else 1 for char in text]
    sizes = split(costs, single, part)
    room = part if len(sizes) > 1 else single
    return encoding, len(sizes), sum(costs), room - (sizes[-1] if sizes else 0)


def test_the_tables_are_those_of_gsm_03_38():
    assert len(TABLE) == 128
    assert set(gsm.BASIC) == BASIC and len(gsm.BASIC) == 127
    assert set(gsm.EXTENSION) == EXTENSION and len(gsm.EXTENSION) == 10


def test_exactly_the_characters_of_the_tables_are_gsm():
    assert {chr(point) for point in range(0x110000) if is_gsm(chr(point))} == BASIC | EXTENSION


@pytest.mark.parametrize("text", ["æøåÆØÅ", "Ç", "ΔΦΓΛΩΠΨΣΘΞ", "\r\n", "¤", "[€]"])
def test_norwegian_capital_cedilla_greek_and_brackets_are_gsm(text):
    assert is_gsm(text)


@pytest.mark.parametrize("text", ["ç", "\x1b", "\t", "\0", "α", "Α", "😊", "`", "’", "\xa0", "\ud83d"])
def test_small_cedilla_escape_tab_and_emoji_are_not(text):
    assert not is_gsm(text)


@given(any_text)
@example("a" * 152 + "€" + "b" * 10)
@example("a" * 66 + "😊" + "b" * 10)
@example("a" * 67 + "\ud83d" + "b" * 10)
def test_counting_agrees_with_a_simple_splitter(text):
    shown = preview(text)
    assert (shown.encoding, shown.segments, shown.units, shown.units_left) == plainly(text)
    assert segments(text) == shown.segments


@given(any_text, st.sampled_from([None, True, False]), st.sampled_from(["?", "", "€", "..", " "]))
def test_the_fast_count_equals_the_preview(text, unicode, replacement):
    shown = preview(text, unicode=unicode, replacement=replacement)
    assert segments(text, unicode, replacement=replacement) == shown.segments


@given(any_text)
def test_unicode_true_and_none_give_the_same_result(text):
    assert preview(text, unicode=True) == preview(text)


@pytest.mark.parametrize(
    ("text", "count", "left"),
    [
        ("a" * 160, 1, 0),
        ("a" * 161, 2, 145),
        ("a" * 306, 2, 0),
        ("a" * 307, 3, 152),
        ("€" * 80, 1, 0),
        ("€" * 80 + "a", 2, 144),
        ("Ω" * 160, 1, 0),
        ("a" * 1024, 7, 47),
        ("漢" * 70, 1, 0),
        ("漢" * 71, 2, 63),
        ("漢" * 134, 2, 0),
        ("漢" * 135, 3, 66),
        ("😊" * 35, 1, 0),
    ],
)
def test_160_then_153_septets_and_70_then_67_code_units(text, count, left):
    assert (preview(text).segments, preview(text).units_left) == (count, left)


def test_an_extension_character_is_not_split_between_segments():
    straddling = "a" * 152 + "€" + "b" * 151
    assert preview(straddling).units == 305
    assert (preview(straddling).segments, preview(straddling).units_left) == (2, 0)
    assert preview(straddling + "b").segments == 3


def test_a_surrogate_pair_is_not_split_between_segments():
    straddling = "漢" * 66 + "😊" + "漢" * 65
    assert preview(straddling).units == 133
    assert (preview(straddling).segments, preview(straddling).units_left) == (2, 0)


def test_an_empty_text_has_no_segment_and_a_whole_one_free():
    for unicode in (None, True, False):
        assert preview("", unicode=unicode) == Preview("gsm7", 0, 0, 160, (), "")
        assert segments("", unicode) == 0


def test_norwegian_letters_do_not_make_a_text_unicode():
    assert preview("Test æøå ÆØÅ").encoding == "gsm7"


def test_without_unicode_the_preview_shows_what_is_lost_once_and_in_order():
    shown = preview("ç😊 ok 😊漢", unicode=False)
    assert shown.replaced == ("ç", "😊", "漢")
    assert shown.text == "?? ok ??"
    assert (shown.encoding, shown.units) == ("gsm7", 8)


def test_with_unicode_nothing_is_replaced():
    assert preview("Test 😊", unicode=True) == Preview("ucs2", 1, 7, 63, (), "Test 😊")


@given(any_text)
def test_replacing_keeps_a_gsm_text_and_makes_every_other_text_gsm(text):
    assert is_gsm(replace(text))
    assert (replace(text) == text) == is_gsm(text)


def test_a_replacement_outside_gsm_is_refused():
    with pytest.raises(ValueError, match="outside the GSM alphabet"):
        replace("a", "…")


def test_a_replacement_is_not_read_as_a_pattern():
    assert replace("ç", "\\") == "\\"


@given(
    st.text(st.characters(exclude_categories=()), max_size=50)
    | st.text(st.sampled_from("a\ud83d\ude0a😊"), max_size=20)
)
def test_lone_surrogates_become_one_character_and_pairs_are_joined(text):
    sound = well_formed(text)
    sound.encode("utf-8")
    assert len(sound.encode("utf-16-le")) == len(text.encode("utf-16-le", "surrogatepass"))
    assert preview(text) == preview(sound)


def test_a_lone_surrogate_arrives_as_the_replacement_character():
    assert preview("a\ud83d").text == "a\ufffd"
    assert preview("a\ud83d", unicode=False).text == "a?"
    assert preview("\ud83d\ude0a").text == "😊"
