"""Requests and answers (§2.1, §2.4), as in the manual, and decoded as they were encoded."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_front_sms.gateway.submit import (
    Answer,
    BulkAnswer,
    BulkSms,
    Malformed,
    Sms,
    decode_answer_json,
    decode_answer_text,
    decode_bulk_answer,
    encode_bulk,
    encode_json,
    encode_query,
    match_recipients,
)
from tests.gateway.front import answer_bulk, answer_json, answer_text, read_bulk, read_json, read_query
from tests.manual import BULK, BULK_EMOJI, POST, POST_EMOJI

e164 = st.from_regex(r"\+[1-9][0-9]{1,14}", fullmatch=True)
latin_1 = st.text(st.characters(max_codepoint=0xFF))
storable = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
codes = st.integers(0, 2**31 - 1)


def messages(text: st.SearchStrategy[str]) -> st.SearchStrategy[Sms]:
    return st.builds(
        Sms,
        service_id=st.integers(0, 10**12),
        sender=text,
        recipient=e164,
        text=text,
        unicode=st.none() | st.booleans(),
        price=st.none() | st.integers(0, 20000),
        password=st.none() | text,
    )


bulks = st.builds(
    BulkSms,
    service_id=st.integers(0, 10**12),
    sender=st.text(),
    recipients=st.lists(e164).map(tuple),
    text=st.text(),
    unicode=st.none() | st.booleans(),
    password=st.none() | st.text(),
)
answers = st.builds(Answer, id=st.none() | st.integers(0, 2**63 - 1), errorcode=codes, description=storable)
bulk_answers = st.builds(
    BulkAnswer,
    errorcode=codes,
    description=storable,
    invalid=st.lists(e164).map(tuple),
    duplicates=st.lists(e164).map(tuple),
)


def test_the_manuals_post_is_read_and_written():
    sms = Sms(service_id=3, sender="26114123450000", recipient="+47999999999", text="Test æøå ÆØÅ", unicode=False)
    assert read_json(POST) == sms
    assert json.loads(encode_json(sms)) == json.loads(POST)


def test_the_manuals_post_with_an_emoji_is_read_and_written():
    sms = Sms(service_id=3, sender="26114123450000", recipient="+47999999999", text="Test 😊", unicode=True)
    assert read_json(POST_EMOJI) == sms
    assert json.loads(encode_json(sms)) == json.loads(POST_EMOJI)


def test_a_post_goes_out_as_plain_utf_8_with_a_number_for_a_service_id():
    sms = Sms(service_id=3, sender="Blåbær", recipient="+4799999999", text="Test 😊")
    assert encode_json(sms) == (
        '{"serviceid": 3, "fromid": "Blåbær", "phoneno": "004799999999", "txt": "Test 😊"}'.encode()
    )


def test_price_and_password_are_parameters():
    sms = Sms(service_id=3, sender="2401", recipient="+4799999999", text="a", price=3000, password="hunter2")
    assert json.loads(encode_json(sms))["price"] == 3000
    assert json.loads(encode_json(sms))["password"] == "hunter2"
    assert encode_query(sms).endswith("&price=3000&password=hunter2")


def test_the_manuals_get_in_latin_1_is_read():
    sms = read_query(b"serviceid=1234&phoneno=004799999999&fromid=26114123450000&txt=Test%20%E6%F8%E5%20%C6%D8%C5")
    assert sms == Sms(service_id=1234, sender="26114123450000", recipient="+4799999999", text="Test æøå ÆØÅ")
    assert encode_query(sms) == (
        "serviceid=1234&phoneno=004799999999&fromid=26114123450000&txt=Test%20%E6%F8%E5%20%C6%D8%C5"
    )


def test_the_manuals_get_in_utf_8_is_read():
    sms = read_query(
        b"serviceid=1234&encoding=utf8&phoneno=00479999999999&fromid=26114123450000"
        b"&txt=Test%20%C3%A6%C3%B8%C3%A5%20%C3%86%C3%98%C3%85"
    )
    assert sms == Sms(service_id=1234, sender="26114123450000", recipient="+479999999999", text="Test æøå ÆØÅ")


def test_the_manuals_get_with_an_emoji_is_read():
    sms = read_query(
        "serviceid=1234&encoding=utf8&unicode=true&phoneno=00479999999999&fromid=26114123450000&txt=Test%20%F0%9F%A4%A3"
    )
    assert sms == Sms(service_id=1234, sender="26114123450000", recipient="+479999999999", text="Test 🤣", unicode=True)
    assert sorted(encode_query(sms).split("&")) == sorted(
        [
            "serviceid=1234",
            "encoding=utf8",
            "unicode=true",
            "phoneno=00479999999999",
            "fromid=26114123450000",
            "txt=Test%20%F0%9F%A4%A3",
        ]
    )


def test_the_manuals_answers_are_read():
    assert decode_answer_json(b'{\n  "id": 145099,\n  "errorcode": 0,\n  "description": "OK"\n}\n') == Answer(
        id=145099, errorcode=0, description="OK"
    )
    refused = b'{\n  "id": 0,\n  "errorcode": 1,\n  "description": "Invalid mobile number"\n}\n'
    assert decode_answer_json(refused) == Answer(id=0, errorcode=1, description="Invalid mobile number")


def test_the_manuals_answer_to_a_get_is_read_and_written():
    answer = Answer(id=145099, errorcode=0, description="")
    assert decode_answer_text(b"ErrorCode=0, ID=145099") == answer
    assert answer_text(answer) == b"ErrorCode=0, ID=145099"


def test_the_manuals_bulk_request_is_read_and_written():
    bulk = BulkSms(service_id=1234, sender="Mitt Firma", recipients=("+4799999999", "+4799999998"), text="Test æøå ÆØÅ")
    assert read_bulk(BULK) == bulk
    assert json.loads(encode_bulk(bulk)) == json.loads(BULK)


def test_the_manuals_bulk_request_with_an_emoji_is_read_and_written():
    bulk = read_bulk(BULK_EMOJI)
    assert (bulk.text, bulk.unicode) == ("Test 😊", True)
    assert json.loads(encode_bulk(bulk)) == json.loads(BULK_EMOJI)


def test_the_manuals_bulk_answer_is_read_and_written():
    body = b'{\n  "errorcode": 0,\n  "description": "OK",\n  "invalidPhoneno": [],\n  "duplicatePhoneno": []\n}\n'
    assert decode_bulk_answer(body) == BulkAnswer(errorcode=0, description="OK")
    assert json.loads(answer_bulk(BulkAnswer(errorcode=0, description="OK"))) == json.loads(body)


def test_the_numbers_a_bulk_answer_left_out_come_as_e164():
    answer = decode_bulk_answer(
        b'{"errorcode": 0, "description": "OK", "invalidPhoneno": ["004712"], "duplicatePhoneno": ["+4799999999"]}'
    )
    assert (answer.invalid, answer.duplicates) == (("+4712",), ("+4799999999",))


@pytest.mark.parametrize("body", [b'{"id":"145102","errorcode":"0"}', b'{"id": " 145102 ", "errorcode": "00"}'])
def test_numbers_in_quotes_are_read_as_inbound_reads_them(body):
    assert decode_answer_json(body) == Answer(id=145102, errorcode=0, description="")
    assert decode_bulk_answer(body).errorcode == 0


RECIPIENTS = ("+4799999999", "+4799999998", "+4690000001", "+4790000001", "+47580000000001")


@pytest.mark.parametrize(
    "entry",
    ['"004799999999"', '"+4799999999"', '"4799999999"', '"99999999"', '"0047 99999999"', "4799999999", "99999999",
     '"(+47) 999 99 999"', '"099999999"'],
)  # fmt: skip
def test_a_number_that_a_bulk_answer_leaves_out_is_the_recipient_with_its_digits(entry):
    answer = decode_bulk_answer(f'{{"errorcode": 0, "invalidPhoneno": [{entry}]}}'.encode())
    assert match_recipients(answer, RECIPIENTS).invalid == ("+4799999999",)


@pytest.mark.parametrize(
    "entry", ['"90000001"', '"12345678"', '""', '"n/a"', '"9999999"', '"799999999"', "0", '"+4499999999"']
)
def test_a_number_that_matches_no_or_two_recipients_is_not_understood(entry):
    for name in ("invalidPhoneno", "duplicatePhoneno"):
        answer = decode_bulk_answer(f'{{"errorcode": 0, "{name}": [{entry}]}}'.encode())
        with pytest.raises(Malformed, match="none of the recipients"):
            match_recipients(answer, RECIPIENTS)


@given(st.lists(e164, unique=True), st.data())
def test_each_recipient_is_found_by_its_international_number(recipients, data):
    left_out = data.draw(st.lists(st.sampled_from(recipients))) if recipients else []
    answer = BulkAnswer(errorcode=0, description="", invalid=tuple(left_out))
    try:
        assert match_recipients(answer, recipients).invalid == tuple(left_out)
    except Malformed:  # a number without its country code may be another number as a whole
        assert len(recipients) > 1


# Each decoder is the reverse of its encoder.


@given(messages(st.text()))
def test_a_json_request_is_decoded_as_it_was_encoded(sms):
    assert read_json(encode_json(sms)) == sms


@given(messages(st.text()))
@example(Sms(service_id=1, sender="+47", recipient="+47", text="a+b&c=d %41?#;€", password="&=+"))
def test_a_get_request_is_decoded_as_it_was_encoded(sms):
    assert read_query(encode_query(sms)) == sms
    assert read_query(encode_query(sms).encode()) == sms


@given(bulks)
def test_a_bulk_request_is_decoded_as_it_was_encoded(bulk):
    assert read_bulk(encode_bulk(bulk)) == bulk


@given(answers)
def test_a_json_answer_is_decoded_as_it_was_encoded(answer):
    assert decode_answer_json(answer_json(answer)) == answer


@given(answers)
def test_a_text_answer_is_decoded_as_it_was_encoded_without_its_description(answer):
    assert decode_answer_text(answer_text(answer)) == Answer(id=answer.id, errorcode=answer.errorcode, description="")


@given(bulk_answers)
def test_a_bulk_answer_is_decoded_as_it_was_encoded(answer):
    assert decode_bulk_answer(answer_bulk(answer)) == answer


# GET: Latin-1 unless something needs UTF-8.


@given(messages(latin_1))
def test_latin_1_texts_are_sent_without_an_encoding(sms):
    assert "encoding=" not in encode_query(sms)


@pytest.mark.parametrize("text", ["10 €", "漢", "😊"])
def test_texts_outside_latin_1_are_sent_as_utf_8_with_an_encoding(text):
    query = encode_query(Sms(service_id=1, sender="A", recipient="+4799999999", text=text))
    assert query.startswith("encoding=utf8&")


def test_a_space_is_20_and_a_plus_is_2b():
    query = encode_query(Sms(service_id=1, sender="+4799999999", recipient="+4799999999", text="a + b"))
    assert "fromid=%2B4799999999" in query and "txt=a%20%2B%20b" in query and "+" not in query


def test_a_plus_in_a_query_is_a_space_and_a_number_gets_its_plus_back():
    sms = read_query("serviceid=1&phoneno=+4799999999&fromid=A&txt=a+b")
    assert (sms.recipient, sms.text) == ("+4799999999", "a b")


@given(st.text("a€\ud83d\ude0a", max_size=20))
def test_lone_surrogates_never_stop_a_request(text):
    sms = Sms(service_id=1, sender="A", recipient="+4799999999", text=text)
    assert read_json(encode_json(sms)).text == read_query(encode_query(sms)).text
    encode_bulk(BulkSms(service_id=1, sender="A", recipients=("+4799999999",), text=text))


# Nothing secret shows.


def test_repr_shows_neither_recipient_text_nor_password():
    sms = Sms(service_id=1, sender="Firma", recipient="+4799999999", text="privat", password="hunter2")
    bulk = BulkSms(service_id=1, sender="Firma", recipients=("+4799999999",), text="privat", password="hunter2")
    answer = BulkAnswer(errorcode=0, description="OK", invalid=("+4799999999",), duplicates=("+4799999999",))
    for shown in map(repr, (sms, bulk, answer)):
        assert not any(secret in shown for secret in ("99999999", "privat", "hunter2"))
    assert "Firma" in repr(sms) and "errorcode=0" in repr(answer)
