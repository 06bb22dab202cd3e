"""Malformed answers to a submission, and unusual ones that are valid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_front_sms.gateway.submit import (
    Answer,
    Malformed,
    decode_answer_json,
    decode_answer_text,
    decode_bulk_answer,
)


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
        b'{"id": 145099, "errorcode": "0x"}',
        b'{"id": 145099, "errorcode": false}',
        b'{"id": 145099, "errorcode": 0.0}',
        b'{"id": 145099, "errorcode": -1}',
        b'{"id": 145099, "errorcode": 1e400}',
        b'{"id": 145099, "errorcode": NaN}',
        b'{"id": 145099, "errorcode": 2147483648}',
        b'{"id": "145099x", "errorcode": 0}',
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
def test_a_malformed_json_answer_is_recognised(body):
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
def test_a_text_answer_is_read_in_any_case_and_with_text_after_it(body, errorcode, reference):
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
def test_a_malformed_text_answer_is_recognised(body):
    with pytest.raises(Malformed):
        decode_answer_text(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"description": "OK"}',
        b'{"errorcode": true}',
        b'{"errorcode": 0, "invalidPhoneno": "004799999999"}',
        b'{"errorcode": 0, "duplicatePhoneno": [4799999999.0]}',
        b'{"errorcode": 0, "duplicatePhoneno": [true]}',
        b'{"errorcode": 0, "invalidPhoneno": [null]}',
        b'{"errorcode": 0, "duplicatePhoneno": {}}',
    ],
)
def test_a_malformed_bulk_answer_is_recognised(body):
    with pytest.raises(Malformed):
        decode_bulk_answer(body)


@given(st.binary() | st.binary().map(lambda noise: b"ErrorCode=" + noise) | st.binary().map(lambda noise: b"{" + noise))
def test_any_bytes_are_an_answer_or_malformed(body):
    for decode in (decode_answer_json, decode_answer_text, decode_bulk_answer):
        try:
            decode(body)
        except Malformed as refused:
            assert len(str(refused)) < 100
