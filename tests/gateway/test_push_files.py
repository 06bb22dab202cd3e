"""The files of an MMS (§2.5.1): content types, Base64, size, and the file encoded twice over."""

import base64
import hashlib
import json
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_front_sms.gateway.mms_json import cut_files, without
from django_front_sms.gateway.push import (
    FilePart,
    InboundPush,
    decode_inbound_json,
    encode_inbound_json,
    mime,
    repair_double_utf8,
)
from tests.manual import SMS, changed


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


def test_a_file_is_cut_out_and_a_mark_stands_in_its_place():
    encoded = base64.b64encode(LARGE)
    body = b'{"fileData" : "%s", "text": "a"}' % encoded
    small, cuts = cut_files(body)
    [(mark, cut)] = cuts.items()
    assert json.loads(small) == {"fileData": mark, "text": "a"}
    assert (cut.data, cut.sha256, cut.source) == (LARGE, hashlib.sha256(LARGE).hexdigest(), "")
    assert body[slice(*cut.place)] == encoded
    assert without(body, {cut.place: b"gone"}) == b'{"fileData" : "gone", "text": "a"}'


def test_slashes_may_be_escaped_as_php_writes_them():
    encoded = base64.b64encode(LARGE).replace(b"/", b"\\/")
    body = b'{"fileData":"%s"}' % encoded
    [cut] = cut_files(body)[1].values()
    assert cut.data == LARGE and body[slice(*cut.place)] == encoded


def test_two_files_that_hold_the_same_keep_their_own_places():
    encoded = base64.b64encode(LARGE)
    body = b'{"files": [{"fileData": "%s"}, {"fileData": "%s"}]}' % (encoded, encoded)
    places = [part.place for part in decode_inbound_json(body).files]
    assert [body[slice(*place)] for place in places] == [encoded, encoded] and places[0] != places[1]


@pytest.mark.parametrize(
    "body",
    [
        SMS,
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
