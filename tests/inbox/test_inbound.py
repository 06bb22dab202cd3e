"""Inbound messages are stored once and byte for byte, then processed by the worker."""

import importlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.utils import timezone

from django_front_sms import inbox
from django_front_sms.events import records
from django_front_sms.gateway.push import StatusPush, decode_inbound_json, decode_inbound_query
from django_front_sms.inbox import store
from django_front_sms.models import DeliveryStatus, Event, InboundMessage, OutboundMessage
from django_front_sms.states import State
from tests.factories import OutboundMessageFactory
from tests.parallel import run_parallel
from tests.webhooks.pushes import MMS, QUERY, SMS, sms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]


def receive(body: bytes = SMS, account: str = "default") -> bool:
    return inbox.store_inbound(account, decode_inbound_json(body), body)


def receive_query(query: bytes = QUERY, account: str = "default") -> bool:
    return inbox.store_inbound(account, decode_inbound_query(query), query)


class TestWhatIsStored:
    def test_the_manuals_sms(self):
        assert receive()
        message = InboundMessage.objects.get()
        assert (message.api, message.gateway_id, message.account) == ("json", 999999, "default")
        assert (message.sender, message.recipient) == ("+4799999999", "26114")
        assert (message.text, message.keyword, message.counter) == ("Test 123", "TEST", 7166)
        assert message.sent_at == datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC)
        assert (bytes(message.raw), message.problem) == (SMS, "")

    def test_the_manuals_get(self):
        assert receive_query()
        message = InboundMessage.objects.get()
        assert (message.api, message.gateway_id) == ("get", None)
        assert (message.sender, message.recipient) == ("+4799999999", "26114123450000")
        assert (message.text, message.keyword, message.counter) == ("Test æøå ÆØÅ", "TEST", 157)
        assert message.sent_at == datetime.fromtimestamp(1077181484, UTC)
        assert (bytes(message.raw), message.problem) == (QUERY, "")

    def test_an_mms_without_text_and_keyword_is_no_problem(self):
        receive(sms(text="", keyword="", files=[]))
        assert InboundMessage.objects.get().problem == ""

    def test_a_number_unknown_to_the_numbering_plan_is_kept_unchanged(self):
        receive(sms(to="+47594400"))
        assert InboundMessage.objects.get().recipient == "+47594400"

    def test_a_value_that_is_too_long_for_its_column_is_cut_noted_and_kept_in_raw(self):
        body = sms(**{"from": "x" * 5000, "keyword": "K" * 5000, "text": "k" * 100_000})
        receive(body)
        message = InboundMessage.objects.get()
        assert (len(message.sender), len(message.keyword), len(message.text)) == (100, 200, 100_000)
        assert "sender was cut" in message.problem
        assert "keyword" not in message.problem  # Front made it of the text, which is whole
        assert bytes(message.raw) == body

    def test_characters_that_no_database_takes_are_replaced_and_kept_in_raw(self):
        body = sms(text="a\0b\ud800c")
        receive(body)
        message = InboundMessage.objects.get()
        assert message.text == "a\ufffdb\ufffdc"
        assert bytes(message.raw) == body and message.problem

    def test_the_log_of_a_partly_unreadable_message_contains_its_key_but_no_content(self, caplog):
        receive(sms(id="x", text="kanarifugl"))
        assert f"#{InboundMessage.objects.get().pk}" in caplog.text
        assert "kanarifugl" not in caplog.text


class TestOnce:
    def test_a_redelivery_is_stored_once(self):
        assert receive() and not receive()
        assert receive_query() and not receive_query()
        assert InboundMessage.objects.count() == 2

    def test_a_redelivery_in_another_notation_is_stored_once(self):
        receive()
        assert not receive(json.dumps(json.loads(SMS), sort_keys=True).encode())

    def test_the_same_id_with_other_content_is_one_message_with_a_problem(self):
        receive()
        other = sms(text="Something else")
        assert receive(other) and not receive(other)
        first, second = InboundMessage.objects.order_by("pk")
        assert (second.text, first.problem) == ("Something else", "")
        assert f"#{first.pk}" in second.problem
        assert receive(sms(text="And a third")) and not receive()

    def test_the_same_counter_with_another_text_is_a_message_with_a_problem(self):
        receive_query()
        assert receive_query(QUERY.replace(b"Test", b"Best"))
        assert InboundMessage.objects.exclude(problem="").count() == 1

    def test_two_accounts_may_use_the_same_id(self):
        assert receive() and receive(account="other")
        assert set(InboundMessage.objects.values_list("problem", flat=True)) == {""}

    def test_unreadable_pushes_are_distinguished_by_their_bytes(self):
        assert receive(b"{") and receive(b"[") and not receive(b"{")

    def test_equal_texts_without_id_counter_or_time_are_different_messages(self):
        assert receive_query(b"phonenr=004799999999&fromid=26114&txt=ja&time=1")
        assert receive_query(b"phonenr=004799999999&fromid=26114&txt=nei&time=1")
        assert InboundMessage.objects.filter(problem__contains="before").count() == 0

    def test_partly_unreadable_content_under_one_id_is_never_a_redelivery(self):
        assert receive(sms(text=["a"])) and receive(sms(text=["b"]))

    def test_a_concurrent_push_stores_nothing_and_gets_the_same_answer(self, monkeypatch):
        insert = store.insert

        def slower(message, attached):
            monkeypatch.setattr(store, "insert", insert)
            assert receive()  # somebody else, between our look and our insert
            insert(message, attached)

        monkeypatch.setattr(store, "insert", slower)
        assert not receive()
        assert InboundMessage.objects.count() == 1

    def test_an_integrity_error_for_another_reason_is_not_treated_as_a_race(self, monkeypatch):
        def refuse(*args):
            raise IntegrityError

        monkeypatch.setattr(store, "insert", refuse)
        with pytest.raises(IntegrityError):
            receive()


@pytest.mark.django_db(transaction=True)
class TestABusyDatabase:
    @pytest.mark.parametrize(
        ("push", "model"),
        [
            (lambda: inbox.store_status("default", StatusPush(4, 145099), b""), DeliveryStatus),
            (receive, InboundMessage),
            (receive_query, InboundMessage),
            (lambda: receive(MMS), InboundMessage),
        ],
        ids=["status", "JSON", "GET", "MMS"],
    )
    def test_is_asked_once_more(self, push, model):
        refused = []

        def refuse_the_first(execute, sql, params, many, context):
            if not refused and sql.startswith("INSERT INTO"):
                refused.append(sql)
                raise OperationalError("database is locked")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(refuse_the_first):
            push()
        assert refused
        assert model.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
@pytest.mark.mysql
class TestTogether:
    @pytest.mark.parametrize("push", [receive, receive_query, lambda: receive(MMS)])
    def test_eight_deliveries_at_once_are_stored_once(self, push):
        assert sum(run_parallel(*[push] * 8)) == 1
        assert InboundMessage.objects.count() == 1

    def test_workers_at_once_announce_each_message_once(self):
        for number in range(30):
            receive(sms(id=number))
        assert sum(run_parallel(*[inbox.process] * 4)) == 30
        assert Event.objects.count() == 30


def sent(**fields) -> OutboundMessage:
    defaults = {"sender": "26114", "state": State.SENT, "sent_at": timezone.now() - timedelta(minutes=5)}
    return OutboundMessageFactory(**{**defaults, **fields})


class TestAnnouncing:
    def test_a_new_message_is_announced_once(self):
        receive()
        assert inbox.process() == 1
        assert inbox.process() == 0
        message = InboundMessage.objects.get()
        assert (message.announced, message.process_at, message.in_reply_to) == (True, None, None)
        event = Event.objects.get()
        assert (event.kind, event.subject, event.data) == (
            "message_received",
            f"in:{message.pk}",
            {"message": message.pk},
        )

    def test_a_reply_is_linked_to_the_message_that_it_answers(self):
        ours = sent()
        receive()
        inbox.process()
        message = InboundMessage.objects.get()
        assert message.in_reply_to == ours
        assert [event.kind for event in Event.objects.order_by("pk")] == ["message_received", "reply_received"]
        assert Event.objects.last().data == {"message": message.pk, "in_reply_to": ours.pk}

    def test_the_latest_message_is_the_one_that_is_answered(self):
        sent(sent_at=timezone.now() - timedelta(hours=2))
        latest = sent()
        sent(sent_at=timezone.now() - timedelta(hours=3))
        receive()
        inbox.process()
        assert InboundMessage.objects.get().in_reply_to == latest

    @pytest.mark.parametrize(
        "other",
        [
            {"recipient": "+4799999998"},
            {"sender": "2401"},
            {"sender": "Mitt Firma"},
            {"account": "other"},
            {"state": State.REJECTED},
            {"state": State.UNCONFIRMED},
            {"sent_at": None, "state": State.QUEUED, "next_at": timezone.now()},
            {"sent_at": timezone.now() + timedelta(hours=1)},
        ],
    )
    def test_other_messages_are_not_answered(self, other):
        sent(**other)
        receive()
        inbox.process()
        assert InboundMessage.objects.get().in_reply_to is None

    @pytest.mark.parametrize("state", [State.SENT, State.AT_OPERATOR, State.DELIVERED, State.UNDELIVERED])
    def test_whatever_front_accepted_can_be_answered(self, state):
        ours = sent(state=state)
        receive()
        inbox.process()
        assert InboundMessage.objects.get().in_reply_to == ours

    @pytest.mark.parametrize("written", ["+4759440000", "004759440000", "4759440000", "59440000"])
    def test_a_sender_is_the_same_however_it_was_written(self, written):
        ours = sent(sender=written)
        receive(sms(to="+4759440000"))
        inbox.process()
        assert InboundMessage.objects.get().in_reply_to == ours

    def test_a_psk_number_is_completed_before_it_is_compared(self):
        ours = sent(sender="26114123450000")
        receive_query()
        inbox.process()
        assert InboundMessage.objects.get().in_reply_to == ours

    def test_a_reply_to_a_priced_message_to_2401_is_matched_for_any_sender(self):
        ours = sent(sender="Mitt Firma", price=500)
        receive(sms(to="2401"))
        inbox.process()
        assert InboundMessage.objects.get().in_reply_to == ours

    def test_more_than_a_batch_is_announced_in_one_go(self, monkeypatch):
        monkeypatch.setattr(importlib.import_module("django_front_sms.inbox.process"), "BATCH", 3)
        for number in range(8):
            receive(sms(id=number))
        assert inbox.process() == 8
        assert Event.objects.count() == 8

    def test_a_batch_that_fails_writes_neither_events_nor_marks(self, monkeypatch):
        receive()
        monkeypatch.setattr(records, "message_received", lambda pk: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            inbox.process()
        assert not InboundMessage.objects.get().announced
        monkeypatch.undo()
        assert inbox.process() == 1
