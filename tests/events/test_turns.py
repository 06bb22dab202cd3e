"""Long jobs give way to messages that are due: the delivery of many events to slow receivers, and a purge."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from django_front_sms import events, inbox, jobs, outbox, signals, tasks
from django_front_sms.db.clock import Turn
from django_front_sms.events import records
from django_front_sms.models import DeliveryStatus, InboundMessage
from django_front_sms.retention import anonymize
from example_project.celery import app as celery_app
from tests.clock import FakeClock
from tests.configuration import configure
from tests.events import queue
from tests.factories import DeliveryStatusFactory, InboundMessageFactory
from tests.outbox.rows import message

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(receivers: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done, in this order. Each call of the receiver of seven events takes a second."""
    done: list[str] = []

    def receive(account: str, **kwargs: Any) -> None:
        done.append(account)
        clock.advance(1)

    receivers.connect(signals.sending_paused, receive)
    queue.add(*(records.sending_paused(str(number), 13) for number in range(7)))
    monkeypatch.setattr(outbox, "run", lambda *args, **options: done.append("messages are sent") or 0)
    monkeypatch.setattr(events, "publish", lambda task: done.append(f"{task} is published") or True)
    return done


@pytest.fixture
def routes() -> Iterator[Callable[[dict[str, Any]], None]]:
    """Sets `CELERY_TASK_ROUTES`."""

    def route(routes: dict[str, Any] | None) -> None:
        celery_app.conf.task_routes = routes
        celery_app.amqp.flush_routes()
        celery_app.amqp.router = celery_app.amqp.Router()

    yield route
    route(None)


def test_a_delivery_ends_with_its_turn_and_the_next_one_continues(done: list[str]):
    assert events.deliver(Turn(2)) == 2
    assert events.deliver(Turn(60)) == 5
    assert done == list("0123456")


def test_a_delivery_that_no_other_run_continues_takes_another_turn(done: list[str]):
    def refuse() -> bool:
        done.append("refused")
        return False

    assert events.deliver(Turn(2, refuse)) == 7
    assert done == ["0", "1", "refused", "2", "3", "refused", "4", "5", "refused", "6"]


def test_a_task_of_a_worker_sends_what_is_due_between_events_and_is_continued_by_another_one(done: list[str]):
    message()
    assert tasks.deliver_events.apply().get() == 5
    sent = "messages are sent"
    assert done == ["0", sent, "1", sent, "2", sent, "3", sent, "4", sent, "deliver_events is published"]


def test_a_task_that_the_broker_does_not_take_delivers_all_events_and_sends_between_them(
    done: list[str], monkeypatch: pytest.MonkeyPatch
):
    message()
    monkeypatch.setattr(events, "publish", lambda task: False)
    assert tasks.deliver_events.apply().get() == 7
    assert done == [what for number in "0123456" for what in (number, "messages are sent")]


@pytest.mark.parametrize("route", [{"queue": "sending"}, {"exchange": "sms", "routing_key": "sms.sending"}])
def test_where_dispatches_have_a_queue_of_their_own_other_tasks_send_nothing(
    done: list[str], routes: Callable[[dict[str, Any]], None], route: dict[str, str]
):
    message()
    routes({"django_front_sms.tasks.dispatch": route})
    tasks.deliver_events.apply()
    assert done == [*"01234", "deliver_events is published"]

    routes({"django_front_sms.tasks.dispatch": {"priority": 9}, "django_front_sms.tasks.deliver_events": {}})
    tasks.deliver_events.apply()
    assert done[6:] == ["5", "messages are sent", "6", "messages are sent"]


def test_without_messages_a_task_only_sweeps_every_ten_seconds(done: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outbox, "sweep", lambda: done.append("swept") or 0)
    monkeypatch.setattr(events, "publish", lambda task: False)
    queue.add(*(records.sending_paused(str(number), 13) for number in range(7, 12)))
    tasks.deliver_events.apply()
    expected = [str(number) for number in range(12)]
    expected[1:1] = expected[13:13] = ["messages are sent", "swept"]
    assert done == expected


def test_called_as_a_function_all_events_are_delivered_at_once(done: list[str]):
    message()
    assert tasks.deliver_events() == 7
    assert done == list("0123456")


@pytest.mark.parametrize(
    ("work", "model"), [(outbox.fold_statuses, DeliveryStatus), (inbox.process, InboundMessage)], ids=["fold", "inbox"]
)
def test_pushes_are_processed_until_the_turn_is_over(
    work: Any, model: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys.modules[work.__module__], "BATCH", 2)
    for number in range(5):
        if model is DeliveryStatus:
            DeliveryStatusFactory(message=None, gateway_id=number, process_at=clock.database())
        else:
            InboundMessageFactory(process_at=clock.database(), announced=False)
    answers = iter([False, False, True])

    assert work(Turn(0, answers.__next__)) == 4
    assert model.objects.due(clock.database()).count() == 1
    assert work() == 1


def test_the_sweep_of_a_worker_leaves_many_pushes_to_a_delivery(
    hints: list[str], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "GIVE_WAY_AFTER", 0)
    DeliveryStatusFactory(message=None, process_at=clock.database())
    tasks.sweep.apply()
    assert hints == ["deliver_events"]
    assert DeliveryStatus.objects.due(clock.database()).exists()
    tasks.sweep()
    assert not DeliveryStatus.objects.due(clock.database()).exists()


def test_a_purge_of_a_worker_gives_way_to_messages_between_its_batches(
    hints: list[str],
    clock: FakeClock,
    settings: Any,
    routes: Callable[[dict[str, Any]], None],
    monkeypatch: pytest.MonkeyPatch,
):
    configure(settings, RETENTION_DAYS=30)
    monkeypatch.setattr(anonymize, "BATCH", 1)
    monkeypatch.setattr(jobs, "GIVE_WAY_AFTER", 0)
    runs: list[Any] = []
    monkeypatch.setattr(outbox, "run", lambda *args, **options: runs.append(args) or 0)
    for _ in range(3):
        InboundMessageFactory()
    clock.advance(31 * 24 * 3600)
    message()

    assert tasks.purge.apply().get()["inbound"] == 3
    assert runs == [(jobs.CLAIM_FOR,)] * 3
    tasks.purge()
    routes({"django_front_sms.tasks.dispatch": {"queue": "sending"}})
    tasks.purge.apply()
    assert len(runs) == 3
