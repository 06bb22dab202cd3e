"""The files of an MMS: in storage before the answer if possible, otherwise in the row."""

import base64
import hashlib
import json
from datetime import timedelta

import pytest
from django.db.models import F

from django_front_sms import inbox
from django_front_sms.gateway.push import decode_inbound_json
from django_front_sms.inbox.mms import files
from django_front_sms.models import Event, InboundMessage, MmsFile
from tests.inbox.storages import DOWN, UP, Silent, Unwilling
from tests.webhooks.pushes import JPEG, MMS, PNG, by_post, file, sms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]


def receive(body: bytes) -> InboundMessage:
    assert inbox.store_inbound("default", decode_inbound_json(body), body)
    return InboundMessage.objects.latest("pk")


def later() -> None:
    """Advance the clock to the next attempt."""
    InboundMessage.objects.filter(process_at__isnull=False).update(process_at=F("received_at") - timedelta(minutes=5))


class TestStored:
    def test_the_files_of_the_manuals_mms(self):
        message = receive(MMS)
        smil, text, picture = message.files.all()
        assert text.file.read() == b"Test 123"
        assert (text.gateway_id, text.name, text.size) == (4748, "text_175329.txt", 8)
        assert text.content_type == "text/plain;Name=text_75329.txt;Charset=UTF-8"
        assert text.sha256 == hashlib.sha256(b"Test 123").hexdigest()
        for cut_short_by_the_manual in (smil, picture):
            assert not cut_short_by_the_manual.file and not cut_short_by_the_manual.sha256
        assert "file 1" in message.problem and "file 3" in message.problem and "file 2" not in message.problem

    def test_a_file_is_served_as_it_was_sent(self):
        message = receive(sms(files=[file(JPEG), file(PNG, "image/png", "x.png")]))
        assert [stored.file.read() for stored in message.files.all()] == [JPEG, PNG]
        assert [stored.position for stored in message.files.all()] == [0, 1]
        assert message.problem == ""

    def test_a_file_name_is_derived_from_the_content_alone(self):
        message = receive(
            sms(files=[file(JPEG, "text/html", "../../evil.html"), file(b"<html>", "text/html", "/etc/x")])
        )
        picture, page = message.files.all()
        digest = hashlib.sha256(JPEG).hexdigest()
        assert picture.file.name == f"front_sms/mms/{digest[:2]}/{digest}.jpg"
        assert page.file.name.endswith(".bin")
        assert picture.name == "../../evil.html"

    def test_the_same_file_twice_is_stored_once(self, media):
        message = receive(sms(files=[file(JPEG), file(JPEG)]))
        again = receive(sms(id=5, files=[file(JPEG)]))
        names = {stored.file.name for stored in [*message.files.all(), *again.files.all()]}
        assert len(names) == 1
        assert len([path for path in media.rglob("*") if path.is_file()]) == 1

    def test_a_partly_written_file_is_replaced(self, media):
        digest = hashlib.sha256(JPEG).hexdigest()
        half = media / "front_sms" / "mms" / digest[:2] / f"{digest}.jpg"
        half.parent.mkdir(parents=True)
        half.write_bytes(JPEG[:100])
        assert receive(sms(files=[file(JPEG)])).files.get().file.read() == JPEG

    def test_an_empty_file_is_a_file(self):
        stored = receive(sms(files=[file(b"")])).files.get()
        assert stored.file.read() == b"" and stored.size == 0

    def test_a_doubly_encoded_picture_is_repaired_and_the_repair_is_noted(self):
        doubly = JPEG.decode("latin-1").encode().decode("latin-1").encode()
        stored = receive(sms(files=[file(doubly)])).files.get()
        assert stored.repaired and stored.file.read() == JPEG
        as_it_came = stored.file.open().read().decode("latin-1").encode().decode("latin-1").encode()
        assert as_it_came == doubly

    def test_long_descriptions_are_cut_and_noted(self):
        message = receive(sms(files=[file(JPEG, "image/jpeg;Name=" + "x" * 500, "y" * 500)]))
        stored = message.files.get()
        assert (len(stored.content_type), len(stored.name)) == (255, 255)
        assert "name of file 1 was cut" in message.problem

    def test_the_alias_of_the_storage_is_a_setting(self, settings, tmp_path):
        location = {"BACKEND": UP["default"]["BACKEND"], "OPTIONS": {"location": tmp_path / "mms"}}
        settings.STORAGES = {**UP, "mms": location}
        settings.FRONT_SMS = {**settings.FRONT_SMS, "MMS_STORAGE": "mms"}
        receive(sms(files=[file(JPEG)]))
        assert [path.read_bytes() for path in (tmp_path / "mms").rglob("*.jpg")] == [JPEG]


class TestRaw:
    def test_a_moved_file_leaves_a_reference_and_every_other_byte(self):
        body = sms(files=[file(JPEG)])
        literal = base64.b64encode(JPEG)
        digest = hashlib.sha256(JPEG).hexdigest().encode()
        assert bytes(receive(body).raw) == body.replace(literal, b"front_sms:sha256:" + digest)

    def test_a_slash_written_as_php_writes_it_is_found_too(self):
        body = sms(files=[file(JPEG)]).replace(b"/", b"\\/")
        message = receive(body)
        assert base64.b64encode(JPEG)[:40].replace(b"/", b"\\/") not in bytes(message.raw)
        assert json.loads(bytes(message.raw))["files"][0]["contentType"] == "image/jpeg;Name=image01.jpg"
        assert message.files.get().file.read() == JPEG

    def test_only_the_data_of_a_file_is_moved_and_not_an_equal_text(self):
        literal = base64.b64encode(JPEG).decode()
        quoted = f'"fileData": "{literal}"'
        message = receive(sms(text=quoted, files=[file(JPEG)]))
        document = json.loads(bytes(message.raw))
        assert document["text"] == message.text == quoted
        assert document["files"][0]["fileData"].startswith("front_sms:sha256:")

    def test_base64_that_could_not_be_read_stays(self):
        body = sms(files=[{**file(JPEG), "fileData": "w4PCv8OD..."}])
        message = receive(body)
        assert bytes(message.raw) == body and message.problem

    def test_base64_that_is_written_with_escapes_stays_and_is_stored_as_well(self):
        literal = base64.b64encode(JPEG).decode()
        escaped = f"\\u{ord(literal[0]):04x}{literal[1:]}"
        body = sms(files=[file(JPEG)]).replace(literal.encode(), escaped.encode())
        message = receive(body)
        assert bytes(message.raw) == body
        assert message.files.get().file.read() == JPEG


class TestStorageThatFails:
    @pytest.fixture
    def down(self, settings):
        settings.STORAGES = DOWN

    def test_a_message_is_kept_whole_when_storage_is_down(self, down, caplog):
        body = sms(files=[file(JPEG)])
        message = receive(body)
        stored = message.files.get()
        assert bytes(message.raw) == body
        assert (stored.file.name, stored.size, stored.sha256) == ("", len(JPEG), hashlib.sha256(JPEG).hexdigest())
        assert "could not be stored (OSError)" in caplog.text and "secret" not in caplog.text

    def test_a_message_is_kept_whole_when_no_thread_can_be_started(self, settings, monkeypatch, caplog):
        def refuse(thread):
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as refusing:
            refusing.setattr("threading.Thread.start", refuse)
            body = sms(files=[file(JPEG)])
            assert by_post(body).content == b"true"
        assert bytes(InboundMessage.objects.get().raw) == body
        assert "No thread could be started to store MMS files" in caplog.text
        inbox.process()
        assert MmsFile.objects.get().file.read() == JPEG

    def test_the_message_is_announced_without_waiting_for_its_files(self, down):
        message = receive(sms(files=[file(JPEG)]))
        assert inbox.process() == 1
        message.refresh_from_db()
        assert message.announced and message.process_at is not None

    def test_the_worker_stores_the_file_once_storage_is_back(self, down, settings):
        message = receive(sms(files=[file(JPEG)]))
        inbox.process()
        settings.STORAGES = UP
        later()
        assert inbox.process() == 0
        message.refresh_from_db()
        assert message.process_at is None
        assert message.files.get().file.read() == JPEG
        assert base64.b64encode(JPEG) not in bytes(message.raw)
        assert Event.objects.count() == 1

    def test_storage_that_is_back_at_once_is_used_at_once(self, down, settings):
        message = receive(sms(files=[file(JPEG)]))
        settings.STORAGES = UP
        assert inbox.process() == 1
        assert message.files.get().file.read() == JPEG

    def test_files_that_the_storage_accepts_are_moved_and_the_others_stay(self, settings):
        settings.STORAGES = {**UP, "default": {"BACKEND": "tests.inbox.storages.Picky"}}
        message = receive(sms(files=[file(b"what" * 100, "x/y"), file(JPEG)]))
        unknown, picture = message.files.all()
        assert not unknown.file and picture.file.read() == JPEG
        settings.STORAGES = UP
        inbox.process()
        assert message.files.first().file.read() == b"what" * 100
        message.refresh_from_db()
        assert bytes(message.raw).count(b"front_sms:sha256:") == 2

    def test_a_storage_that_is_down_is_tried_once_not_for_each_message(self, down, monkeypatch):
        for number in range(3):
            receive(sms(id=number, files=[file(JPEG)]))
        asked = []
        monkeypatch.setattr(Unwilling, "_save", lambda *args: asked.append(args) or 1 / 0)
        assert inbox.process() == 3
        assert len(asked) == 1

    def test_a_hanging_storage_delays_others_for_a_limited_time(self, settings, monkeypatch, caplog):
        settings.STORAGES = {**UP, "default": {"BACKEND": "tests.inbox.storages.Silent"}}
        monkeypatch.setattr(files, "TIME_LIMIT", 0.05)
        try:
            message = receive(sms(files=[file(JPEG)]))
        finally:
            Silent.over.set()
        assert not message.files.get().file
        assert "took more than" in caplog.text

    def test_a_storage_alias_that_does_not_exist_loses_nothing(self, settings):
        settings.FRONT_SMS = {**settings.FRONT_SMS, "MMS_STORAGE": "none"}
        body = sms(files=[file(JPEG)])
        assert bytes(receive(body).raw) == body

    def test_a_redelivery_does_not_use_storage(self, monkeypatch):
        body = sms(files=[file(JPEG)])
        receive(body)
        monkeypatch.setattr(files, "store", lambda contents: 1 / 0)
        assert not inbox.store_inbound("default", decode_inbound_json(body), body)
        assert MmsFile.objects.count() == 1
