"""Pushes (§2.3, §2.5): the manual's examples, and each decoder as the inverse of its encoder."""

import base64
import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from django_front_sms.gateway.numbers import normalize
from django_front_sms.gateway.push import (
    FALSE,
    TRUE,
    FilePart,
    InboundPush,
    StatusPush,
    decode_inbound_json,
    decode_inbound_query,
    decode_status,
    encode_inbound_json,
    encode_inbound_query,
    encode_status,
    repair_double_utf8,
)
from tests.manual import GET, MMS, SMS, STATUS

int64 = st.integers(-(2**63), 2**63 - 1)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31), timezones=st.just(UTC))
e164 = st.from_regex(r"\+[1-9][0-9]{4,14}", fullmatch=True)
text_senders = st.from_regex(r"[A-Za-zÆØÅæøå][A-Za-z0-9 ÆØÅæøå&.-]{0,10}", fullmatch=True)
senders = (e164 | st.sampled_from(["26114", "2401"]) | text_senders).map(normalize)
psk_numbers = st.from_regex(r"26114[0-9]{9}", fullmatch=True)
recipients = (e164 | st.sampled_from(["26114", "2401"]) | psk_numbers).map(lambda number: normalize(number, "26114"))
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


def test_the_double_encoding_of_the_manuals_jpeg_is_repaired():
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


def test_the_replies_are_the_words_that_front_reads():
    assert (TRUE, FALSE) == (b"true", b"false")


# Each decoder is the reverse of its encoder.


@given(st.builds(StatusPush, int64, int64))
def test_a_status_is_decoded_as_it_was_encoded(push):
    assert decode_status(encode_status(push)) == push
    assert decode_status("", "application/x-www-form-urlencoded", encode_status(push).encode()) == push


@given(json_pushes)
def test_an_inbound_json_push_is_decoded_as_it_was_encoded(push):
    assert decode_inbound_json(encode_inbound_json(push)) == push


@given(get_pushes)
def test_an_inbound_get_push_is_decoded_as_it_was_encoded(push):
    assert decode_inbound_query(encode_inbound_query(push)) == push
    assert decode_inbound_query(encode_inbound_query(push).encode()) == push


@given(st.from_regex(r"2401[0-9]{9}", fullmatch=True))
def test_a_push_with_another_short_code_is_decoded_as_it_was_encoded(number):
    push = InboundPush("get", recipient=number, sender="A", sent=datetime(2020, 1, 1, tzinfo=UTC), counter=1)
    query = encode_inbound_query(push, short_code="2401")
    assert f"fromid={number[4:]}&" in query
    assert decode_inbound_query(query, short_code="2401") == push


@given(e164 | st.from_regex(r"26114[0-9]{9}", fullmatch=True), senders)
def test_both_apis_give_the_same_type(recipient, sender):
    sent = datetime(2020, 1, 1, tzinfo=UTC)
    got = decode_inbound_query(encode_inbound_query(InboundPush("get", None, recipient, sender, "a", sent, 1)))
    posted = decode_inbound_json(encode_inbound_json(InboundPush("json", 1, recipient, sender, "a", sent, 1)))
    assert (got.recipient, got.sender, got.sent) == (posted.recipient, posted.sender, posted.sent)
