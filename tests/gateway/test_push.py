"""§2.3 and §2.5: what Front pushes, verbatim, reversed, and broken in every way we could think of."""

import base64
import hashlib
import json
import pickle
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_front_sms.gateway.push import (
    FALSE,
    MAX_FILES,
    TRUE,
    FilePart,
    InboundPush,
    StatusPush,
    cut_files,
    decode_inbound_json,
    decode_inbound_query,
    decode_status,
    encode_inbound_json,
    encode_inbound_query,
    encode_status,
    mime,
    repair_double_utf8,
)

int64 = st.integers(-(2**63), 2**63 - 1)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31), timezones=st.just(UTC))
e164 = st.from_regex(r"\+[1-9][0-9]{4,14}", fullmatch=True)
text_senders = st.from_regex(r"[A-Za-zÆØÅæøå][A-Za-z0-9 ÆØÅæøå&.-]{0,10}", fullmatch=True)
senders = e164 | st.sampled_from(["26114", "2401"]) | text_senders
recipients = e164 | st.sampled_from(["26114", "2401"]) | st.from_regex(r"26114[0-9]{9}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
latin_1 = st.text(st.characters(max_codepoint=0xFF, exclude_characters="\0"))
files = st.builds(FilePart, id=int64, content_type=texts, name=texts, data=st.binary())

json_pushes = st.builds(
    InboundPush,
    api=st.just("json"),
    id=int64,
    recipient=recipients,
    sender=senders,
    text=texts,
    sent=moments,
    counter=int64,
    keyword=texts,
    files=st.lists(files, max_size=3).map(tuple),
)
get_pushes = st.builds(
    InboundPush,
    api=st.just("get"),
    recipient=recipients,
    sender=senders,
    text=latin_1,
    sent=moments.map(lambda moment: moment.replace(microsecond=0)),
    counter=int64,
    keyword=latin_1,
)

# What the manual shows, verbatim.

STATUS = "status=4&origid=145099"

SMS = b"""\
{
  "id": 999999,
  "to": "26114",
  "from": "+4799999999",
  "text": "Test 123",
  "sent": "2019-12-31T23:59:59Z",
  "counter": 7166,
  "keyword": "TEST",
  "files": []
}
"""

MMS = b"""\
{
  "id": 999999,
  "to": "+4759440000",
  "from": "+4799999999",
  "text": "Test 123",
  "sent": "2019-12-31T23:59:59Z",
  "counter": 7166,
  "keyword": "TEST",
  "files": [
    {
      "id": 4747,
      "contentType": "text/xml;Name=smil.xml;Charset=UTF-8",
      "fileName": "smil.xml",
      "fileData": "PD94bWwgdmVyc2lvcj0iMS4wIj48c21pbD48L3Nta..."
    },
    {
      "id": 4748,
      "contentType": "text/plain;Name=text_75329.txt;Charset=UTF-8",
      "fileName": "text_175329.txt",
      "fileData": "VGVzdCAxMjM="
    },
    {
      "id": 4749,
      "contentType": "image/jpeg;Name=image01.jpg",
      "fileName": "image01.jpg",
      "fileData": "w4PCv8ODwpjDg8K/w4PCoAAQSkZJRgABAQEASABIA..."
    }
  ]
}
"""

GET = "fromid=123450000&phonenr=004799999999&txt=Test%20%E6%F8%E5%20%C6%D8%C5&time=1077181484&countnr=157&code=TEST"


def test_the_manuals_status_is_read_and_written():
    assert decode_status(STATUS) == StatusPush(status=4, gateway_id=145099)
    assert encode_status(StatusPush(status=4, gateway_id=145099)) == STATUS


def test_the_manuals_sms_is_read_and_written():
    push = decode_inbound_json(SMS)
    assert push == InboundPush(
        api="json",
        id=999999,
        recipient="26114",
        sender="+4799999999",
        text="Test 123",
        sent=datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC),
        counter=7166,
        keyword="TEST",
    )
    assert json.loads(encode_inbound_json(push)) == json.loads(SMS)


def test_the_manuals_mms_is_read_with_the_cut_files_named_as_problems():
    push = decode_inbound_json(MMS)
    smil, text, image = push.files
    assert (push.recipient, push.text) == ("+4759440000", "Test 123")
    assert text == FilePart(4748, "text/plain;Name=text_75329.txt;Charset=UTF-8", "text_175329.txt", b"Test 123")
    assert text.encoded == "VGVzdCAxMjM="
    for cut in (smil, image):
        assert (cut.data, cut.problem) == (None, "fileData is not Base64")
    assert image.encoded == "w4PCv8ODwpjDg8K/w4PCoAAQSkZJRgABAQEASABIA..."
    assert push.problem == "file 1: fileData is not Base64; file 3: fileData is not Base64"
    assert json.loads(encode_inbound_json(push)) == json.loads(MMS)


def test_the_manuals_jpeg_is_repaired_of_its_double_encoding():
    encoded = "w4PCv8ODwpjDg8K/w4PCoAAQSkZJRgABAQEASABIA..."
    whole = base64.b64decode(encoded.removesuffix("A..."))
    assert (
        repair_double_utf8(whole, "image/jpeg;Name=image01.jpg")
        == b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x01\x00H\x00H"
    )


def test_the_manuals_get_is_read_and_written():
    push = decode_inbound_query(GET)
    assert push == InboundPush(
        api="get",
        recipient="26114123450000",
        sender="+4799999999",
        text="Test æøå ÆØÅ",
        sent=datetime(2004, 2, 19, 9, 4, 44, tzinfo=UTC),
        counter=157,
        keyword="TEST",
    )
    assert encode_inbound_query(push) == GET


def test_the_two_replies():
    assert (TRUE, FALSE) == (b"true", b"false")


# Each decoder is the reverse of its encoder.


@given(st.builds(StatusPush, int64, int64))
def test_a_status_survives_the_wire(push):
    assert decode_status(encode_status(push)) == push
    assert decode_status("", "application/x-www-form-urlencoded", encode_status(push).encode()) == push


@given(json_pushes)
def test_an_inbound_json_push_survives_the_wire(push):
    assert decode_inbound_json(encode_inbound_json(push)) == push


@given(get_pushes)
def test_an_inbound_get_push_survives_the_wire(push):
    assert decode_inbound_query(encode_inbound_query(push)) == push
    assert decode_inbound_query(encode_inbound_query(push).encode()) == push


@given(st.from_regex(r"2401[0-9]{9}", fullmatch=True))
def test_another_short_code_survives_the_wire(number):
    push = InboundPush("get", recipient=number, sender="A", sent=datetime(2020, 1, 1, tzinfo=UTC), counter=1)
    query = encode_inbound_query(push, short_code="2401")
    assert f"fromid={number[4:]}&" in query
    assert decode_inbound_query(query, short_code="2401") == push


@given(e164 | st.from_regex(r"26114[0-9]{9}", fullmatch=True), senders)
def test_both_apis_end_in_one_form(recipient, sender):
    sent = datetime(2020, 1, 1, tzinfo=UTC)
    got = decode_inbound_query(encode_inbound_query(InboundPush("get", None, recipient, sender, "a", sent, 1)))
    posted = decode_inbound_json(encode_inbound_json(InboundPush("json", 1, recipient, sender, "a", sent, 1)))
    assert (got.recipient, got.sender, got.sent) == (posted.recipient, posted.sender, posted.sent)


# Status: wherever it stands.

MULTIPART = (
    b'--x42\r\nContent-Disposition: form-data; name="status"\r\n\r\n5\r\n'
    b'--x42\r\nContent-Disposition: form-data; filename="name"; name=origid\r\nX-Other: a\r\n\r\n145099\r\n'
    b"--x42--\r\n"
)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"status=5&origid=145099"),
        ("application/x-www-form-urlencoded; charset=UTF-8", b"origid=145099&status=5\r\n"),
        ("", b"status=5&origid=145099"),
        ("text/plain", b"status=5&origid=145099"),
        ("application/json", b'{"status": 5, "origid": 145099}'),
        ("Application/JSON;charset=utf-8", b'{"status": "5", "origid": "145099"}'),
        ("", b' {"status": 5, "origid": 145099}'),
        ("multipart/form-data; boundary=x42", MULTIPART),
        ('Multipart/Form-Data; charset=utf-8; Boundary="x42"', MULTIPART.replace(b"\r\n", b"\n")),
    ],
)
def test_a_status_is_read_from_any_body(content_type, body):
    assert decode_status(b"", content_type, body) == StatusPush(status=5, gateway_id=145099)


def test_the_query_comes_before_the_body():
    assert decode_status("status=4&origid=1", "", b"status=5&origid=2") == StatusPush(4, 1)
    assert decode_status("origid=1", "", b"status=5&origid=2") == StatusPush(5, 1)


@pytest.mark.parametrize("status", [-1, 0, 4, 5, 6, 99])
def test_a_status_known_or_not_is_a_value(status):
    assert decode_status(f"status={status}&origid=1") == StatusPush(status, 1)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", StatusPush(None, None, "status is missing; origid is missing")),
        ("status=4", StatusPush(4, None, "origid is missing")),
        ("status=&origid=1", StatusPush(None, 1, "status is not a whole number")),
        ("status=DELIVRD&origid=1", StatusPush(None, 1, "status is not a whole number")),
        ("status=4.0&origid=1", StatusPush(None, 1, "status is not a whole number")),
        ("status=%D9%A4&origid=1", StatusPush(None, 1, "status is not a whole number")),
        ("status=--1&origid=1", StatusPush(None, 1, "status is not a whole number")),
        ("status=%B2&origid=1", StatusPush(None, 1, "status is not a whole number")),
        ("status=+4&origid=0145099", StatusPush(4, 145099)),
        ("status=4&origid=" + "0" * 30 + "7", StatusPush(4, 7)),
        (f"status=4&origid={2**63 - 1}", StatusPush(4, 2**63 - 1)),
        (f"status=4&origid={2**63}", StatusPush(4, None, "origid is beyond 64 bits")),
        (f"status=4&origid={2**70}", StatusPush(4, None, "origid is beyond 64 bits")),
        ("status=4&origid=" + "9" * 5000, StatusPush(4, None, "origid is beyond 64 bits")),
        ("status=4&origid=-" + "9" * 5000, StatusPush(4, None, "origid is beyond 64 bits")),
        ("status=4&origid=1&status=5", StatusPush(5, 1, "status is given more than once, the last was taken")),
        ("status=4&origid=1&status=4", StatusPush(4, 1)),
        ("Status=4&origid=1", StatusPush(None, 1, "status is missing")),
        ("?status=4&origid=1#top", StatusPush(4, None, "origid is not a whole number")),
        ("&".join(f"p{number}=1" for number in range(2000)) + "&status=4&origid=1", StatusPush(4, 1)),
    ],
)
def test_of_a_status_what_cannot_be_read_is_named(query, expected):
    assert decode_status(query) == expected


@pytest.mark.parametrize(
    ("content_type", "body", "problem"),
    [
        ("application/json", b"status=4", "the JSON cannot be read; status is missing; origid is missing"),
        ("application/json", b"[4, 1]", "the JSON is not an object; status is missing; origid is missing"),
        ("", b'{"status": ' + b"[" * 100_000, "the JSON cannot be read; status is missing; origid is missing"),
        ("", b'{"status": true, "origid": NaN}', "status is not a whole number; origid is not a whole number"),
        ("multipart/form-data", MULTIPART, "status is missing; origid is missing"),
        ("multipart/form-data; boundary=x43", MULTIPART, "status is missing; origid is missing"),
    ],
)
def test_of_a_status_body_what_cannot_be_read_is_named(content_type, body, problem):
    assert decode_status("", content_type, body) == StatusPush(None, None, problem)


# Inbound JSON: each way to be wrong has its words, and spoils nothing else.

DOCUMENT = json.loads(SMS)


def changed(**changes: object) -> bytes:
    return json.dumps({**DOCUMENT, **changes}).encode()


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


@pytest.mark.parametrize("fact", ["+47594400", "26114", "26114123456789", "Front", "123456789"])
def test_inbound_numbers_are_facts(fact):
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
        (b"[" * 100_000, "the JSON cannot be read"),
        (b'{"files":' * 100_000, "the JSON cannot be read"),
        (b'{"id": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "the JSON cannot be read"),
    ],
)
def test_what_is_no_json_object_is_empty_and_named(body, problem):
    assert decode_inbound_json(body) == InboundPush("json", problem=problem)


def test_a_byte_order_mark_and_raw_line_breaks_are_no_problem():
    push = decode_inbound_json(b"\xef\xbb\xbf" + SMS.replace(b"Test 123", b"Test\n\t123"))
    assert (push.text, push.problem) == ("Test\n\t123", "")


def test_latin_1_in_json_is_read_as_latin_1_and_noted():
    push = decode_inbound_json(SMS.replace(b"Test 123", "Test æøå".encode("latin-1")))
    assert (push.text, push.problem) == ("Test æøå", "the JSON is not UTF-8, it was read as Latin-1")


def test_one_broken_byte_does_not_spoil_the_others():
    push = decode_inbound_json(SMS.replace(b"Test 123", "Test æøå".encode() + b"\xf0"))
    assert (push.text, push.problem) == ("Test æøå\ufffd", "the JSON is not wholly UTF-8")


def test_of_a_doubled_key_the_last_counts_and_it_is_noted():
    push = decode_inbound_json(SMS.replace(b"{", b'{"text": "first", ', 1))
    assert (push.text, push.problem) == ("Test 123", "a field is given more than once, the last was taken")


def test_a_problem_is_told_once():
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
        "AA",
        "AA=",
        "AA==x",
        "AA==AA==",
        "=",
        "A A=",
        "AA\n==",
        "Æ===",
        "-_==",
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


# Inbound GET.


def test_a_raw_plus_before_a_number_is_given_back():
    push = decode_inbound_query("fromid=+47594400&phonenr=+4799999999&txt=a+b&time=1&countnr=1")
    assert (push.recipient, push.sender, push.text) == ("+47594400", "+4799999999", "a b")


def test_a_sub_number_that_begins_with_00_is_not_taken_for_a_foreign_number():
    assert decode_inbound_query("fromid=001000000").recipient == "26114001000000"


def test_the_code_may_be_missing():
    push = decode_inbound_query("fromid=26114&phonenr=Front&txt=&time=1077181484&countnr=157")
    assert (push.recipient, push.sender, push.text, push.keyword, push.problem) == ("26114", "Front", "", "", "")


@pytest.mark.parametrize("query", [GET, GET.encode(), "?" + GET])
def test_a_query_may_be_text_or_bytes(query):
    assert decode_inbound_query(query).problem == ""


def test_bytes_that_nobody_encoded_are_latin_1_too():
    assert decode_inbound_query("txt=æøå".encode("latin-1")).text == "æøå"
    assert decode_inbound_query("txt=æøå").text == "æøå"


def test_what_latin_1_lacks_goes_out_as_a_question_mark():
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
def test_of_a_get_what_cannot_be_read_is_named(query, problem):
    assert decode_inbound_query(query).problem == problem


# Total, whatever comes.

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
def test_any_body_is_an_inbound_push(body):
    assert_sound(decode_inbound_json(body))


@given(st.binary() | damaged(GET.encode()) | st.text(st.characters(exclude_categories=())))
def test_any_query_is_an_inbound_push(query):
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
def test_any_request_is_a_status(query, content_type, body):
    push = decode_status(query, content_type, body)
    for number in (push.status, push.gateway_id):
        assert number is None or -(2**63) <= number < 2**63
    assert (push.status is None or push.gateway_id is None) <= bool(push.problem)
    assert len(push.problem) <= 1000 and "\n" not in push.problem


@pytest.mark.parametrize("name", [*DOCUMENT])
@pytest.mark.parametrize("secret", ["secret\0", "secret\ud83d", ["secret"], {"secret": "secret"}])
def test_no_problem_tells_what_it_could_not_read(name, secret):
    push = decode_inbound_json(changed(**{name: secret}))
    assert push.problem
    assert "secret" not in push.problem


@pytest.mark.parametrize("name", ["time", "countnr", "fromid", "phonenr", "txt", "code"])
def test_no_problem_tells_what_stood_in_a_query(name):
    push = decode_inbound_query(f"{name}=secret%00&secret=secret&{name}=secret2%00")
    assert name in push.problem
    assert "secret" not in push.problem


def test_repr_shows_neither_numbers_nor_text():
    push = decode_inbound_json(MMS.replace(b"26114", b"+4788888888"))
    for secret in ("99999999", "Test", "TEST", "59440000", "VGVzdCAxMjM"):
        assert secret not in repr(push)
    assert "999999" in repr(push)


# Content types and the file that was encoded twice too often.


@pytest.mark.parametrize(
    ("content_type", "kind", "parameters"),
    [
        ("image/jpeg;Name=image01.jpg", "image/jpeg", {"name": "image01.jpg"}),
        ("text/plain;Name=text_75329.txt;Charset=UTF-8", "text/plain", {"name": "text_75329.txt", "charset": "UTF-8"}),
        ("Text/XML ; charset = utf-8 ", "text/xml", {"charset": "utf-8"}),
        ('a/b; name="a;b\\"c.jpg"; x=1', "a/b", {"name": 'a;b"c.jpg', "x": "1"}),
        ("a/b;name=first;name=second", "a/b", {"name": "first"}),
        ('a/b; name=""', "a/b", {"name": ""}),
        ("a/b;;=;x", "a/b", {}),
        ("", "", {}),
    ],
)
def test_a_content_type_is_split(content_type, kind, parameters):
    assert mime(content_type) == (kind, parameters)


@given(st.text(st.characters(exclude_categories=())) | st.text(';="\\ a'))
@example(';a="' * 1_000_000)
def test_splitting_a_content_type_is_total(content_type):
    kind, parameters = mime(content_type)
    assert kind == kind.strip().lower()
    assert all(name == name.lower() for name in parameters)


def twice(data: bytes) -> bytes:
    return data.decode("latin-1").encode().decode("latin-1").encode()


MAGIC = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png;Name=a.png": b"\x89PNG\r\n\x1a\n",
    "IMAGE/GIF": b"GIF89a",
    "image/webp": b"RIFF\x10\xff\0\0WEBP",
    "image/bmp": b"BM",
    "audio/amr": b"#!AMR",
    "audio/mpeg": b"ID3",
    "video/3gpp": b"\0\0\0\x18ftyp",
    "video/mp4": b"\0\0\0\x18ftyp",
}


@pytest.mark.parametrize("content_type", MAGIC)
@given(rest=st.binary())
def test_a_file_encoded_twice_is_repaired_wholly(content_type, rest):
    data = MAGIC[content_type] + rest + b"\xff"
    assert repair_double_utf8(twice(data), content_type) == data


@pytest.mark.parametrize("content_type", MAGIC)
@given(rest=st.binary())
def test_a_file_that_is_right_is_left_alone(content_type, rest):
    assert repair_double_utf8(MAGIC[content_type] + b"\xff" + rest, content_type) is None


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (twice(b"\xff\xd8\xff\xe0"), "image/png"),
        (twice(b"\xff\xd8\xff\xe0"), "text/plain"),
        (twice(b"\xff\xd8\xff\xe0"), ""),
        (twice(b"\xff\xd8\xff\xe0")[:-1], "image/jpeg"),
        (twice(b"\xff\xd8\xff\xe0") + b"\xff", "image/jpeg"),
        (b"\xff\xd8\xff\xe0".decode("latin-1").encode(), "image/jpeg"),
        (b"GIF89a and nothing but ASCII", "image/gif"),
        (b"", "image/jpeg"),
    ],
)
def test_no_repair_without_both_decodings_and_the_magic_number(data, content_type):
    assert repair_double_utf8(data, content_type) is None


LARGE = bytes(range(256)) * 300


@pytest.mark.parametrize("data", [LARGE, LARGE + b"1", LARGE + b"12"])
def test_a_large_file_is_read_like_a_small_one(data):
    push = InboundPush("json", 1, "26114", "Front", "a", datetime(2020, 1, 1, tzinfo=UTC), 1, "A")
    push = replace(
        push, files=(FilePart(1, "a/b", "n", data), FilePart(2, "a/b", "n", data[::-1]), FilePart(3, "a/b", "n", data))
    )
    assert decode_inbound_json(encode_inbound_json(push)) == push


def test_a_large_file_is_cut_out_and_a_digest_stands_in_its_place():
    encoded = base64.b64encode(LARGE)
    mark = f"sha256:{hashlib.sha256(encoded).hexdigest()}"
    small, cuts = cut_files(b'{"fileData" : "%s", "text": "a"}' % encoded)
    assert json.loads(small) == {"fileData": mark, "text": "a"}
    assert cuts == {mark: encoded}


@pytest.mark.parametrize(
    "body",
    [
        SMS,
        MMS,
        b'{"text": "\\"fileData\\": \\"' + b"A" * 400 + b'\\""}',
        b'{"text\\"fileData": "' + b"A" * 400 + b'"}',
        b'{"fileData": "' + b"A" * 400,
        b'{"fileData": "' + b"A" * 400 + b'..."}',
    ],
)
def test_nothing_else_is_cut_out(body):
    assert cut_files(body) == (body, {})


@pytest.mark.parametrize(
    "encoded", ["A" * 4001, "A" * 4000 + "=", "A" * 4002 + "=", "A" * 4000 + "...", "=" + "A" * 4003]
)
def test_base64_is_strict_of_a_large_file_too(encoded):
    push = decode_inbound_json(changed(files=[{"id": 1, "contentType": "a/b", "fileName": "n", "fileData": encoded}]))
    assert push.files == (FilePart(1, "a/b", "n", None, encoded, "fileData is not Base64"),)


@pytest.mark.parametrize("encoded", ["AB==", "A" * 4000 + "AB==", "A" * 4000 + "AAB="])
def test_base64_with_stray_bits_is_read_and_kept_as_it_stood(encoded):
    push = decode_inbound_json(changed(files=[{"id": 1, "contentType": "a/b", "fileName": "n", "fileData": encoded}]))
    assert not any(push.files[0].data) and push.files[0].encoded == encoded


def test_reading_a_large_mms_takes_less_than_the_mms_again():
    body = changed(files=[{"id": 1, "contentType": "a/b", "fileName": "n", "fileData": "A" * 4_000_000}])
    tracemalloc.start()
    try:
        push = decode_inbound_json(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(push.files[0].data) == 3_000_000
    assert peak < len(body)


def test_whoever_makes_a_file_gives_the_bytes_alone():
    assert FilePart(1, "text/plain", "a.txt", b"Test 123").encoded == "VGVzdCAxMjM="
