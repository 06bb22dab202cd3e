"""The number of threads and of messages claimed ahead follow from the answers."""

import threading
import time
from collections.abc import Callable

import pytest

from django_front_sms.conf import get_settings
from django_front_sms.outbox import pacing
from django_front_sms.outbox.executor import WorkerPool
from django_front_sms.outbox.pacing import CLAIMED_AHEAD, FEWEST, Pace
from django_front_sms.outbox.slots import Slot
from tests.outbox.worker_steps import slot

T = 10.0
Record = Callable[..., None]


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Record:
    """Record `rate` answers for one second, each with this duration."""
    now = [0.0]
    monkeypatch.setattr(pacing.time, "monotonic", lambda: now[0])

    def hear(one: Pace, rate: int, *durations: float, waited: float = 0.1) -> None:
        now[0] += 1
        one.record([durations[n % len(durations)] for n in range(rate)], waited, T)

    return hear


def test_the_first_tenth_of_a_second_changes_the_number_claimed_but_not_the_threads(
    monkeypatch: pytest.MonkeyPatch,
):
    now = [0.0]
    monkeypatch.setattr(pacing.time, "monotonic", lambda: now[0])
    one = Pace(64)
    for ahead in (512, 512, 512, CLAIMED_AHEAD):  # and then each 0.4 s
        now[0] += 0.15
        one.record([0.0005] * 100, 0.1, T)
        assert one.ahead == ahead
        assert one.at_once == 64 or ahead == CLAIMED_AHEAD


def test_a_pace_starts_with_all_threads_and_as_many_messages_claimed_ahead(record: Record):
    assert (Pace(64).at_once, Pace(64).ahead) == (64, 128)


def test_fast_answers_need_few_threads(record: Record):
    one = Pace(64)
    record(one, 1500, 0.0005, 0.04)
    assert one.at_once == FEWEST + 1


def test_slow_answers_keep_all_threads(record: Record):
    one = Pace(64)
    record(one, 1200, 0.05)
    assert one.at_once == 64


def test_too_few_threads_restore_all_threads_permanently(record: Record):
    one = Pace(64)
    record(one, 1000, 0.001, 0.06, 0.07)  # the shortest answers tell nothing of the others
    assert one.at_once < 64
    record(one, 100, 0.001, 0.06, 0.07)
    assert one.at_once == 64
    record(one, 1000, 0.001, 0.06, 0.07)
    assert one.at_once == 64


def test_a_gateway_that_becomes_slower_gets_more_threads_again(record: Record):
    one = Pace(64)
    record(one, 1500, 0.0005)
    few = one.at_once
    record(one, 1500, 0.0005)
    for _ in range(8):
        record(one, one.at_once * 20, 0.05)
    assert few < 10
    assert one.at_once == 64


def test_fast_answers_increase_the_number_claimed_ahead_up_to_a_limit(record: Record):
    one, ahead = Pace(64), []
    for _ in range(5):
        record(one, 1500, 0.01)
        ahead.append(one.ahead)
    assert ahead == [512, CLAIMED_AHEAD, CLAIMED_AHEAD, CLAIMED_AHEAD, CLAIMED_AHEAD]


@pytest.mark.parametrize(("duplicate_filter", "furthest"), [(True, CLAIMED_AHEAD), (None, 128), (False, 128)])
def test_few_messages_are_claimed_ahead_if_unconfirmed_messages_are_held(
    record: Record, settings, duplicate_filter: bool | None, furthest: int
):
    account = {"SERVICE_ID": 1234, "SENDER": "Mitt Firma", "DUPLICATE_FILTER": duplicate_filter}
    settings.FRONT_SMS = {"ACCOUNTS": {"default": account}}
    one = slot(lane="normal").pace
    for _ in range(6):
        record(one, 1500, 0.01)
    assert one.ahead == furthest


def test_no_more_is_claimed_ahead_than_is_sent_within_a_quarter_of_the_timeout(record: Record):
    one = Pace(64)
    for _ in range(5):
        record(one, 60, 0.01)
    assert one.ahead == 60 * T / 4


def test_a_message_that_waited_too_long_halves_the_number_claimed_ahead(record: Record):
    one = Pace(64)
    for _ in range(5):
        record(one, 1500, 0.01)
    record(one, 1500, 0.01, waited=T / 4 + 0.1)
    assert one.ahead == CLAIMED_AHEAD / 2


def test_while_answers_are_slow_nothing_is_claimed_ahead(record: Record):
    one = Pace(64)
    record(one, 40, T / 8 + 0.1)
    assert (one.at_once, one.ahead) == (64, 64)


def test_a_very_short_period_does_not_change_the_pace(record: Record, monkeypatch: pytest.MonkeyPatch):
    one = Pace(64)
    monkeypatch.setattr(pacing.time, "monotonic", lambda: 0.09)
    one.record([0.0005] * 1000, 0.1, T)
    assert (one.at_once, one.ahead) == (64, 128)


def test_a_slot_has_room_when_a_batch_is_answered():
    mine: Slot = slot()
    mine.pace.at_once, mine.pace.ahead, mine.pace.batch = 8, 1000, 240
    for in_flight, room, until in ((1000, 0, 241), (760, 0, 1), (759, 240, 0), (0, 240, 0)):
        mine.in_flight = in_flight
        assert (mine.room, mine.until_refill) == (room, until)


def test_a_slot_without_messages_ahead_has_room_for_each_answer():
    mine: Slot = slot()
    mine.pace.ahead = mine.pace.at_once = 64
    mine.in_flight = 63
    assert mine.room == 1


def wait_until(true: Callable[[], bool]) -> None:
    """Poll until the condition is true: ending threads cannot be waited for."""
    give_up = time.monotonic() + 30
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.001)


def finished(pool: WorkerPool) -> None:
    """Wait until all its work is done and its threads have left it."""
    wait_until(lambda: not pool._tasks and not pool._working)


def test_a_pool_runs_at_most_as_many_threads_as_its_pace_allows():
    pool, at_work, most, lock = WorkerPool(slot()), 0, 0, threading.Lock()
    pool.slot.pace.at_once = 3

    def work() -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.002)
        with lock:
            at_work -= 1

    pool.add([work] * 60)
    finished(pool)
    assert most == 3


def test_a_pool_does_all_its_work_in_order_also_after_being_idle():
    pool, done = WorkerPool(slot()), []
    pool.slot.pace.at_once = 1
    for batch in range(50):
        pool.add([lambda n=n, batch=batch: done.append((batch, n)) for n in range(4)])
        if batch % 5 == 0:
            time.sleep(0.001)
    finished(pool)
    assert done == [(batch, n) for batch in range(50) for n in range(4)]


def test_urgent_work_is_done_first_and_in_order():
    pool, done = WorkerPool(slot()), []
    pool.slot.pace.at_once = 0
    works = [lambda n=n: done.append(n) for n in range(5)]
    pool.add(works[3:])
    pool.add(works[2:3], urgent=works[:2])
    pool.slot.pace.at_once = 1
    pool.top_up()
    finished(pool)
    assert done == [0, 1, 3, 4, 2]


def test_the_number_of_threads_follows_the_pace():
    pool, begun, gate = WorkerPool(slot()), threading.Semaphore(0), threading.Semaphore(0)

    def work() -> None:
        begun.release()
        assert gate.acquire(timeout=30)

    def begin(pieces: int) -> None:
        for _ in range(pieces):
            assert begun.acquire(timeout=30)

    pool.slot.pace.at_once = 6
    pool.add([work] * 20)
    begin(6)
    pool.slot.pace.at_once = 2
    gate.release(6)
    begin(2)  # by the two that stay
    wait_until(lambda: pool._working == 2)
    assert len(pool._tasks) == 12
    pool.slot.pace.at_once = 5
    pool.top_up()
    begin(3)
    assert len(pool._tasks) == 9
    gate.release(14)
    finished(pool)


def test_the_settings_of_a_slot_are_those_of_its_lane(settings):
    mine = Slot(get_settings().account("default"), slot().lane)
    assert mine.pace.at_once == mine.lane.concurrency
