"""§2.1 and §2.4: requests and answers, byte for byte as the manual has them, and each the reverse of the other."""

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
    UnknownEncoding,
    decode_answer_json,
    decode_answer_text,
    decode_bulk,
    decode_bulk_answer,
    decode_json,
    decode_query,
    encode_answer_json,
    encode_answer_text,
    encode_bulk,
    encode_bulk_answer,
    encode_json,
    encode_query,
    parse_json,
    parse_query,
)

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


# What the manual shows, verbatim.

POST = """\
{
  "serviceid": 3,
  "fromid": "26114123450000",
  "phoneno": "0047999999999",
  "txt": "Test æøå ÆØÅ",
  "unicode": false
}
""".encode()

POST_EMOJI = """\
{
  "serviceid": 3,
  "fromid": "26114123450000",
  "phoneno": "0047999999999",
  "txt": "Test 😊",
  "unicode": true
}
""".encode()

BULK = """\
{
  "serviceid": 1234,
  "phoneno": ["004799999999", "004799999998"],
  "txt": "Test æøå ÆØÅ",
  "fromid": "Mitt Firma"
}
""".encode()

BULK_EMOJI = """\
{
  "serviceid": 1234,
  "phoneno": ["004799999999", "004799999998"],
  "txt": "Test 😊",
  "unicode": true,
  "fromid": "Mitt Firma"
}
""".encode()


def test_the_manuals_post_is_read_and_written():
    sms = Sms(service_id=3, sender="26114123450000", recipient="+47999999999", text="Test æøå ÆØÅ", unicode=False)
    assert decode_json(POST) == sms
    assert json.loads(encode_json(sms)) == json.loads(POST)


def test_the_manuals_post_with_an_emoji_is_read_and_written():
    sms = Sms(service_id=3, sender="26114123450000", recipient="+47999999999", text="Test 😊", unicode=True)
    assert decode_json(POST_EMOJI) == sms
    assert json.loads(encode_json(sms)) == json.loads(POST_EMOJI)


def test_a_post_goes_out_as_plain_utf_8_with_a_number_for_a_service_id():
    sms = Sms(service_id=3, sender="Blåbær", recipient="+4799999999", text="Test 😊")
    assert encode_json(sms) == (
        '{"serviceid": 3, "fromid": "Blåbær", "phoneno": "004799999999", "txt": "Test 😊"}'.encode()
    )


def test_price_and_password_stand_beside_the_others():
    sms = Sms(service_id=3, sender="2401", recipient="+4799999999", text="a", price=3000, password="hunter2")
    assert json.loads(encode_json(sms))["price"] == 3000
    assert json.loads(encode_json(sms))["password"] == "hunter2"
    assert encode_query(sms).endswith("&price=3000&password=hunter2")


def test_the_manuals_get_in_latin_1_is_read():
    sms = decode_query(b"serviceid=1234&phoneno=004799999999&fromid=26114123450000&txt=Test%20%E6%F8%E5%20%C6%D8%C5")
    assert sms == Sms(service_id=1234, sender="26114123450000", recipient="+4799999999", text="Test æøå ÆØÅ")
    assert encode_query(sms) == (
        "serviceid=1234&phoneno=004799999999&fromid=26114123450000&txt=Test%20%E6%F8%E5%20%C6%D8%C5"
    )


def test_the_manuals_get_in_utf_8_is_read():
    sms = decode_query(
        b"serviceid=1234&encoding=utf8&phoneno=00479999999999&fromid=26114123450000"
        b"&txt=Test%20%C3%A6%C3%B8%C3%A5%20%C3%86%C3%98%C3%85"
    )
    assert sms == Sms(service_id=1234, sender="26114123450000", recipient="+479999999999", text="Test æøå ÆØÅ")
    assert encode_query(sms, "utf8").endswith("&txt=Test%20%C3%A6%C3%B8%C3%A5%20%C3%86%C3%98%C3%85")


def test_the_manuals_get_with_an_emoji_is_read():
    sms = decode_query(
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
    assert encode_answer_text(answer) == b"ErrorCode=0, ID=145099"


def test_the_manuals_bulk_request_is_read_and_written():
    bulk = BulkSms(service_id=1234, sender="Mitt Firma", recipients=("+4799999999", "+4799999998"), text="Test æøå ÆØÅ")
    assert decode_bulk(BULK) == bulk
    assert json.loads(encode_bulk(bulk)) == json.loads(BULK)


def test_the_manuals_bulk_request_with_an_emoji_is_read_and_written():
    bulk = decode_bulk(BULK_EMOJI)
    assert (bulk.text, bulk.unicode) == ("Test 😊", True)
    assert json.loads(encode_bulk(bulk)) == json.loads(BULK_EMOJI)


def test_the_manuals_bulk_answer_is_read_and_written():
    body = b'{\n  "errorcode": 0,\n  "description": "OK",\n  "invalidPhoneno": [],\n  "duplicatePhoneno": []\n}\n'
    assert decode_bulk_answer(body) == BulkAnswer(errorcode=0, description="OK")
    assert json.loads(encode_bulk_answer(BulkAnswer(errorcode=0, description="OK"))) == json.loads(body)


def test_the_numbers_a_bulk_answer_left_out_come_as_e164():
    answer = decode_bulk_answer(
        b'{"errorcode": 0, "description": "OK", "invalidPhoneno": ["004712"], "duplicatePhoneno": ["+4799999999"]}'
    )
    assert (answer.invalid, answer.duplicates) == (("+4712",), ("+4799999999",))


# Each decoder is the reverse of its encoder.


@given(messages(st.text()))
def test_a_json_request_survives_the_wire(sms):
    assert decode_json(encode_json(sms)) == sms


@given(messages(st.text()))
@example(Sms(service_id=1, sender="+47", recipient="+47", text="a+b&c=d %41?#;€", password="&=+"))
def test_a_get_survives_the_wire(sms):
    assert decode_query(encode_query(sms)) == sms
    assert decode_query(encode_query(sms).encode()) == sms


@given(messages(latin_1), st.sampled_from(["iso-8859-1", "utf8", "utf-8"]))
def test_a_get_in_a_given_encoding_survives_the_wire_and_says_it(sms, encoding):
    query = encode_query(sms, encoding)
    assert f"encoding={encoding}" in query.split("&")
    assert decode_query(query) == sms


@given(bulks)
def test_a_bulk_request_survives_the_wire(bulk):
    assert decode_bulk(encode_bulk(bulk)) == bulk


@given(answers)
def test_a_json_answer_survives_the_wire(answer):
    assert decode_answer_json(encode_answer_json(answer)) == answer


@given(answers)
def test_a_text_answer_survives_the_wire_but_for_its_description(answer):
    assert decode_answer_text(encode_answer_text(answer)) == Answer(
        id=answer.id, errorcode=answer.errorcode, description=""
    )


@given(bulk_answers)
def test_a_bulk_answer_survives_the_wire(answer):
    assert decode_bulk_answer(encode_bulk_answer(answer)) == answer


# GET: Latin-1 unless something needs UTF-8.


@given(messages(latin_1))
def test_what_latin_1_holds_goes_without_an_encoding(sms):
    assert "encoding=" not in encode_query(sms)


@pytest.mark.parametrize("text", ["10 €", "漢", "😊"])
def test_what_latin_1_lacks_goes_as_utf_8_and_says_so(text):
    query = encode_query(Sms(service_id=1, sender="A", recipient="+4799999999", text=text))
    assert query.startswith("encoding=utf8&")


def test_latin_1_demanded_of_what_it_lacks_is_refused_without_quoting_it():
    sms = Sms(service_id=1, sender="A", recipient="+4799999999", text="secret €")
    with pytest.raises(ValueError, match="outside iso-8859-1") as refused:
        encode_query(sms, "iso-8859-1")
    assert "secret" not in str(refused.value)


def test_a_space_is_20_and_a_plus_is_2b():
    query = encode_query(Sms(service_id=1, sender="+4799999999", recipient="+4799999999", text="a + b"))
    assert "fromid=%2B4799999999" in query and "txt=a%20%2B%20b" in query and "+" not in query


def test_a_plus_in_a_query_is_a_space_and_a_number_gets_its_plus_back():
    sms = decode_query("serviceid=1&phoneno=+4799999999&fromid=A&txt=a+b")
    assert (sms.recipient, sms.text) == ("+4799999999", "a b")


@given(st.text("a€\ud83d\ude0a", max_size=20))
def test_lone_surrogates_never_stop_a_request(text):
    sms = Sms(service_id=1, sender="A", recipient="+4799999999", text=text)
    assert decode_json(encode_json(sms)).text == decode_query(encode_query(sms)).text
    encode_bulk(BulkSms(service_id=1, sender="A", recipients=("+4799999999",), text=text))


# Reading as the gateway does.


def test_parameters_are_read_as_they_stand():
    assert parse_query(b"?a=1&b=&c&txt=%E6+%2B&a=2&&%zz=%zz") == {
        "a": "2",
        "b": "",
        "c": "",
        "txt": "æ +",
        "%zz": "%zz",
    }


@pytest.mark.parametrize("encoding", ["utf8", "utf-8", "UTF-8"])
def test_the_encoding_parameter_rules_the_others_wherever_it_stands(encoding):
    assert parse_query(f"txt=%C3%A6&encoding={encoding}")["txt"] == "æ"
    assert parse_query(f"encoding={encoding}&txt=%C3%A6")["txt"] == "æ"
    assert parse_query("encoding=iso-8859-1&txt=%C3%A6")["txt"] == "Ã¦"


def test_an_unknown_encoding_is_named_and_the_rest_still_readable():
    with pytest.raises(UnknownEncoding) as refused:
        parse_query("encoding=utf16&txt=%E6")
    assert refused.value.value == "utf16"
    assert refused.value.parameters == {"encoding": "utf16", "txt": "æ"}


@given(st.binary() | st.text(st.characters(exclude_categories=())))
def test_reading_parameters_is_total(query):
    assert isinstance(parse_query(query.replace("encoding", "") if isinstance(query, str) else query), dict)


# What is no answer.


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"0",
        b"[]",
        b'[{"id": 1, "errorcode": 0}]',
        b"{}",
        b'{"id": 145099, "description": "OK"}',
        b'{"id": 145099, "errorcode": null}',
        b'{"id": 145099, "errorcode": "0"}',
        b'{"id": 145099, "errorcode": false}',
        b'{"id": 145099, "errorcode": 0.0}',
        b'{"id": 145099, "errorcode": -1}',
        b'{"id": 145099, "errorcode": 1e400}',
        b'{"id": 145099, "errorcode": NaN}',
        b'{"id": 145099, "errorcode": 2147483648}',
        b'{"id": "145099", "errorcode": 0}',
        b'{"id": true, "errorcode": 0}',
        b'{"id": 145099.0, "errorcode": 0}',
        b'{"id": [], "errorcode": 0}',
        b'{"id": 1, "errorcode": 17, "errorcode": 0}',
        b'{"id": 145099, "errorcode": 0',
        b'{"id": 145099, "errorcode": 0}}',
        b'{"id": ' + b"9" * 5000 + b', "errorcode": 0}',
        b'{"id": 1, "errorcode": 0, "x": ' + b"[" * 100_000,
        b"<html><body>ErrorCode=0, ID=145099</body></html>",
        b"ErrorCode=0, ID=145099",
        b"\xff\xfe{\x00}\x00",
    ],
)
def test_what_is_no_json_answer_is_malformed(body):
    with pytest.raises(Malformed):
        decode_answer_json(body)


@pytest.mark.parametrize("body", [b'{"errorcode": 0}', b'\xef\xbb\xbf{"errorcode": 0, "id": null}\r\n'])
def test_an_answer_may_lack_an_id_and_a_description(body):
    assert decode_answer_json(body) == Answer(id=None, errorcode=0, description="")


def test_an_id_beyond_32_bits_is_kept():
    assert decode_answer_json(b'{"id": 9000000000, "errorcode": 0, "description": "OK"}').id == 9_000_000_000


def test_an_unknown_code_is_an_answer():
    assert decode_answer_json(b'{"id": 0, "errorcode": 99, "description": "New"}').errorcode == 99


def test_a_description_that_no_database_stores_is_made_storable():
    answer = decode_answer_json(b'{"id": 0, "errorcode": 1, "description": "a\\u0000\\ud83d"}')
    assert answer.description == "a\ufffd\ufffd"
    assert decode_answer_json(b'{"id": 0, "errorcode": 1, "description": 7}').description == ""


def test_a_description_in_latin_1_does_not_hide_the_code():
    answer = decode_answer_json(b'{"id": 0, "errorcode": 1, "description": "Ugyldig m\xf8bil"}')
    assert (answer.errorcode, answer.description) == (1, "Ugyldig m\ufffdbil")
    assert decode_bulk_answer(b'{"errorcode": 1, "description": "\xf8"}').errorcode == 1


def test_a_request_must_be_utf_8():
    with pytest.raises(Malformed):
        parse_json(b'{"txt": "\xf8"}')


@pytest.mark.parametrize(
    ("body", "errorcode", "reference"),
    [
        (b"ErrorCode=17, ID=0", 17, 0),
        (b"ErrorCode=1", 1, None),
        (b"errorcode=0, id=145099\r\n", 0, 145099),
        (b"ERRORCODE=0,ID=145099", 0, 145099),
        (b" ErrorCode = 2 , ID = ", 2, None),
        (b"ErrorCode=1, ID=0, Description=Ugyldig fromid=7 \xe6", 1, 0),
        (b"\xef\xbb\xbfErrorCode=0, ID=145099", 0, 145099),
        (b"ErrorCode=0, ID=9000000000", 0, 9_000_000_000),
    ],
)
def test_a_text_answer_is_read_in_any_case_and_with_words_behind(body, errorcode, reference):
    assert decode_answer_text(body) == Answer(id=reference, errorcode=errorcode, description="")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"true",
        b"ErrorCode=",
        b"ErrorCode=x",
        b"ErrorCode=0.5, ID=1",
        b"ErrorCode=-1",
        b"ErrorCode=99999999999999",
        b"ErrorCode=4294967296",
        b"ErrorCode=0, ID=abc",
        b"ErrorCode=0, ID=14 ID=15",
        b"ErrorCode=0, ID=" + b"9" * 5000,
        b"ErrorCode=0, ID=1\nErrorCode=5, ID=0",
        b"ErrorCode=0, ID=1\nErrorCode=5",
        b"<html>ErrorCode=0, ID=145099</html>",
        b"HTTP ErrorCode=0, ID=145099",
        "ErrorCode=٠".encode(),
    ],
)
def test_what_is_no_text_answer_is_malformed(body):
    with pytest.raises(Malformed):
        decode_answer_text(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"description": "OK"}',
        b'{"errorcode": true}',
        b'{"errorcode": 0, "invalidPhoneno": "004799999999"}',
        b'{"errorcode": 0, "duplicatePhoneno": [4799999999]}',
        b'{"errorcode": 0, "duplicatePhoneno": {}}',
    ],
)
def test_what_is_no_bulk_answer_is_malformed(body):
    with pytest.raises(Malformed):
        decode_bulk_answer(body)


@pytest.mark.parametrize(
    "change",
    [
        {"serviceid": "3"},
        {"serviceid": True},
        {"serviceid": None},
        {"fromid": 26114},
        {"phoneno": None},
        {"phoneno": 4799999999},
        {"txt": None},
        {"unicode": "true"},
        {"unicode": 1},
        {"price": "100"},
        {"password": 7},
    ],
)
def test_a_request_of_another_shape_is_malformed(change):
    with pytest.raises(Malformed):
        decode_json(json.dumps({**json.loads(POST), **change}).encode())


@pytest.mark.parametrize("missing", ["serviceid", "phoneno", "txt", "fromid"])
def test_a_bulk_request_without_an_obligatory_field_is_malformed(missing):
    with pytest.raises(Malformed):
        decode_bulk(json.dumps({name: value for name, value in json.loads(BULK).items() if name != missing}).encode())


@pytest.mark.parametrize(
    "query",
    [
        "",
        "phoneno=0047&fromid=A&txt=a",
        "serviceid=x&phoneno=0047&fromid=A&txt=a",
        "serviceid=1&fromid=A&txt=a",
        "serviceid=1&phoneno=0047&txt=a",
        "serviceid=1&phoneno=0047&fromid=A",
        "serviceid=1&phoneno=0047&fromid=A&txt=a&unicode=1",
        "serviceid=1&phoneno=0047&fromid=A&txt=a&price=",
        "serviceid=1&phoneno=0047&fromid=A&txt=a&encoding=latin1",
        "serviceid=" + "9" * 5000 + "&phoneno=0047&fromid=A&txt=a",
    ],
)
def test_a_get_of_another_shape_is_malformed(query):
    with pytest.raises(Malformed):
        decode_query(query)


@given(st.binary() | st.binary().map(lambda noise: b"ErrorCode=" + noise) | st.binary().map(lambda noise: b"{" + noise))
def test_any_bytes_are_an_answer_or_malformed(body):
    for decode in (decode_answer_json, decode_answer_text, decode_bulk_answer, decode_json, decode_bulk, parse_json):
        try:
            decode(body)
        except Malformed as refused:
            assert len(str(refused)) < 100


# Nothing secret shows.


def test_repr_shows_neither_recipient_text_nor_password():
    sms = Sms(service_id=1, sender="Firma", recipient="+4799999999", text="privat", password="hunter2")
    bulk = BulkSms(service_id=1, sender="Firma", recipients=("+4799999999",), text="privat", password="hunter2")
    answer = BulkAnswer(errorcode=0, description="OK", invalid=("+4799999999",), duplicates=("+4799999999",))
    for shown in map(repr, (sms, bulk, answer)):
        assert not any(secret in shown for secret in ("99999999", "privat", "hunter2"))
    assert "Firma" in repr(sms) and "errorcode=0" in repr(answer)
