"""The tasks: callable as functions, and woken by the sweep where a hint was lost."""

import pytest

from django_front_sms import events, outbox, send_sms, tasks
from django_front_sms.events import records
from django_front_sms.models import Event, OutboundMessage
from tests.clock import FakeClock
from tests.configuration import configure
from tests.outbox.rows import message, reloaded, with_expiry
from tests.outbox.worker_steps import claim_one

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_gateway(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    runs: list[tuple] = []
    monkeypatch.setattr(outbox, "run", lambda *args, **options: runs.append((args, options)) or 0)
    return runs


def test_with_nothing_to_do_every_task_returns(hints: list[str]):
    assert tasks.dispatch() == 0
    assert tasks.deliver_events() == 0
    assert tasks.sweep() is None
    assert hints == []


def test_the_sweep_wakes_a_dispatch_where_something_is_due(hints: list[str]):
    message()
    hints.clear()
    tasks.sweep()
    assert hints == ["dispatch"]


def test_the_sweep_publishes_no_hint_for_later_messages(hints: list[str], clock: FakeClock):
    message(scheduled_at=clock.database().replace(year=2100))
    hints.clear()
    tasks.sweep()
    assert hints == []


def test_the_sweep_publishes_a_hint_for_due_events(hints: list[str]):
    Event.objects.bulk_create([records.sending_paused("default", 13)])
    tasks.sweep()
    assert hints == ["deliver_events"]


def test_the_sweep_task_rescues_what_was_lost(hints: list[str], clock: FakeClock):
    row = message()
    claim_one()
    clock.advance(30)
    tasks.sweep()
    assert reloaded(row).state == "queued"


def test_dispatch_sweeps(hints: list[str], clock: FakeClock, no_gateway):
    row = message()
    claim_one()
    clock.advance(30)
    tasks.dispatch()
    assert reloaded(row).state == "queued"
    assert no_gateway == [((), {})]


def test_what_is_due_after_a_change_by_the_sweep_is_sent_by_the_next_dispatch_of_a_worker(
    hints: list[str], clock: FakeClock, no_gateway
):
    message()  # still due: `no_gateway` sends nothing
    with_expiry(message(), clock.database())
    hints.clear()
    tasks.dispatch.apply()
    assert hints == ["dispatch", "deliver_events"] and len(no_gateway) == 1


def test_what_is_due_after_a_change_by_the_sweep_is_sent_by_the_same_call(
    hints: list[str], clock: FakeClock, no_gateway
):
    message()
    with_expiry(message(), clock.database())
    tasks.dispatch()
    assert len(no_gateway) == 2


def test_a_dispatch_that_finds_all_slots_taken_does_not_ask_for_another_one(hints: list[str], no_gateway):
    message()
    hints.clear()
    tasks.dispatch.apply()
    assert hints == [] and len(no_gateway) == 1


def test_short_dispatches_of_a_worker_sweep_once_a_second(
    hints: list[str], clock: FakeClock, no_gateway, monkeypatch: pytest.MonkeyPatch
):
    sweeps: list[float] = []
    monkeypatch.setattr(outbox, "sweep", lambda: sweeps.append(clock.ran) or 0)
    for _ in range(5):
        tasks.dispatch.apply()
        clock.advance(0.5)
    tasks.dispatch()  # a call by a person or a test leaves nothing undone
    assert sweeps == [0.0, 1.0, 2.0, 2.5]


def test_sweeps_that_piled_up_rescue_once_a_second(hints: list[str], clock: FakeClock, monkeypatch: pytest.MonkeyPatch):
    sweeps: list[float] = []
    monkeypatch.setattr(outbox, "sweep", lambda: sweeps.append(clock.ran) or 0)
    for _ in range(5):
        tasks.sweep.apply()
        clock.advance(0.5)
    tasks.sweep()
    assert sweeps == [0.0, 1.0, 2.0, 2.5]


def test_a_dispatch_with_changes_publishes_a_hint_for_events(hints: list[str], clock: FakeClock, no_gateway):
    row = with_expiry(message(), clock.database())
    hints.clear()
    tasks.dispatch()
    assert reloaded(row).state == "expired"
    assert hints == ["deliver_events"]


def test_in_a_worker_a_dispatch_hands_over_after_a_few_seconds(monkeypatch: pytest.MonkeyPatch, no_gateway):
    published: list[str] = []
    monkeypatch.setattr(events, "publish", lambda task: published.append(task) or True)
    tasks.dispatch.apply()
    ((args, options),) = no_gateway
    assert args == (tasks.CLAIM_FOR,)
    assert options["hand_over"]() is True
    assert published == ["dispatch"]


@pytest.mark.parametrize("name", ["dispatch", "sweep", "deliver_events"])
def test_tasks_are_acknowledged_early_and_leave_no_result(name: str):
    task = getattr(tasks, name)
    assert task.name == f"django_front_sms.tasks.{name}"
    assert (task.acks_late, task.ignore_result) == (False, True)


def test_beat_sweeps_every_ten_seconds_and_drops_what_it_could_not_do():
    (entry,) = [entry for entry in tasks.BEAT_SCHEDULE.values() if entry["task"].endswith("tasks.sweep")]
    assert entry["schedule"] == 10.0
    assert entry["options"]["expires"] <= entry["schedule"]


def test_a_worker_sweeps_by_itself_at_once_and_until_it_stops(hints: list[str], monkeypatch: pytest.MonkeyPatch):
    waits = iter([False, False, True])
    monkeypatch.setattr(tasks._stopping, "wait", lambda seconds: next(waits))
    tasks._keep_sweeping()
    assert hints == ["sweep"] * 3


def test_all_accounts_are_swept(settings, hints: list[str], clock: FakeClock):
    configure(settings, "second", SERVICE_ID=5678)
    queued = [send_sms("+4799999999", "Test", account=name) for name in ("default", "second")]
    rows = [with_expiry(row, clock.database()) for row in queued]
    tasks.sweep()
    assert [reloaded(row).state for row in rows] == ["expired", "expired"]
    assert not OutboundMessage.objects.filter(state="queued").exists()
