"""Delivery of events to receivers: in order per subject, at least once, repeated for a receiver that raised."""

import logging
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_front_sms import events, signals
from django_front_sms.events import records
from django_front_sms.exceptions import NotPossible
from django_front_sms.models import DeliveryStatus, Event, InboundMessage, OutboundMessage
from django_front_sms.states import State
from tests.events import queue
from tests.factories import DeliveryStatusFactory, InboundMessageFactory, OutboundMessageFactory

pytestmark = pytest.mark.django_db

SIGNALS = [
    signals.message_received,
    signals.reply_received,
    signals.state_changed,
    signals.status_received,
    signals.counter_gap,
    signals.sending_paused,
]


@pytest.fixture(autouse=True)
def _quick(settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RECEIVER_ATTEMPTS": 3}


class TestWhatIsSaid:
    def test_each_event_says_what_the_reference_promises(self, receivers):
        for signal in SIGNALS:
            receivers.connect(signal)
        message, reply = OutboundMessageFactory(), InboundMessageFactory()
        status = DeliveryStatusFactory(message=None)
        written = queue.add(
            records.message_received(reply.pk),
            records.reply_received(reply.pk, message.pk),
            records.state_changed(message.pk, State.QUEUED, State.SENT),
            records.status_received(status.pk),
            records.counter_gap("default", [3, 4]),
            records.sending_paused("default", 5),
        )
        assert events.deliver() == 6
        said = {said.pop("event_id"): said for said in receivers.calls}
        assert [set(said[event.event_id]) for event in written] == [
            {"sender", "message"},
            {"sender", "message", "in_reply_to"},
            {"sender", "message", "old", "new"},
            {"sender", "status"},
            {"sender", "account", "missing"},
            {"sender", "account", "error_code"},
        ]
        received, answered, changed, status_call, gap, paused = (said[event.event_id] for event in written)
        assert received["sender"] is InboundMessage and received["message"] == reply
        assert answered["sender"] is InboundMessage and answered["in_reply_to"] == message
        assert changed["sender"] is OutboundMessage and (changed["old"], changed["new"]) == ("queued", "sent")
        assert type(changed["old"]) is str and type(changed["message"]) is OutboundMessage
        assert status_call["sender"] is DeliveryStatus and status_call["status"] == status
        assert (gap["account"], gap["missing"]) == ("default", [3, 4])
        assert (paused["account"], paused["error_code"]) == ("default", 5)

    def test_an_event_has_the_rows_as_they_are_at_delivery(self, receivers):
        receivers.connect(signals.state_changed)
        message = OutboundMessageFactory()
        queue.add(records.state_changed(message.pk, "queued", "sent"))
        OutboundMessage.objects.update(text="as it stands now")
        events.deliver()
        assert receivers.calls[0]["message"].text == "as it stands now"

    def test_a_receiver_can_be_connected_for_one_sender(self, receivers):
        receivers.connect(signals.message_received, sender=OutboundMessage)
        queue.add(records.message_received(InboundMessageFactory().pk))
        events.deliver()
        assert receivers.calls == []

    def test_a_coroutine_is_a_receiver_too(self, receivers):
        received = []

        async def listen(event_id, message, **kwargs):
            received.append(message.pk)

        receivers.connect(signals.message_received, listen)
        message = InboundMessageFactory()
        queue.add(records.message_received(message.pk))
        events.deliver()
        assert received == [message.pk]
        assert Event.objects.get().delivered_to == [f"{__name__}.{listen.__qualname__}"]

    def test_receivers_run_outside_of_a_transaction(self, receivers):
        depths = []
        receivers.connect(signals.message_received, lambda **kwargs: depths.append(len(connection.savepoint_ids)))
        queue.add(records.message_received(InboundMessageFactory().pk))
        events.deliver()
        assert depths == [len(connection.savepoint_ids)]

    def test_the_only_receiver_is_recorded_with_the_end_of_its_event(self, receivers):
        receivers.connect(signals.message_received)
        queue.add(records.message_received(InboundMessageFactory().pk))
        with CaptureQueriesContext(connection) as statements:
            events.deliver()
        updates = [query["sql"] for query in statements if query["sql"].startswith("UPDATE")]
        assert len([sql for sql in updates if "delivered_to" in sql]) == 1
        assert len(Event.objects.get().delivered_to) == 1

    def test_each_event_is_delivered_once(self, receivers):
        receivers.connect(signals.message_received)
        queue.add(records.message_received(InboundMessageFactory().pk))
        assert (events.deliver(), events.deliver()) == (1, 0)
        assert len(receivers.calls) == 1

    def test_events_without_receivers_that_come_during_a_delivery_are_finished_together(self, receivers):
        def listen(message, **kwargs):
            queue.add(*(records.state_changed(sms.pk, State.QUEUED, State.SENT) for _ in range(5)))

        sms = OutboundMessageFactory()
        receivers.connect(signals.message_received, listen)
        queue.add(records.message_received(InboundMessageFactory().pk))
        assert events.deliver() == 1
        finished = Event.objects.filter(kind=Event.Kind.STATE_CHANGED).values_list("next_at", "attempts")
        assert list(finished) == [(None, 0)] * 5

    def test_events_without_receivers_are_finished(self, monkeypatch):
        monkeypatch.setattr(events.delivery, "_CLOSED_AT_ONCE", 50)
        message = OutboundMessageFactory()
        queue.add(*(records.state_changed(message.pk, "a", "b") for _ in range(1200)))
        assert events.deliver() == 0
        assert not Event.objects.filter(next_at__isnull=False).exists()

    def test_events_with_receivers_or_in_the_future_stay_open(self, receivers, monkeypatch):
        monkeypatch.setattr(events.delivery, "_claim", lambda event: False)
        receivers.connect(signals.message_received)
        message = OutboundMessageFactory()
        _heard, due, later = queue.add(
            records.message_received(InboundMessageFactory().pk),
            *(records.state_changed(message.pk, "a", "b") for _ in range(2)),
        )
        Event.objects.filter(pk=later.pk).update(next_at=timezone.now() + timedelta(hours=1))
        events.delivery._close_without_receivers()
        assert set(Event.objects.filter(next_at=None).values_list("pk", flat=True)) == {due.pk}

    @pytest.mark.parametrize("build", [records.message_received, records.status_received])
    def test_an_event_of_a_deleted_row_is_dropped(self, receivers, build):
        receivers.connect(signals.message_received)
        receivers.connect(signals.status_received)
        queue.add(build(4711))
        events.deliver()
        assert receivers.calls == [] and not Event.objects.exists()

    def test_a_reply_to_a_deleted_message_is_dropped(self, receivers):
        receivers.connect(signals.reply_received)
        queue.add(records.reply_received(InboundMessageFactory().pk, 4711))
        events.deliver()
        assert receivers.calls == []


class TestOrder:
    def test_events_of_one_message_keep_their_order(self, receivers):
        receivers.connect(signals.state_changed)
        message = OutboundMessageFactory()
        queue.add(*(records.state_changed(message.pk, str(n), str(n + 1)) for n in range(50)))
        events.deliver()
        assert [said["old"] for said in receivers.calls] == [str(n) for n in range(50)]

    def test_an_event_that_is_due_later_delays_those_after_it(self, receivers):
        receivers.connect(signals.state_changed)
        first, second = OutboundMessageFactory(), OutboundMessageFactory()
        head, *_ = queue.add(
            records.state_changed(first.pk, "a", "b"),
            records.state_changed(first.pk, "b", "c"),
            records.state_changed(second.pk, "x", "y"),
        )
        Event.objects.filter(pk=head.pk).update(next_at=timezone.now() + timedelta(hours=1))
        events.deliver()
        assert [said["old"] for said in receivers.calls] == ["x"]
        queue.end_pauses()
        events.deliver()
        assert [said["old"] for said in receivers.calls] == ["x", "a", "b"]

    def test_a_matched_status_keeps_its_place_among_the_events_of_its_message(self):
        assert records.status_received(1, 7).subject == records.state_changed(7, "a", "b").subject
        assert records.status_received(1).subject == "status:1"


class TestReceiversThatRaise:
    def test_a_receiver_that_raises_is_called_again_and_the_others_are_not(self, receivers):
        calls = []

        def willing(**kwargs):
            calls.append("willing")

        def unwilling(event_id, **kwargs):
            calls.append(event_id)
            if len(calls) < 4:
                raise RuntimeError

        receivers.connect(signals.message_received, willing)
        receivers.connect(signals.message_received, unwilling)
        (event,) = queue.add(records.message_received(InboundMessageFactory().pk))
        for _ in range(3):
            events.deliver()
            queue.end_pauses()
        assert calls == ["willing", event.event_id, event.event_id, event.event_id]
        event.refresh_from_db()
        assert (event.next_at, event.failed, event.traceback, event.attempts) == (None, False, "", 3)
        assert sorted(event.delivered_to) == sorted(f"{__name__}.{r.__qualname__}" for r in (willing, unwilling))

    def test_the_pauses_between_attempts_double(self, receivers, clock):
        receivers.connect(signals.message_received, lambda **kwargs: 1 / 0)
        queue.add(records.message_received(InboundMessageFactory().pk))
        pauses = []
        for _ in range(2):
            events.deliver()
            pauses.append((Event.objects.get().next_at - clock.database()).total_seconds())
            clock.advance(pauses[-1])
        assert pauses == [10, 20]

    def test_after_the_last_attempt_it_is_listed_with_its_traceback_and_the_next_event_goes_on(self, receivers):
        def unwilling(old, **kwargs):
            if old == "a":
                raise ValueError("on the screen of staff alone")

        receivers.connect(signals.state_changed, unwilling)
        message = OutboundMessageFactory()
        first, second = queue.add(
            records.state_changed(message.pk, "a", "b"), records.state_changed(message.pk, "b", "c")
        )
        for _ in range(3):
            queue.end_pauses()
            events.deliver()
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.failed, first.next_at, first.attempts) == (True, None, 3)
        assert "ValueError: on the screen of staff alone" in first.traceback and "unwilling" in first.traceback
        assert (second.next_at, second.failed, len(second.delivered_to)) == (None, False, 1)

    def test_staff_can_retry_a_failed_event_for_the_receivers_that_failed(
        self, receivers, hints, django_capture_on_commit_callbacks
    ):
        broken = [True]

        def unwilling(**kwargs):
            if broken:
                raise ValueError

        receivers.connect(signals.message_received)
        receivers.connect(signals.message_received, unwilling)
        (event,) = queue.add(records.message_received(InboundMessageFactory().pk))
        for _ in range(3):
            events.deliver()
            queue.end_pauses()
        broken.clear()
        with django_capture_on_commit_callbacks(execute=True):
            events.deliver_again(event)
        assert hints == ["deliver_events"]
        assert events.deliver() == 1
        event.refresh_from_db()
        assert (event.failed, event.next_at, len(event.delivered_to), len(receivers.calls)) == (False, None, 2, 1)
        with pytest.raises(NotPossible):
            events.deliver_again(event)

    def test_each_log_names_the_receiver_and_contains_no_exception_message(self, receivers, caplog):
        def unwilling(**kwargs):
            raise ValueError("kanarifugl +4799999999")

        receivers.connect(signals.message_received, unwilling)
        queue.add(records.message_received(InboundMessageFactory().pk))
        with caplog.at_level(logging.DEBUG):
            events.deliver()
        text = "\n".join(logging.Formatter().format(record) for record in caplog.records)
        assert "unwilling" in text and "ValueError" in text
        assert "kanarifugl" not in text and "99999999" not in text

    @pytest.mark.parametrize("words", ["", "Hei:", "of\nOla Nordmann: +4799999999\n\nHei", "  File\n"])
    def test_only_the_name_of_an_exception_is_shown(self, receivers, words):
        def unwilling(**kwargs):
            raise LookupError(words)

        receivers.connect(signals.message_received, unwilling)
        queue.add(records.message_received(InboundMessageFactory().pk))
        events.deliver()
        assert Event.objects.get().error == "LookupError"

    @pytest.mark.parametrize("traceback", ["", "ValueError: Hei", 'Traceback:\n  File "x", line 1\nOla Nordmann: hei'])
    def test_no_exception_is_shown_if_the_traceback_has_no_name(self, traceback):
        assert Event(traceback=traceback).error == ""

    def test_the_values_of_variables_are_not_in_the_traceback(self, receivers):
        def unwilling(**kwargs):
            secret = "kanari" + "fugl"
            raise ValueError(len(secret))

        receivers.connect(signals.message_received, unwilling)
        queue.add(records.message_received(InboundMessageFactory().pk))
        events.deliver()
        assert "kanarifugl" not in Event.objects.get().traceback

    def test_an_exception_with_characters_that_no_database_takes_is_kept(self, receivers):
        def unwilling(**kwargs):
            raise ValueError("a\0b\ud800c")

        receivers.connect(signals.message_received, unwilling)
        queue.add(records.message_received(InboundMessageFactory().pk))
        events.deliver()
        assert "a\\x00b\\ud800c" in Event.objects.get().traceback

    def test_receivers_with_the_same_name_are_distinguished(self, receivers):
        calls = []

        def made(number):
            def receiver(**kwargs):
                calls.append(number)
                if number == 1 and calls.count(1) == 1:
                    raise ValueError

            return receiver

        receivers.connect(signals.message_received, made(1))
        receivers.connect(signals.message_received, made(2))
        queue.add(records.message_received(InboundMessageFactory().pk))
        events.deliver()
        queue.end_pauses()
        events.deliver()
        assert calls == [1, 2, 1]

    def test_a_removed_receiver_does_not_delay_events(self, receivers):
        gone = receivers.connect(signals.message_received, lambda **kwargs: 1 / 0)
        queue.add(records.message_received(InboundMessageFactory().pk))
        events.deliver()
        signals.message_received.disconnect(gone)
        queue.end_pauses()
        events.deliver()
        assert (Event.objects.get().next_at, Event.objects.get().failed) == (None, False)

    def test_an_object_that_can_be_called_is_a_receiver_with_the_name_of_its_class(self, receivers):
        class Listener:
            def __call__(self, **kwargs):
                pass

        receivers.connect(signals.message_received, Listener())
        queue.add(records.message_received(InboundMessageFactory().pk))
        events.deliver()
        assert Event.objects.get().delivered_to == [f"{__name__}.{Listener.__qualname__}"]
