"""The slides of an MMS: reading untrusted SMIL, and the fallback for SMIL that cannot be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_front_sms import inbox
from django_front_sms.gateway import smil
from django_front_sms.gateway.push import decode_inbound_json
from django_front_sms.gateway.smil import Slide, Unreadable, slides
from django_front_sms.models import InboundMessage, MmsFile
from tests.webhooks.pushes import JPEG, PNG, file, sms

NAMES = [["text.txt"], ["image01.jpg"], ["b.png", "other.png"]]


def document(body: str, before: str = '<?xml version="1.0"?>') -> bytes:
    return f"{before}<smil><head><layout/></head><body>{body}</body></smil>".encode()


class TestReading:
    def test_slides_come_in_the_order_of_the_document_with_their_time(self):
        first, second = '<img src="b.png"/>', '<text src="text.txt"/><img src="image01.jpg"/>'
        body = f'<par dur="5000ms">{first}</par><par dur="8s">{second}</par>'
        assert slides(document(body), NAMES) == [Slide(5.0, (2,)), Slide(8.0, (0, 1))]

    @pytest.mark.parametrize("src", ["image01.jpg", "cid:image01.jpg", "cid:<image01.jpg>", "IMAGE01%2Ejpg", "image01"])
    def test_a_file_is_found_by_its_name_however_that_is_written(self, src):
        assert slides(document(f'<par><img src="{src.replace("<", "&lt;")}"/></par>'), NAMES) == [Slide(None, (1,))]

    def test_the_name_within_the_content_type_leads_to_the_file_too(self):
        assert slides(document('<par><img src="other.png"/></par>'), NAMES) == [Slide(None, (2,))]

    def test_a_namespace_and_a_sequence_around_the_slides_make_no_difference(self):
        text = document('<seq><par dur="1"><img src="b.png"/></par></seq>')
        named = text.replace(b"<smil>", b'<smil xmlns="http://www.w3.org/2001/SMIL20/Language">')
        assert named != text and slides(named, NAMES) == [Slide(1.0, (2,))]

    def test_a_file_outside_of_a_slide_is_one_by_itself(self):
        assert slides(document('<img src="b.png" dur="2s"/><text src="text.txt"/>'), NAMES) == [
            Slide(2.0, (2,)),
            Slide(None, (0,)),
        ]

    def test_files_that_the_message_lacks_are_left_out(self):
        body = '<par><img src="http://evil.example/x.jpg"/></par><par><img src="b.png"/><audio src="no.amr"/></par>'
        assert slides(document(body), NAMES) == [Slide(None, (2,))]

    @pytest.mark.parametrize(
        ("written", "seconds"),
        [("5s", 5), ("5000ms", 5), ("5", 5), ("00:05", 5), ("0:00:05.5", 5.5), ("2min", 120), (" 1.5S ", 1.5)],
    )
    def test_times_are_read_as_smil_writes_them(self, written, seconds):
        assert slides(document(f'<par dur="{written}"><img src="b.png"/></par>'), NAMES)[0].duration == seconds

    @pytest.mark.parametrize("written", ["indefinite", "", "-5s", "0s", "9e9s", "999999999h", "٥s", "media"])
    def test_other_times_are_none(self, written):
        assert slides(document(f'<par dur="{written}"><img src="b.png"/></par>'), NAMES)[0].duration is None

    @pytest.mark.parametrize(
        "bad",
        [
            b"",
            b"<smil>",
            b"\xff\xfe\x00",
            b"PD94bWw",
            b'<?xml version="1.0" encoding="no-such"?><smil/>',
            document("&a;", '<!DOCTYPE smil [<!ENTITY a "b">]>'),
            document("&x;", '<!DOCTYPE smil [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
            document("&x;", '<!DOCTYPE smil SYSTEM "x.dtd">'),
            document("", '<!DOCTYPE smil SYSTEM "a"><!DOCTYPE smil SYSTEM "b">'),
            b" " * (smil.MAX_BYTES + 1),
        ],
    )
    def test_a_document_that_is_no_smil_or_has_declarations_or_is_huge_is_refused(self, bad):
        with pytest.raises(Unreadable):
            slides(bad, NAMES)

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ('<!DOCTYPE smil PUBLIC "-//W3C//DTD SMIL 1.0//EN" "http://www.w3.org/TR/REC-smil/SMIL10.dtd">', ""),
            ("<?xml version=\"1.0\"?>\n<!DOCTYPE smil SYSTEM 'SMIL10.dtd'>", ""),
            ("<!DOCTYPE smil>", ""),
            ('\r\n <?xml version="1.0"?>', "\n"),
            ('\ufeff\n<?xml version="1.0"?>', "\0\0"),
        ],
    )
    def test_a_document_type_and_blanks_and_nuls_around_the_document_are_ignored(self, before, after):
        text = document('<par><img src="b.png"/></par>', before) + after.encode()
        assert slides(text, NAMES) == [Slide(None, (2,))]

    def test_utf_16_is_read_whole(self):
        text = document('<par><img src="b.png"/></par>', '<?xml version="1.0" encoding="utf-16"?>').decode()
        assert slides(text.encode("utf-16"), NAMES) == [Slide(None, (2,))]

    def test_the_deepest_nesting_that_fits_is_read(self):
        depth = smil.MAX_BYTES // 11 - 10
        assert slides(document("<seq>" * depth + '<img src="b.png"/>' + "</seq>" * depth), NAMES) == [Slide(None, (2,))]

    def test_the_number_of_slides_is_limited(self):
        assert len(slides(document('<par><img src="b.png"/></par>' * 2000), NAMES)) == smil.MAX_SLIDES

    @given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: document(text)))
    def test_any_bytes_give_slides_or_an_error(self, data):
        try:
            found = slides(data, NAMES)
        except Unreadable:
            return
        assert all(0 <= place < len(NAMES) for slide in found for place in slide.parts)


SMIL = "application/smil;Name=smil.xml;Charset=UTF-8"
TEXT = "text/plain;Name=text_75329.txt;Charset=ISO-8859-1"


@pytest.mark.django_db
@pytest.mark.usefixtures("hints")
class TestMessages:
    def receive(self, *files) -> InboundMessage:
        body = sms(files=list(files))
        inbox.store_inbound("default", decode_inbound_json(body), body)
        return InboundMessage.objects.get()

    def shown(self, message: InboundMessage) -> list[list[str]]:
        return [[part.text or part.file.name for part in slide.parts] for slide in inbox.slides_of(message)]

    def arranged(self, arrangement: bytes) -> InboundMessage:
        return self.receive(
            file(JPEG, "image/jpeg;Name=image01.jpg", "image01.jpg"),
            file(arrangement, SMIL, "smil.xml"),
            file("Test æøå".encode("latin-1"), TEXT, "text_175329.txt"),
            file(PNG, "image/png;Name=b.png", "b.png"),
        )

    def test_text_and_pictures_come_in_their_order_and_time(self):
        body = (
            '<par dur="3s"><text src="text_75329.txt"/><img src="b.png"/></par><par><img src="cid:image01.jpg"/></par>'
        )
        message = self.arranged(document(body))
        assert self.shown(message) == [["Test æøå", "b.png"], ["image01.jpg"]]
        assert [slide.duration for slide in inbox.slides_of(message)] == [3.0, None]

    def test_files_that_no_slide_shows_come_last(self):
        message = self.arranged(document('<par><img src="b.png"/></par>'))
        assert self.shown(message) == [["b.png"], ["image01.jpg", "Test æøå"]]

    @pytest.mark.parametrize("bad", [b"", b"<smil>", document("", '<!DOCTYPE smil [<!ENTITY a "b">]>')])
    def test_unreadable_smil_loses_only_the_order(self, bad):
        message = self.arranged(bad)
        assert self.shown(message) == [["image01.jpg", "Test æøå", "b.png"]]
        assert message.problem == ""

    def test_an_sms_has_no_slides(self):
        assert inbox.slides_of(self.receive()) == []

    def test_files_that_are_not_in_storage_are_shown_without_their_content(self):
        message = self.arranged(document('<par><text src="text_75329.txt"/></par>'))
        MmsFile.objects.update(file="")
        assert self.shown(message) == [["image01.jpg", "text_175329.txt", "b.png"]]

    def test_a_text_in_an_unknown_or_wrong_encoding_is_shown_as_far_as_it_can_be(self):
        kinds = ("text/plain;charset=no-such", "text/plain;charset=utf-8", "text/plain;charset=base64", "text/plain")
        message = self.receive(*(file(b"\xe6 Test", kind, "t.txt") for kind in kinds))
        assert self.shown(message) == [["\ufffd Test"] * 4]
