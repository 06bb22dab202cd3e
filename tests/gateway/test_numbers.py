"""Recipients that users write, registered senders, and numbers from Front."""

import pickle
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_front_sms.gateway.numbers import (
    NumberError,
    check_sender,
    complete_psk,
    from_wire,
    mask,
    parse_recipient,
    to_wire,
)

e164 = st.from_regex(r"\+[1-9][0-9]{1,14}", fullmatch=True)


@pytest.mark.parametrize(
    "written",
    [
        "+4799999999",
        "004799999999",
        "0047 999 99 999",
        "0047 99999999",  # §2.1, as the manual writes it
        "+47 999 99 999",
        "99999999",
        "999 99 999",
        "99 99 99 99",
        " 999-99-999 ",
        "(+47) 999.99.999",
        "+47\xa0999\xa099\xa0999",
        "\u202a+47 999 99 999\u202c",
        "９９９９９９９９",
    ],
)
def test_a_norwegian_number_is_understood_however_it_is_written(written):
    assert parse_recipient(written) == "+4799999999"


def test_another_region_completes_national_numbers():
    assert parse_recipient("070-123 45 67", region="SE") == "+46701234567"
    assert parse_recipient("070-123 45 67", region="se") == "+46701234567"


def test_00_means_international_in_every_region():
    assert parse_recipient("004799999999", region="US") == "+4799999999"


@pytest.mark.parametrize("written", ["+4759440000", "+4792000000", "+4700000000"])
def test_a_possible_number_needs_not_be_in_the_numbering_plan(written):
    assert parse_recipient(written) == written


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "Front",
        "26114",
        "2401",
        "+47",
        "+479",
        "+4799999",
        "999999999",
        "+47999999999999999",
        "+999999999999",
        "99999999x1",
        "tel:+4799999999",
        "99999999; 99999998",
        "+4799999999 99999998",
        "9" * 5000,
        "+47\x0099999999",
        "\ud83d",
    ],
)
def test_a_text_that_cannot_be_a_phone_number_is_refused(written):
    with pytest.raises(NumberError) as refused:
        parse_recipient(written)
    assert refused.value.code == "invalid_recipient"


def test_a_region_outside_the_allowed_ones_is_refused():
    assert parse_recipient("+46701234567", allowed_regions=["NO", "SE"]) == "+46701234567"
    with pytest.raises(NumberError) as refused:
        parse_recipient("+46701234567", allowed_regions=["NO"])
    assert refused.value.code == "region_not_allowed"


def test_a_caribbean_number_is_not_in_the_region_us():
    with pytest.raises(NumberError) as refused:
        parse_recipient("+18765551234", allowed_regions=["US"])
    assert refused.value.code == "region_not_allowed"


def test_a_number_outside_the_plan_belongs_to_the_main_region_of_its_country_code():
    assert parse_recipient("+4700000000", allowed_regions={"no"}) == "+4700000000"


def test_no_region_allowed_refuses_every_number():
    with pytest.raises(NumberError) as refused:
        parse_recipient("+4799999999", allowed_regions=[])
    assert refused.value.code == "region_not_allowed"


@given(st.text(max_size=30) | st.text("0123456789 +-()", max_size=20))
def test_a_recipient_is_e164_or_refused(written):
    try:
        parsed = parse_recipient(written)
    except NumberError as refused:
        assert refused.code == "invalid_recipient"
    else:
        assert re.fullmatch(r"\+[1-9][0-9]{4,14}", parsed)
        assert parse_recipient(parsed) == parsed


@given(st.from_regex(r"(\+47|0047|)[0-9]{4,30}", fullmatch=True))
def test_no_error_contains_the_number(written):
    try:
        parse_recipient(written, allowed_regions=[])
    except NumberError as refused:
        assert not re.search("[0-9]{4}", str(refused))


def test_an_error_survives_a_pickle():
    error = pickle.loads(pickle.dumps(NumberError("no", "invalid_sender")))
    assert (str(error), error.code) == ("no", "invalid_sender")


@given(e164)
def test_the_wire_format_is_the_inverse_of_reading(number):
    assert to_wire(number) == "00" + number[1:]
    assert from_wire(to_wire(number)) == number
    assert from_wire(number.replace("+", " ")) == number


@pytest.mark.parametrize(
    "fact", ["+47594400", "26114", "2401", "26114123456789", "Front", "", "+", "00", " ", " Front"]
)
def test_numbers_pushed_by_front_are_never_refused_and_unchanged_otherwise(fact):
    assert from_wire(fact) == fact


@given(st.text())
@example("00٤٧99999999")
@example("004799999999\n")
def test_reading_a_number_never_raises_and_is_idempotent(number):
    assert from_wire(from_wire(number)) == from_wire(number)


@pytest.mark.parametrize(
    ("number", "complete"),
    [
        ("123456789", "26114123456789"),
        ("123450000", "26114123450000"),
        ("12345678", "12345678"),
        ("1234567890", "1234567890"),
        ("12345678a", "12345678a"),
        ("+12345678", "+12345678"),
        ("١٢٣٤٥٦٧٨٩", "١٢٣٤٥٦٧٨٩"),
        ("123456789\n", "123456789\n"),
        ("26114", "26114"),
    ],
)
def test_exactly_nine_digits_get_their_short_code_back(number, complete):
    assert complete_psk(number) == complete


def test_the_short_code_can_be_another():
    assert complete_psk("123456789", "2401") == "2401123456789"


@pytest.mark.parametrize(
    "sender",
    [
        "Mitt Firma",
        "ABCDEFGHIJK",
        "Blåbær ÆØÅ",
        "2401",
        "26114",
        "26114123450000",
        "+4799999999",
        "004799999999",
        "7-Eleven",
    ],
)
def test_a_sender_goes_out_exactly_as_written(sender):
    assert check_sender(sender) == sender


@pytest.mark.parametrize(
    "sender",
    [
        "",
        " ",
        "ABCDEFGHIJKL",
        " Front",
        "Front ",
        "Fr\nont",
        "Fr\0ont",
        "\ud83d",
        "1" * 16,
        "+" + "1" * 16,
        "+47 999 99 999",
    ],
)
def test_a_sender_that_front_cannot_have_registered_is_refused(sender):
    with pytest.raises(NumberError) as refused:
        check_sender(sender)
    assert refused.value.code == "invalid_sender"


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+4799999999", "+47•••••99"),
        ("004799999999", "+47•••••99"),
        ("99999912", "•••••12"),
        ("26114123456789", "•••••89"),
        ("26114", "•••••"),
        ("+4712", "•••••"),
        ("Front", "•••••"),
        ("", "•••••"),
    ],
)
def test_a_masked_number_shows_its_country_and_its_end(number, masked):
    assert mask(number) == masked


@given(st.text())
def test_masking_never_raises_and_shows_at_most_five_characters(number):
    assert len(mask(number).replace("•", "")) <= 5
