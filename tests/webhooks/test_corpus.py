"""Every authenticated push is answered with `true` and stored byte for byte, also with malformed content."""

import json
import os
import secrets
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_front_sms import inbox
from django_front_sms.models import DeliveryStatus, InboundMessage
from tests.webhooks import malformed
from tests.webhooks.pushes import MMS, QUERY, SMS, STATUS, by_get, by_post, sms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]

many = settings(
    max_examples=int(os.environ.get("MALFORMED_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def kept(model) -> list[bytes]:
    return [bytes(raw) for raw in model.objects.values_list("raw", flat=True)]


def assert_kept(response, model, raw: bytes) -> None:
    assert (response.status_code, response.content) == (200, b"true")
    assert kept(model) == [raw]
    if model is InboundMessage:
        assert inbox.process() == 1
    model.objects.all().delete()


CORPUS = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b'"text"',
    b"1e999",
    b"NaN",
    b"{" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"files": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    SMS[:-1],
    SMS + SMS,
    b"\xef\xbb\xbf" + SMS,
    SMS.decode().encode("utf-16"),
    SMS.replace(b"Test 123", b"Test \xe6\xf8\xe5"),
    SMS.replace(b"Test 123", b"Test \\ud800"),
    SMS.replace(b"Test 123", b"Test \\u0000 \x00"),
    SMS.replace(b"Test 123", "😀 Ā 漢字 \u202e".encode()),
    SMS.replace(b"999999", b"9" * 5000),
    SMS.replace(b"999999", b"-1"),
    SMS.replace(b"999999", b"9223372036854775808"),
    SMS.replace(b"999999", b"1.5"),
    SMS.replace(b"999999", b"true"),
    SMS.replace(b"7166", b'"7166"'),
    SMS.replace(b"2019-12-31T23:59:59Z", b"0001-01-01T00:00:00+14:00"),
    SMS.replace(b"2019-12-31T23:59:59Z", b"9999-12-31T23:59:59-14:00"),
    SMS.replace(b"2019-12-31T23:59:59Z", b"yesterday"),
    SMS.replace(b'"files": []', b'"files": {}'),
    SMS.replace(b'"files": []', b'"files": [null, 1, "x", [], {}, {"fileData": 1}, {"fileData": "\xc3\xa6"}]'),
    SMS.replace(b'"files": []', b'"files": [' + b"{}," * 500 + b"{}]"),
    SMS.replace(b'"text"', b'"id"'),
    MMS,
    sms(**{"from": "x" * 5000, "to": "y" * 5000, "keyword": "z" * 5000}),
    sms(**{"from": None, "to": 1, "keyword": {}, "text": [], "sent": 0, "counter": "x", "files": None}),
    b'{"id": 1, "id": 2}',
]

QUERIES = [
    b"",
    b"&&&===;;;",
    b"%",
    b"%zz=%f&txt=%",
    QUERY.replace(b"157", b"9" * 5000),
    QUERY.replace(b"1077181484", b"-99999999999999"),
    QUERY.replace(b"1077181484", b"99999999999999999999"),
    QUERY.replace(b"004799999999", b"+4799999999"),
    QUERY.replace(b"Test", b"%00%ff%ed%a0%80"),
    QUERY + b"&txt=again&txt=and+again",
    b"txt=" + b"x" * 20_000,
    b"&".join(b"a%d=1" % number for number in range(2000)),
    STATUS,
]


@pytest.mark.parametrize("body", CORPUS, ids=range(len(CORPUS)))
def test_a_malformed_body_is_kept(body):
    if b'"VGVzdCAxMjM="' in body:
        assert by_post(body).content == b"true"
        assert b"front_sms:sha256:" in kept(InboundMessage)[0]
    else:
        assert_kept(by_post(body, CONTENT_LENGTH=str(len(body))), InboundMessage, body)


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
@pytest.mark.parametrize(("purpose", "model"), [("status", DeliveryStatus), ("inbound", InboundMessage)])
def test_a_malformed_query_is_kept(purpose, model, query):
    assert_kept(by_get(query, purpose), model, query)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
names = ["id", "to", "from", "text", "sent", "counter", "keyword", "files", "status", "origid"]
files = st.lists(
    st.dictionaries(st.sampled_from(["id", "contentType", "fileName", "fileData"]), json_values, max_size=4), max_size=3
)
documents = st.dictionaries(st.sampled_from(names), json_values, max_size=10).flatmap(
    lambda document: st.just(document) | files.map(lambda listed: {**document, "files": listed})
)
bodies = st.binary(max_size=300) | documents.map(lambda document: json.dumps(document).encode())
queries = st.lists(
    st.tuples(
        st.sampled_from(["fromid", "phonenr", "txt", "time", "countnr", "code", "status", "origid", "x", ""]),
        st.binary(max_size=40) | st.integers().map(lambda number: str(number).encode()),
    ),
    max_size=8,
).map(lambda pairs: "&".join(f"{name}={quote_from_bytes(value)}" for name, value in pairs).encode())
content_types = st.sampled_from(
    ["", "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/x", "é"]
)


@many
@given(bodies)
def test_any_body_is_kept(body):
    response = by_post(body, CONTENT_LENGTH=str(len(body)))
    (raw,) = kept(InboundMessage)
    if raw != body:  # unless a file of it was moved to storage
        assert b"front_sms:sha256:" in raw and b"fileData" in body
    assert_kept(response, InboundMessage, raw)


@many
@given(queries)
def test_any_query_is_kept(query):
    assert_kept(by_get(query), InboundMessage, query)


@many
@given(bodies, queries, content_types)
def test_any_status_is_kept(body, query, content_type):
    response = by_post(body, "status", content_type, QUERY_STRING=query.decode(), CONTENT_LENGTH=str(len(body)))
    assert_kept(response, DeliveryStatus, b"\n".join(part for part in (query, body) if part))


def test_two_thousand_damaged_pushes_are_answered_and_kept_once():
    """`python -m tests.webhooks.malformed` runs 100,000 of them before a release."""
    seen = malformed.run(2000, seed=2)
    assert {name: number for name, number in seen.items() if number} == {"cases": 2000}


def test_the_check_of_damaged_pushes_finds_refused_lost_and_doubled_pushes(monkeypatch):
    monkeypatch.setattr("django_front_sms.webhooks.decode_status", lambda *args: 1 / 0)
    assert malformed.run(20, seed=2)["5xx"] > 0
    monkeypatch.undo()
    monkeypatch.setattr("django_front_sms.inbox.store._identity", lambda *args: secrets.token_hex(16))
    assert malformed.run(20, seed=2)["doubled"] > 0
    monkeypatch.undo()
    monkeypatch.setattr("django_front_sms.inbox.store_inbound", lambda *args: True)
    assert malformed.run(20, seed=2)["lost"] > 0
