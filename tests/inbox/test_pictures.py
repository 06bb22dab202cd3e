"""Pictures are shown if their type is verified and they are small enough; with and without Pillow."""

import io
import struct
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_front_sms.gateway.pictures import Picture, measure
from django_front_sms.inbox.mms import pictures
from django_front_sms.inbox.mms.pictures import picture_type, verified
from django_front_sms.models import MmsFile
from tests.factories import InboundMessageFactory, MmsFileFactory
from tests.inbox.pictures import JPEG, KINDS, png, sof


class TestMeasuring:
    @pytest.mark.parametrize("kind", KINDS)
    def test_the_size_is_read_from_each_format(self, kind):
        assert measure(KINDS[kind]) == Picture(kind, 40, 30)

    @pytest.mark.parametrize("kind", ["VP8 ", "VP8X"])
    def test_the_size_is_read_from_all_variants_of_webp(self, kind):
        chunks = {
            "VP8 ": b"\0\0\0" + b"\x9d\x01\x2a" + struct.pack("<HH", 40 | 0x4000, 30),
            "VP8X": b"\0\0\0\0" + (39).to_bytes(3, "little") + (29).to_bytes(3, "little"),
        }
        head = b"RIFF\0\0\0\0WEBP" + kind.encode() + b"\x0a\0\0\0" + chunks[kind]
        assert measure(head) == Picture("image/webp", 40, 30)

    @pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2, 0xCF])
    def test_the_size_is_read_from_every_kind_of_jpeg_frame(self, marker):
        assert measure(JPEG + sof(0xC4, 1, 1) + sof(marker)) == Picture("image/jpeg", 40, 30)

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"<svg onload=alert(1)>",
            b"%PDF-1.7",
            b"BM" + b"\0" * 50,
            b"\xff\xd8\xff<script>alert(1)</script>",
            b"GIF89a<script>"[:8],
            b"GIF89a\0\0\0\0<script>",
            b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
            JPEG,
            png()[:20],
        ],
    )
    def test_a_file_that_is_no_picture_or_is_truncated_is_no_picture(self, data):
        assert measure(data) is None

    @given(st.binary(max_size=60), st.sampled_from(sorted(KINDS)), st.integers(0, 60))
    @example(b"\xff" * 60, "image/jpeg", 3)
    def test_no_bytes_raise_an_exception(self, noise, kind, kept):
        found = measure(KINDS[kind][:kept] + noise)
        assert found is None or found.pixels > 0


class TestVerifying:
    @pytest.fixture(params=["with Pillow", "without Pillow"], autouse=True)
    def _pillow(self, request, monkeypatch):
        if request.param == "without Pillow":
            monkeypatch.setitem(sys.modules, "PIL", None)
        else:
            pytest.importorskip("PIL")

    def test_the_type_follows_from_the_bytes_and_the_file_is_rewound(self):
        stream = io.BytesIO(png())
        assert verified(stream) == "image/png"
        assert stream.tell() == 0

    def test_more_pixels_than_a_browser_should_decode_are_too_many(self):
        assert verified(io.BytesIO(png(10_000, 6001))) == ""

    def test_html_that_begins_like_a_picture_is_no_picture(self):
        assert verified(io.BytesIO(b"\x89PNG\r\n\x1a\n<script>alert(1)</script>")) == ""


def test_pillow_finds_errors_that_the_first_bytes_do_not_show():
    pytest.importorskip("PIL")
    broken = bytearray(png())
    broken[45] ^= 0xFF  # within the pixels: their checksum is wrong now
    assert measure(bytes(broken)) is not None
    assert verified(io.BytesIO(bytes(broken))) == ""


@pytest.mark.django_db
class TestFiles:
    def test_the_media_type_given_by_the_sender_is_ignored(self):
        assert (
            picture_type(
                MmsFileFactory(message=InboundMessageFactory(), name="a.txt", content_type="text/plain", content=png())
            )
            == "image/png"
        )

    def test_a_missing_file_is_no_picture(self):
        kept = MmsFileFactory(message=InboundMessageFactory(), name="a.png", content_type="image/png", content=png())
        kept.file.storage.delete(kept.file.name)
        assert picture_type(kept) == ""
        assert picture_type(MmsFile(name="a.png", content_type="image/png")) == ""

    def test_a_file_that_is_too_large_is_not_opened(self, monkeypatch):
        kept = MmsFileFactory(message=InboundMessageFactory(), name="a.png", content_type="image/png", content=png())
        monkeypatch.setattr(pictures, "MAX_BYTES", kept.size - 1)
        assert picture_type(kept) == ""
