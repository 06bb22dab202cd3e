"""Events whose receivers kill their worker, exceed their lease or break the connection."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from django_front_sms import events, signals
from django_front_sms.events import records
from django_front_sms.models import Event, OutboundMessage
from tests.events import queue
from tests.factories import InboundMessageFactory, OutboundMessageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick(settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RECEIVER_ATTEMPTS": 3}


class TestWorkersThatAreLost:
    def test_the_attempt_is_counted_before_the_call(self, receivers):
        attempts = []
        receivers.connect(signals.message_received, lambda **kwargs: attempts.append(Event.objects.get().attempts))
        queue.add(records.message_received(InboundMessageFactory().pk))
        events.deliver()
        assert attempts == [1]

    def test_an_event_of_a_killed_worker_is_delivered_again_after_its_lease(self, receivers):
        def killed(**kwargs):
            raise SystemExit

        receivers.connect(signals.message_received, killed)
        queue.add(records.message_received(InboundMessageFactory().pk))
        with pytest.raises(SystemExit):
            events.deliver()
        assert events.deliver() == 0
        event = Event.objects.get()
        assert timezone.now() < event.next_at <= timezone.now() + events.delivery.LEASE + timedelta(seconds=20)
        queue.end_pauses()
        with pytest.raises(SystemExit):
            events.deliver()

    def test_an_event_that_kills_its_worker_each_time_is_given_up(self, receivers):
        def killed(**kwargs):
            raise SystemExit

        receivers.connect(signals.message_received, killed)
        queue.add(records.message_received(InboundMessageFactory().pk))
        for _ in range(3):
            with pytest.raises(SystemExit):
                events.deliver()
            queue.end_pauses()
        assert events.deliver() == 0
        assert Event.objects.get().failed

    def test_a_completed_receiver_is_recorded_even_if_the_worker_is_killed_in_the_next_one(self, receivers):
        def killed(**kwargs):
            raise SystemExit

        receivers.connect(signals.message_received)
        receivers.connect(signals.message_received, killed)
        queue.add(records.message_received(InboundMessageFactory().pk))
        for _ in range(2):
            with pytest.raises(SystemExit):
                events.deliver()
            queue.end_pauses()
        assert len(receivers.calls) == 1

    def test_a_receiver_that_ends_after_its_lease_is_recorded(self, receivers):
        def slow(**kwargs):
            queue.end_pauses()
            Event.objects.update(
                next_at=F("next_at") + timedelta(days=2), attempts=F("attempts") + 1
            )  # another took it

        receivers.connect(signals.message_received, slow)
        queue.add(records.message_received(InboundMessageFactory().pk))
        events.deliver()
        event = Event.objects.get()
        assert (event.next_at, event.failed, len(event.delivered_to)) == (None, False, 1)

    def test_a_failure_after_the_lease_does_not_change_the_event_of_the_new_owner(self, receivers):
        def slow(**kwargs):
            Event.objects.update(next_at=F("next_at") + timedelta(days=2))
            raise ValueError

        receivers.connect(signals.message_received, slow)
        queue.add(records.message_received(InboundMessageFactory().pk))
        events.deliver()
        event = Event.objects.get()
        assert event.next_at > timezone.now() + timedelta(days=1) and event.traceback == ""


@pytest.mark.django_db(transaction=True)
class TestConnections:
    def test_a_receiver_that_breaks_the_connection_does_not_stop_other_receivers(self, receivers):
        def close(**kwargs):
            connection.close()

        def leave_open(**kwargs):
            transaction.set_autocommit(False)
            OutboundMessage.objects.count()

        def break_off(**kwargs):
            connection.ensure_connection()
            connection.connection.close()
            OutboundMessage.objects.count()

        for receiver in (close, leave_open, break_off, receivers.record):
            receivers.connect(signals.message_received, receiver)
        queue.add(*(records.message_received(InboundMessageFactory().pk) for _ in range(3)))
        assert events.deliver() == 3
        assert len(receivers.calls) == 3
        assert transaction.get_autocommit()
        assert {len(event.delivered_to) for event in Event.objects.all()} == {3}
        assert {event.attempts for event in Event.objects.all()} == {1}

    @pytest.mark.postgresql
    @pytest.mark.mysql
    def test_concurrent_workers_deliver_each_event_once_and_in_order(self, receivers):
        receivers.connect(signals.state_changed)
        messages = [OutboundMessageFactory() for _ in range(8)]
        queue.add(*(records.state_changed(m.pk, str(n), str(n + 1)) for n in range(5) for m in messages))

        def work():
            try:
                while Event.objects.filter(next_at__isnull=False).exists():
                    events.deliver()
            finally:
                connection.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(receivers.calls) == 40
        for message in messages:
            assert [said["old"] for said in receivers.calls if said["message"] == message] == list("01234")
