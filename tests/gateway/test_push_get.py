"""GET pushes (§2.5.2): Latin-1, plus signs, PSK sub-numbers, and unreadable parameters."""

import pytest

from django_front_sms.gateway.push import InboundPush, decode_inbound_query, encode_inbound_query
from tests.manual import GET


def test_an_unescaped_plus_before_a_number_is_restored():
    push = decode_inbound_query("fromid=+47594400&phonenr=+4799999999&txt=a+b&time=1&countnr=1")
    assert (push.recipient, push.sender, push.text) == ("+47594400", "+4799999999", "a b")


def test_a_sub_number_that_begins_with_00_is_no_international_number():
    assert decode_inbound_query("fromid=001000000").recipient == "26114001000000"


def test_the_short_code_may_be_missing():
    push = decode_inbound_query("fromid=26114&phonenr=Front&txt=&time=1077181484&countnr=157")
    assert (push.recipient, push.sender, push.text, push.keyword, push.problem) == ("26114", "Front", "", "", "")


@pytest.mark.parametrize("query", [GET, GET.encode(), "?" + GET])
def test_a_query_may_be_text_or_bytes(query):
    assert decode_inbound_query(query).problem == ""


def test_bytes_without_percent_encoding_are_latin_1_too():
    assert decode_inbound_query("txt=æøå".encode("latin-1")).text == "æøå"
    assert decode_inbound_query("txt=æøå").text == "æøå"


def test_characters_outside_latin_1_are_sent_as_question_marks():
    push = InboundPush("get", recipient="26114", sender="Front", text="10 € 😊")
    assert "txt=10%20%3F%20%3F" in encode_inbound_query(push)


@pytest.mark.parametrize(
    ("parameter", "problem"),
    [
        ("time=", "time is not a whole number"),
        ("time=2004-02-19", "time is not a whole number"),
        ("time=-1", "time is not a plausible time"),
        ("time=1077181484000", "time is not a plausible time"),
        ("time=" + "9" * 18, "time is not a plausible time"),
        ("time=" + "9" * 5000, "time is beyond 64 bits"),
        ("time=1077181484.5", "time is not a whole number"),
    ],
)
def test_a_unix_time_that_cannot_be_read_is_none_and_named(parameter, problem):
    push = decode_inbound_query(GET.replace("time=1077181484", parameter))
    assert (push.sent, push.problem, push.counter) == (None, problem, 157)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (
            "",
            "fromid is missing; phonenr is missing; txt is missing; time is missing; countnr is missing",
        ),
        (GET.replace("countnr=157", "countnr=many"), "countnr is not a whole number"),
        (GET + "&txt=other", "txt is given more than once, the last was taken"),
        (GET + "%00", "code has characters that cannot be stored"),
        (GET + "&x=1" * 20_000, "there are more than 10000 parameters, the others were not read"),
    ],
)
def test_unreadable_parameters_of_a_get_push_are_named(query, problem):
    assert decode_inbound_query(query).problem == problem
