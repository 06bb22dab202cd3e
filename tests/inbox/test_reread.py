"""Reading inbound messages again after an upgrade, which can read what an earlier version could not."""

import json
from datetime import UTC, datetime

import pytest
from django.db import OperationalError

from django_front_sms import events, inbox
from django_front_sms.exceptions import NotPossible
from django_front_sms.gateway import push as reading
from django_front_sms.gateway.push import decode_inbound_json, decode_inbound_query
from django_front_sms.inbox import counters, reread
from django_front_sms.models import CounterGap, Event, InboundCounter, InboundMessage, MmsFile, OptOut
from django_front_sms.models.inbound import mms_storage
from tests.webhooks.pushes import JPEG, PNG, QUERY, file, sms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]

TWICE = PNG.decode("latin-1").encode().decode("latin-1").encode()  # encoded as UTF-8 two times over (§2.5.1)


def receive(body: bytes) -> InboundMessage:
    inbox.store_inbound("default", decode_inbound_json(body), body)
    inbox.process()
    return InboundMessage.objects.latest("pk")


def misread(monkeypatch, body: bytes, **wrong) -> InboundMessage:
    """The message as an earlier version stored it, which could not read all of it."""

    class Older:
        def __call__(self, raw):
            push = decode_inbound_json(raw)
            values = {name: getattr(push, name) for name in push.__slots__}
            return reading.InboundPush(**{**values, "problem": "sent is not a time", **wrong})

    inbox.store_inbound("default", Older()(body), body)
    inbox.process()
    return InboundMessage.objects.latest("pk")


class TestReadingAgain:
    def test_a_push_that_can_be_read_now_is_stored_and_its_problem_is_removed(self, monkeypatch):
        message = misread(monkeypatch, sms(), sent=None, text="")
        identity, received = message.identity, message.received_at
        reread.read_again(message)
        message.refresh_from_db()
        assert (message.text, message.problem) == ("Test 123", "")
        assert message.sent_at == datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC)
        assert (message.identity, message.received_at, bytes(message.raw)) == (identity, received, sms())

    def test_a_get_is_read_again_too(self):
        push = decode_inbound_query(QUERY)
        older = reading.InboundPush("get", counter=push.counter, problem="phonenr cannot be read")
        inbox.store_inbound("default", older, QUERY)
        message = inbox.read_again(InboundMessage.objects.get())
        assert (message.sender, message.text, message.problem) == ("+4799999999", "Test æøå ÆØÅ", "")

    def test_no_receiver_is_called_a_second_time(self, monkeypatch):
        message = misread(monkeypatch, sms(), text="")
        inbox.read_again(message)
        inbox.process()
        assert [event.kind for event in Event.objects.all()] == ["message_received"]

    def test_a_redelivery_afterwards_is_the_same_message(self, monkeypatch):
        inbox.read_again(misread(monkeypatch, sms(), text=""))
        assert not inbox.store_inbound("default", decode_inbound_json(sms()), sms())

    def test_a_push_that_still_cannot_be_read_keeps_its_problem(self):
        message = receive(sms(id="x"))
        before = message.problem
        assert before and inbox.read_again(message).problem == before

    def test_problems_found_by_comparison_are_kept(self, monkeypatch):
        receive(sms())
        message = misread(monkeypatch, sms(text="another"), text="")
        assert "sent is not a time" in message.problem
        assert inbox.read_again(message).problem.startswith("this came before with other content")

    def test_a_message_without_a_problem_is_left_alone(self):
        with pytest.raises(NotPossible):
            inbox.read_again(receive(sms()))

    def test_stop_and_the_counter_are_processed_after_reading_again(self, monkeypatch):
        receive(sms(counter=1, sent="2026-03-02T12:00:00Z"))
        body = sms(id=2, text="STOPP", counter=3, sent="2026-03-02T12:00:02Z")
        message = misread(monkeypatch, body, text="", counter=None)
        assert not OptOut.objects.exists() and InboundCounter.objects.get().highest == 1
        inbox.read_again(message)
        assert OptOut.objects.get().message == message
        assert CounterGap.objects.get().missing == [2]

    def test_a_counter_that_was_read_before_is_counted_once(self, monkeypatch):
        receive(sms(counter=1))
        message = misread(monkeypatch, sms(id=2, counter=2), text="")
        turns = InboundCounter.objects.get().turns
        inbox.read_again(message)
        assert InboundCounter.objects.get().turns == turns


class TestFiles:
    def test_missing_files_are_added(self, monkeypatch):
        body = sms(files=[file(JPEG), file(PNG, "image/png", "b.png")])
        message = misread(monkeypatch, body, files=decode_inbound_json(body).files[:1])
        assert message.files.count() == 1
        inbox.read_again(message)
        first, second = message.files.all()
        assert (first.file.read(), second.file.read()) == (JPEG, PNG)
        assert b"front_sms:sha256:" in bytes(message.raw) and message.process_at is None

    def test_files_that_are_in_storage_are_read_from_there(self, monkeypatch):
        message = misread(monkeypatch, sms(files=[file(JPEG), file(TWICE, "image/png", "b.png")]), text="")
        rows = list(message.files.values_list("pk", "sha256", "repaired"))
        raw = bytes(message.raw)
        assert raw.count(b"front_sms:sha256:") == 2
        inbox.read_again(message)
        assert (message.problem, message.text, bytes(message.raw)) == ("", "Test 123", raw)
        assert list(message.files.values_list("pk", "sha256", "repaired")) == rows
        assert [row.file.read() for row in message.files.all()] == [JPEG, PNG]

    def test_the_original_of_a_repaired_push_is_available(self, monkeypatch):
        body = sms(files=[file(TWICE, "image/png", "b.png")])
        message = receive(body)
        assert MmsFile.objects.get().repaired
        assert json.loads(reread.whole_body(message)) == json.loads(body)

    def test_a_storage_that_does_not_give_a_file_changes_nothing(self, monkeypatch):
        message = misread(monkeypatch, sms(files=[file(JPEG)]), text="")
        mms_storage().delete(message.files.get().file.name)
        with pytest.raises(NotPossible, match="storage"):
            inbox.read_again(message)
        message.refresh_from_db()
        assert (message.text, message.problem) == ("", "sent is not a time")

    def test_a_storage_that_takes_no_file_leaves_it_to_the_worker(self, monkeypatch):
        body = sms(files=[file(JPEG)])
        message = misread(monkeypatch, body, files=())
        monkeypatch.setattr("django_front_sms.inbox.mms.files._stored", lambda content: "")
        inbox.read_again(message)
        assert message.process_at is not None and bytes(message.raw) == body
        monkeypatch.undo()
        monkeypatch.setattr(events, "hint", lambda task: None)
        inbox.process()
        assert message.files.get().file.read() == JPEG
        assert b"front_sms:sha256:" in bytes(InboundMessage.objects.get().raw)


class TestTwinsByGet:
    def test_the_second_of_two_that_differ_in_the_counter_alone_is_flagged(self):
        for counter in (b"157", b"158", b"158"):
            query = QUERY.replace(b"157", counter)
            inbox.store_inbound("default", decode_inbound_query(query), query)
        inbox.process()
        first, second = InboundMessage.objects.order_by("pk")
        assert first.problem == ""
        assert second.problem == f"possibly the same as #{first.pk}: only the counter is another"

    @pytest.mark.django_db(transaction=True)
    def test_a_repeated_batch_flags_it_once(self, monkeypatch):
        for counter in (b"157", b"158"):
            query = QUERY.replace(b"157", counter)
            inbox.store_inbound("default", decode_inbound_query(query), query)
        count, refused = counters.count, []

        def refuse_once(messages, now):
            if not refused:
                refused.append(now)
                raise OperationalError("database is locked")
            count(messages, now)

        monkeypatch.setattr(counters, "count", refuse_once)
        inbox.process()
        assert refused
        assert InboundMessage.objects.latest("pk").problem.count("possibly") == 1

    @pytest.mark.parametrize(
        ("old", "new"), [(b"Test", b"Best"), (b"1077181484", b"1077181485"), (b"999999", b"999998"), (b"1234", b"1235")]
    )
    def test_other_messages_are_not_flagged(self, old, new):
        for query in (QUERY, QUERY.replace(old, new).replace(b"157", b"158")):
            inbox.store_inbound("default", decode_inbound_query(query), query)
        inbox.process()
        assert set(InboundMessage.objects.values_list("problem", flat=True)) == {""}
        assert InboundMessage.objects.count() == 2

    def test_reading_again_keeps_the_flag(self):
        for counter in (b"157", b"158"):
            query = QUERY.replace(b"157", counter)
            inbox.store_inbound("default", decode_inbound_query(query), query)
        inbox.process()
        flagged = InboundMessage.objects.latest("pk")
        assert inbox.read_again(flagged).problem.startswith("possibly the same as #")
