"""The files of an MMS (§2.5.1): content types, Base64, size, and files that are encoded twice."""

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
    MAX_FILES,
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
def test_splitting_a_content_type_never_raises(content_type):
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
def test_a_file_encoded_twice_is_repaired_completely(content_type, rest):
    data = MAGIC[content_type] + rest + b"\xff"
    assert repair_double_utf8(twice(data), content_type) == data


@pytest.mark.parametrize("content_type", MAGIC)
@given(rest=st.binary())
def test_a_file_encoded_once_is_unchanged(content_type, rest):
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


def test_a_file_is_cut_out_and_replaced_with_a_mark():
    encoded = base64.b64encode(LARGE)
    body = b'{"fileData" : "%s", "text": "a"}' % encoded
    small, cuts = cut_files(body, MAX_FILES)
    [(mark, cut)] = cuts.items()
    assert json.loads(small) == {"fileData": mark, "text": "a"}
    assert (cut.data, cut.sha256, cut.source) == (LARGE, hashlib.sha256(LARGE).hexdigest(), "")
    assert body[slice(*cut.place)] == encoded
    assert without(body, {cut.place: b"gone"}) == b'{"fileData" : "gone", "text": "a"}'


def test_slashes_may_be_escaped_as_php_writes_them():
    encoded = base64.b64encode(LARGE).replace(b"/", b"\\/")
    body = b'{"fileData":"%s"}' % encoded
    [cut] = cut_files(body, MAX_FILES)[1].values()
    assert cut.data == LARGE and body[slice(*cut.place)] == encoded


def test_two_equal_files_keep_their_own_positions():
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
def test_only_files_are_cut_out(body):
    assert cut_files(body, MAX_FILES) == (body, {})


@pytest.mark.parametrize(
    "encoded", ["A" * 4001, "A" * 4000 + "=", "A" * 4000 + "...", "=" + "A" * 4003, "A" * 3999 + "æ"]
)
def test_base64_is_strict_of_a_large_file_too(encoded):
    push = decode_inbound_json(changed(files=[{"id": 1, "contentType": "a/b", "fileName": "n", "fileData": encoded}]))
    assert push.files == (FilePart(1, "a/b", "n", None, encoded, "fileData is not Base64"),)


@pytest.mark.parametrize("encoded", ["AB==", "A" * 4000 + "AB==", "A" * 4000 + "AAB="])
def test_base64_with_stray_bits_is_read_and_kept_unchanged(encoded):
    push = decode_inbound_json(changed(files=[{"id": 1, "contentType": "a/b", "fileName": "n", "fileData": encoded}]))
    assert not any(push.files[0].data) and push.files[0].encoded == encoded


def test_reading_a_large_mms_uses_less_memory_than_a_second_copy():
    body = changed(files=[{"id": 1, "contentType": "a/b", "fileName": "n", "fileData": "A" * 4_000_000}])
    tracemalloc.start()
    try:
        push = decode_inbound_json(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(push.files[0].data) == 3_000_000
    assert peak < len(body)


def test_a_file_is_made_from_its_bytes_alone():
    assert FilePart(1, "text/plain", "a.txt", b"Test 123").encoded == "VGVzdCAxMjM="


def only_file(encoded: str) -> FilePart:
    part = {"id": 1, "contentType": "a/b", "fileName": "n", "fileData": encoded}
    return decode_inbound_json(changed(files=[part])).files[0]


LINES = base64.encodebytes(LARGE).decode()


@pytest.mark.parametrize(
    "written",
    [
        LINES,
        LINES.replace("\n", "\r\n"),
        base64.b64encode(LARGE).decode() + "\n",
        base64.urlsafe_b64encode(LARGE).decode(),
        base64.b64encode(LARGE + b"1").decode().rstrip("="),
        base64.b64encode(LARGE + b"12").decode().replace("=", "\t"),
    ],
    ids=["lines", "lines of Windows", "last newline", "URL-safe", "no padding", "half a padding"],
)
def test_base64_that_is_not_strict_is_repaired_and_noted_and_its_body_is_left_whole(written):
    part = only_file(written)
    assert part.data.startswith(LARGE) and len(part.data) <= len(LARGE) + 2
    assert (part.problem, part.place) == ("the Base64 of fileData was repaired", None)


@pytest.mark.parametrize("written", ["AA", "AA=", "A A=", "AA\n==", "-_==", " AAAA", "AA\u2028==", "AA\u00e6="])
def test_short_base64_is_repaired_alike(written):
    part = only_file(written)
    repaired = not any(char in written for char in "\u2028\u00e6")
    assert (part.data is not None) is repaired
    assert part.encoded == written


def test_slashes_in_base64_may_be_escaped_and_its_lines_broken():
    written = json.dumps(base64.encodebytes(LARGE).decode()).replace("/", "\\/")
    part = decode_inbound_json(b'{"files": [{"fileData": %s}]}' % written.encode()).files[0]
    assert part.data == LARGE


def test_escapes_of_other_kinds_are_left_to_the_json_parser():
    written = json.dumps(base64.b64encode(LARGE).decode()).replace("+", "\\u002b")
    part = decode_inbound_json(b'{"files": [{"fileData": %s}]}' % written.encode()).files[0]
    assert (part.data, part.problem.count("Base64")) == (LARGE, 0)


def test_a_large_file_that_cannot_be_decoded_is_named_and_the_rest_is_read():
    body = changed(files=[{"id": 1, "contentType": "a/b", "fileName": "n", "fileData": "A" * 4_000_000 + "..."}])
    push = decode_inbound_json(body)
    assert (push.text, push.problem) == ("Test 123", "file 1: fileData is not Base64")
    assert push.files[0].data is None and push.files[0].place is None


def test_no_more_files_are_cut_out_than_are_read():
    body = b'{"files": [' + b",".join([b'{"fileData": "AAAA"}'] * (MAX_FILES + 5)) + b"]}"
    assert len(cut_files(body, MAX_FILES)[1]) == MAX_FILES
    assert len(decode_inbound_json(body).files) == MAX_FILES


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": 1, "files": [' + b",".join([b'{"fileData":"AAAA"}'] * 1_200_000) + b"]}",
        b'{"id": 1, "text": "' + "\U0001f600".encode() * 6_000_000 + b'"}',
        b'{"id": 1, "files": [' + b"[]," * 8_000_000 + b"0]}",
        b'{"id": 1, "files": [{"fileData":"' + b"AAA\\n" * 5_000_000 + b'"}]}',
        b'{"id": 1, "files": [{"fileData":"' + b"A.A." * 6_000_000 + b'"}]}',
    ],
    ids=["files", "one text", "lists", "lines", "no Base64"],
)
def test_no_body_uses_more_memory_than_twice_its_size_and_50_mb(body):
    tracemalloc.start()
    try:
        push = decode_inbound_json(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert push.problem
    assert peak < len(body) + 50_000_000  # the body itself is not counted
