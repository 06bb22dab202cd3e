"""JSON pushes (§2.5.1): each unreadable value is named, and does not affect the others."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from django_front_sms.gateway.push import (
    MAX_FILES,
    FilePart,
    InboundPush,
    decode_inbound_json,
    encode_inbound_json,
    encode_inbound_query,
)
from tests.manual import DOCUMENT, SMS, changed


@pytest.mark.parametrize(
    ("name", "raw", "problem"),
    [
        ("id", "true", "id is not a whole number"),
        ("id", "1.5", "id is not a whole number"),
        ("id", "NaN", "id is not a whole number"),
        ("id", "-Infinity", "id is not a whole number"),
        ("id", "1e400", "id is not a whole number"),
        ("id", "[]", "id is not a whole number"),
        ("id", '"12a"', "id is not a whole number"),
        ("id", '""', "id is not a whole number"),
        ("id", str(2**70), "id is beyond 64 bits"),
        ("id", "9" * 5000, "id is beyond 64 bits"),
        ("id", '"' + "9" * 5000 + '"', "id is beyond 64 bits"),
        ("id", "-" + "9" * 5000, "id is beyond 64 bits"),
        ("id", "null", "id is missing"),
        ("counter", "false", "counter is not a whole number"),
        ("counter", str(-(2**63) - 1), "counter is beyond 64 bits"),
        ("sent", "null", "sent is missing"),
        ("sent", '""', "sent is not a time"),
        ("sent", "1577836799", "sent is not a time"),
        ("sent", '"yesterday"', "sent is not a time"),
        ("sent", '"2019-13-31T23:59:59Z"', "sent is not a time"),
        ("sent", '"2019-12-31T23:59:60Z"', "sent is not a time"),
        ("sent", '"0001-01-01T00:00:00+23:59"', "sent is not a time"),
        ("sent", '"9999-12-31T23:59:59-23:59"', "sent is not a time"),
        ("sent", '"0001-01-01T00:00:00Z"', "sent is not a plausible time"),
        ("sent", '"9999-12-31T23:59:59Z"', "sent is not a plausible time"),
    ],
)
def test_a_number_or_time_that_cannot_be_read_is_none_and_named(name, raw, problem):
    body = SMS.replace(f'"{name}": {json.dumps(DOCUMENT[name])}'.encode(), f'"{name}": {raw}'.encode())
    push = decode_inbound_json(body)
    assert getattr(push, name) is None
    assert push.problem == problem
    assert (push.text, push.sender) == ("Test 123", "+4799999999")


@pytest.mark.parametrize(
    ("name", "field", "value", "read", "problem"),
    [
        ("to", "recipient", 26114, "26114", "to is a number instead of a text"),
        ("to", "recipient", None, "", "to is missing"),
        ("to", "recipient", ["26114"], "", "to is not a text"),
        ("from", "sender", 2.5, "", "from is not a text"),
        ("from", "sender", True, "", "from is not a text"),
        ("from", "sender", 2**70, "", "from is not a text"),
        ("from", "sender", "a\0b", "a\ufffdb", "from has characters that cannot be stored"),
        ("text", "text", {"a": 1}, "", "text is not a text"),
        ("text", "text", None, "", "text is missing"),
        ("text", "text", "\ud83d", "\ufffd", "text has characters that cannot be stored"),
        ("keyword", "keyword", [], "", "keyword is not a text"),
    ],
)
def test_a_text_that_cannot_be_read_is_named(name, field, value, read, problem):
    push = decode_inbound_json(changed(**{name: value}))
    assert (getattr(push, field), push.problem) == (read, problem)


def test_an_id_as_digits_is_a_number():
    push = decode_inbound_json(changed(id="999999", counter=" 7166 "))
    assert (push.id, push.counter, push.problem) == (999999, 7166, "")


@pytest.mark.parametrize("changes", [{"text": ""}, {"keyword": ""}, {"keyword": None}, {"files": None}])
def test_an_empty_text_and_no_keyword_are_no_problem(changes):
    assert decode_inbound_json(changed(**changes)).problem == ""


def test_an_mms_may_lack_its_text():
    part = {"id": 1, "contentType": "image/png", "fileName": None, "fileData": ""}
    push = decode_inbound_json(changed(text=None, files=[part]))
    assert (push.text, push.problem) == ("", "")
    assert push.files == (FilePart(1, "image/png", "", b""),)


@pytest.mark.parametrize("fact", ["+47594400", "26114", "26114123456789", "Front", "46701234567"])
def test_inbound_numbers_are_never_refused(fact):
    push = decode_inbound_json(changed(to=fact, **{"from": fact}))
    assert (push.recipient, push.sender, push.problem) == (fact, fact, "")


@pytest.mark.parametrize(
    ("written", "moment", "problem"),
    [
        ("2020-01-01T00:59:59+01:00", datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC), ""),
        ("20191231T235959Z", datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC), ""),
        ("2019-12-31T23:59:59.5Z", datetime(2019, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC), ""),
        (
            "2019-12-31T23:59:59",
            datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC),
            "sent has no time zone, it was taken as UTC",
        ),
    ],
)
def test_a_time_is_in_utc_and_without_a_zone_it_is_taken_as_utc_and_noted(written, moment, problem):
    push = decode_inbound_json(changed(sent=written))
    assert (push.sent, push.problem) == (moment, problem)
    assert push.sent.utcoffset() == timedelta(0)


def test_the_zone_of_this_machine_does_not_matter(monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        naive, aware = decode_inbound_json(changed(sent="2019-12-31T23:59:59")), decode_inbound_json(SMS)
        written = json.loads(encode_inbound_json(aware))["sent"], encode_inbound_query(aware)
    time.tzset()
    assert naive.sent == aware.sent == datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert written[0] == DOCUMENT["sent"] and "time=1577836799&" in written[1]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "the JSON cannot be read"),
        (b"{", "the JSON cannot be read"),
        (SMS[:-20], "the JSON cannot be read"),
        (SMS + SMS, "the JSON cannot be read"),
        (b"\xff\xfe{\0}\0", "the JSON is not UTF-8, it was read as Latin-1; the JSON cannot be read"),
        (b"null", "the JSON is not an object"),
        (b"[" + SMS + b"]", "the JSON is not an object"),
        (b"1" * 5000, "the JSON is not an object"),
        (b"NaN", "the JSON is not an object"),
        (b"[" * 40_000, "the JSON cannot be read"),
        (b'{"files":' * 100_000, "the JSON cannot be read"),
        (b'{"id": 1, "x": ' + b"[" * 40_000 + b"]" * 40_000 + b"}", "the JSON cannot be read"),
    ],
)
def test_a_body_that_is_no_json_object_is_empty_with_a_problem(body, problem):
    assert decode_inbound_json(body) == InboundPush("json", problem=problem)


def test_a_byte_order_mark_and_raw_line_breaks_are_no_problem():
    push = decode_inbound_json(b"\xef\xbb\xbf" + SMS.replace(b"Test 123", b"Test\n\t123"))
    assert (push.text, push.problem) == ("Test\n\t123", "")


def test_latin_1_in_json_is_read_as_latin_1_and_noted():
    push = decode_inbound_json(SMS.replace(b"Test 123", "Test æøå".encode("latin-1")))
    assert (push.text, push.problem) == ("Test æøå", "the JSON is not UTF-8, it was read as Latin-1")


def test_one_invalid_byte_does_not_affect_the_others():
    push = decode_inbound_json(SMS.replace(b"Test 123", "Test æøå".encode() + b"\xf0"))
    assert (push.text, push.problem) == ("Test æøå\ufffd", "the JSON is not wholly UTF-8")


def test_the_last_of_two_equal_keys_counts_and_is_noted():
    push = decode_inbound_json(SMS.replace(b"{", b'{"text": "first", ', 1))
    assert (push.text, push.problem) == ("Test 123", "a field is given more than once, the last was taken")


def test_a_problem_is_listed_once():
    doubled = b'{"text": "a", "text": "b", "files": [{"id": 1, "id": 2}, {"id": 3, "id": 4}]}'
    assert decode_inbound_json(doubled).problem.count("more than once") == 1


@pytest.mark.parametrize(
    ("part", "read", "problem"),
    [
        ("smil", FilePart(None, "", "", problem="is not an object"), "file 1: is not an object"),
        (
            {},
            FilePart(None, "", "", problem="id is missing, contentType is missing, fileData is missing"),
            "file 1: id is missing, contentType is missing, fileData is missing",
        ),
        (
            {"id": 2**70, "contentType": "a/b", "fileName": "n", "fileData": "AA=="},
            FilePart(None, "a/b", "n", b"\0", problem="id is beyond 64 bits"),
            "file 1: id is beyond 64 bits",
        ),
        (
            {"id": 1, "contentType": "a/b", "fileName": "n", "fileData": 1234},
            FilePart(1, "a/b", "n", None, "1234", "fileData is a number instead of a text"),
            "file 1: fileData is a number instead of a text",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_kept_and_named(part, read, problem):
    push = decode_inbound_json(changed(files=[part]))
    assert push.files == (read,)
    assert push.problem == problem
    assert push.text == "Test 123"


@pytest.mark.parametrize(
    "encoded",
    [
        "A",
        "AA==x",
        "AA==AA==",
        "=",
        "Æ===",
        "AAA.",
        "AAAA...",
        "AAAA=",
        "AAAA====",
    ],
)
def test_base64_is_strict(encoded):
    push = decode_inbound_json(changed(files=[{"id": 1, "contentType": "a/b", "fileName": "n", "fileData": encoded}]))
    assert push.files[0].data is None
    assert push.files[0].encoded == encoded
    assert push.problem == "file 1: fileData is not Base64"


def test_files_that_are_no_list_are_named():
    assert decode_inbound_json(changed(files={"a": 1})).problem == "files is not a list"


def test_too_many_files_are_not_read_and_the_problem_stays_short():
    push = decode_inbound_json(changed(files=[{}] * (MAX_FILES + 1)))
    assert len(push.files) == MAX_FILES
    assert push.problem.startswith(f"there are more than {MAX_FILES} files") and push.problem.endswith("…")
    assert len(push.problem) == 1000
