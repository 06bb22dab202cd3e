"""Slots: which run may claim for an account and lane; and the rate of an account."""

from datetime import timedelta
from itertools import pairwise

import pytest

from django_front_sms.conf import get_settings
from django_front_sms.models import AccountState, OutboundMessage
from django_front_sms.outbox.claim import ClaimResult, claim
from django_front_sms.outbox.slots import LANES, Slot, release
from tests.clock import FakeClock
from tests.configuration import configure
from tests.outbox.exchange_results import accepted, refused
from tests.outbox.rows import account_state, message
from tests.outbox.worker_steps import claim_due, record_answer, slot

pytestmark = pytest.mark.django_db

LEASE = 30


def claim_for(mine: Slot, limit: int = 64) -> ClaimResult:
    return claim(mine, limit, get_settings())


def messages(count: int, **options) -> None:
    for n in range(count):
        message(f"number {n}", **options)


def test_each_lane_has_a_fixed_number_of_slots(clock: FakeClock):
    messages(9)
    normal = [slot() for _ in range(3)]
    assert [len(claim_for(one, 2).jobs) for one in normal] == [2, 2, 0]
    assert [one.held for one in normal] == [True, True, False]


def test_a_busy_lane_claims_nothing_and_takes_no_slot(clock: FakeClock):
    messages(9)
    first, second, third = slot(), slot(), slot()
    for one in (first, second, third):
        claim_for(one, 2)
    held = account_state().slots
    assert claim_for(third).is_throttled is False
    assert account_state().slots == held


def test_an_empty_claim_releases_the_slot(clock: FakeClock):
    messages(1)
    mine = slot()
    claim_for(mine)
    assert mine.held
    assert claim_for(mine).jobs == []
    assert not mine.held
    assert account_state().slots == {}


def test_a_worker_with_messages_keeps_its_slot(clock: FakeClock):
    messages(3)
    mine = slot()
    for _ in range(3):
        assert len(claim_for(mine, 1).jobs) == 1
        assert len(account_state().slots) == 1


def test_the_slot_of_a_killed_worker_is_free_after_its_lease(clock: FakeClock):
    messages(9)
    for _ in range(2):
        claim_for(slot(), 1)
    clock.advance(LEASE - 0.1)
    assert claim_for(slot(), 1).jobs == []
    clock.advance(0.1)
    assert len(claim_for(slot(), 1).jobs) == 1


def test_each_claim_extends_the_lease_of_its_slot(clock: FakeClock):
    messages(9)
    one, other = slot(), slot()
    claim_for(one, 1), claim_for(other, 1)
    clock.advance(LEASE - 1)
    claim_for(one, 1), claim_for(other, 1)
    clock.advance(LEASE - 1)
    assert claim_for(slot(), 1).jobs == []


def test_the_slot_of_a_killed_worker_does_not_block_after_the_clock_stepped_back(clock: FakeClock):
    messages(9)
    for _ in range(2):
        claim_for(slot(), 1)
    clock.database_is_off -= 3600
    OutboundMessage.objects.filter(state="queued").update(next_at=clock.database())
    assert len(claim_for(slot(), 1).jobs) == 1


def test_a_paused_account_releases_its_slots(clock: FakeClock):
    messages(2)
    mine = slot()
    (job,) = claim_for(mine, 1).jobs
    record_answer(job, refused(13))
    assert claim_for(mine).jobs == []
    assert account_state().slots == {}


def test_the_urgent_lane_takes_urgent_messages_only(clock: FakeClock):
    message("normal")
    urgent = message("urgent", priority="urgent")
    assert [job.message_id for job in claim_for(slot(lane="urgent")).jobs] == [urgent.pk]


def test_the_normal_lane_takes_urgent_messages_first(clock: FakeClock):
    normal = message("normal")
    urgent = message("urgent", priority="urgent")
    assert [job.message_id for job in claim_for(slot()).jobs] == [urgent.pk, normal.pk]


def test_the_slot_that_waited_longest_comes_first(clock: FakeClock):
    rows = [message(f"number {n}") for n in range(3)]
    for row, wait in zip(rows, (1, 3, 2), strict=True):
        OutboundMessage.objects.filter(pk=row.pk).update(next_at=clock.database() - timedelta(seconds=wait))
    assert [job.message_id for job in claim_due()] == [rows[1].pk, rows[2].pk, rows[0].pk]


def test_no_more_is_claimed_than_asked_for(clock: FakeClock):
    messages(5)
    assert len(claim_due(limit=2)) == 2
    assert OutboundMessage.objects.filter(state="queued").count() == 3


def test_the_normal_lane_has_several_slots_and_the_urgent_lane_has_its_own():
    assert {lane.name: lane.slots for lane in LANES} == {"urgent": 1, "normal": 2}


def test_a_slot_is_released_at_the_end_of_a_run(clock: FakeClock):
    messages(2)
    mine = slot()
    claim_for(mine, 1)
    release(mine)
    assert (mine.held, AccountState.objects.get().slots) == (False, {})


# ---- MAX_PER_SECOND


@pytest.mark.parametrize(("rate", "at_once", "apart"), [(10, 25, 0.1), (1, 2, 1.0), (0.5, 1, 2.0), (0.1, 1, 10.0)])
def test_a_rate_limited_account_claims_what_is_sent_within_a_quarter_of_the_timeout(
    settings, clock: FakeClock, rate: float, at_once: int, apart: float
):
    configure(settings, MAX_PER_SECOND=rate)
    messages(30)
    mine = slot()
    jobs = claim_for(mine).jobs
    assert [job.not_before for job in jobs] == pytest.approx([n * apart for n in range(at_once)])


def test_a_rate_limited_account_keeps_its_rate_over_many_claims(settings, clock: FakeClock):
    configure(settings, MAX_PER_SECOND=4)
    messages(40)
    mine, starts = slot(), []
    while OutboundMessage.objects.filter(state="queued").exists():
        claimed = claim_for(mine)
        assert claimed.jobs or claimed.is_throttled
        starts += [job.began.boot + job.not_before for job in claimed.jobs]
        clock.advance(0.05)
    assert len(starts) == 40
    assert min(later - earlier for earlier, later in pairwise(starts)) >= 0.25 - 1e-9
    assert starts[-1] - starts[0] < 40 / 4 * 1.1


def test_two_workers_share_the_rate(settings, clock: FakeClock):
    configure(settings, MAX_PER_SECOND=1)
    messages(9)
    one, other = slot(), slot()
    assert len(claim_for(one).jobs) == 2
    assert claim_for(other).jobs == []
    clock.advance(2)
    assert len(claim_for(other).jobs) == 2
    assert claim_for(one).jobs == []


def test_a_rate_limited_slot_is_kept_while_messages_are_due(settings, clock: FakeClock):
    configure(settings, MAX_PER_SECOND=1)
    messages(9)
    mine = slot()
    claim_for(mine)
    claimed = claim_for(mine)
    assert (claimed.jobs, claimed.is_throttled, mine.held) == ([], True, True)


def test_a_throttled_slot_does_not_claim_until_the_rate_admits_more(settings, clock: FakeClock):
    configure(settings, MAX_PER_SECOND=1)
    messages(9)
    mine = slot()
    claim_for(mine)
    assert not mine.is_throttled  # whether anything is left only a claim can tell
    clock.advance(0.5)
    claim_for(mine)
    clock.advance(1.4)
    assert mine.is_throttled
    clock.advance(0.1)
    assert not mine.is_throttled
    assert len(claim_for(mine).jobs) == 2


def test_a_rate_limited_slot_is_released_when_no_message_is_due(settings, clock: FakeClock):
    configure(settings, MAX_PER_SECOND=1)
    messages(2)
    mine = slot()
    for job in claim_for(mine).jobs:
        record_answer(job, accepted())
    claimed = claim_for(mine)
    assert (claimed.jobs, claimed.is_throttled, mine.held) == ([], False, False)


def test_an_account_without_a_rate_limit_does_not_wait(clock: FakeClock):
    messages(50)
    assert {job.not_before for job in claim_due()} == {0}
