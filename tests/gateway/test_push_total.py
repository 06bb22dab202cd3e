"""Decoders of pushes never raise, give storable values, and put no content into problems."""

import json
import pickle
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_front_sms.gateway.push import InboundPush, decode_inbound_json, decode_inbound_query, decode_status
from tests.gateway.multipart import MULTIPART
from tests.manual import DOCUMENT, GET, MMS, SMS, STATUS, changed

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.just(2**70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
file_values = st.dictionaries(st.sampled_from(["id", "contentType", "fileName", "fileData"]), json_values)
documents = st.fixed_dictionaries(
    {},
    optional={**dict.fromkeys(DOCUMENT, json_values), "files": st.lists(file_values | json_values) | json_values},
)
noise = st.binary(max_size=20)


@st.composite
def damaged(draw, whole: bytes) -> bytes:
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(start + 10, len(whole))))
    return whole[:start] + draw(noise) + whole[end:]


def assert_sound(push: InboundPush) -> None:
    for number in (push.id, push.counter, *(file.id for file in push.files)):
        assert number is None or -(2**63) <= number < 2**63
    assert push.sent is None or push.sent.utcoffset() == timedelta(0)
    words = [push.recipient, push.sender, push.text, push.keyword, push.problem]
    for file in push.files:
        words += [file.content_type, file.name, file.encoded, file.problem]
    for word in words:
        assert "\0" not in word
        word.encode("utf-8")
    assert len(push.problem) <= 1000 and "\n" not in push.problem
    assert pickle.loads(pickle.dumps(push)) == push


@given(st.binary() | damaged(SMS) | damaged(MMS) | documents.map(json.dumps).map(str.encode))
@example(b'{"text": "\\ud83d", "files": [{"fileData": "\\u0000"}]}')
def test_any_body_gives_an_inbound_push(body):
    assert_sound(decode_inbound_json(body))


@given(st.binary() | damaged(GET.encode()) | st.text(st.characters(exclude_categories=())))
def test_any_query_gives_an_inbound_push(query):
    assert_sound(decode_inbound_query(query))


@given(
    st.text(st.characters(exclude_categories=())) | damaged(STATUS.encode()),
    st.sampled_from(["", "application/json", "multipart/form-data; boundary=x42", "multipart/x;boundary=é漢"])
    | st.text(st.characters(exclude_categories=())),
    st.binary()
    | damaged(MULTIPART)
    | damaged(b'{"status": 4, "origid": 1}')
    | json_values.map(json.dumps).map(str.encode),
)
def test_any_request_gives_a_status(query, content_type, body):
    push = decode_status(query, content_type, body)
    for number in (push.status, push.gateway_id):
        assert number is None or -(2**63) <= number < 2**63
    assert (push.status is None or push.gateway_id is None) <= bool(push.problem)
    assert len(push.problem) <= 1000 and "\n" not in push.problem


@pytest.mark.parametrize("name", [*DOCUMENT])
@pytest.mark.parametrize("secret", ["secret\0", "secret\ud83d", ["secret"], {"secret": "secret"}])
def test_problems_do_not_contain_unreadable_values(name, secret):
    push = decode_inbound_json(changed(**{name: secret}))
    assert push.problem
    assert "secret" not in push.problem


@pytest.mark.parametrize("name", ["time", "countnr", "fromid", "phonenr", "txt", "code"])
def test_problems_do_not_contain_query_values(name):
    push = decode_inbound_query(f"{name}=secret%00&secret=secret&{name}=secret2%00")
    assert name in push.problem
    assert "secret" not in push.problem


def test_repr_shows_neither_numbers_nor_text():
    push = decode_inbound_json(MMS.replace(b"26114", b"+4788888888"))
    for secret in ("99999999", "Test", "TEST", "59440000", "VGVzdCAxMjM"):
        assert secret not in repr(push)
    assert "999999" in repr(push)
