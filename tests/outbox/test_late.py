"""Late answers: after the rescue of their claim, after a decision, or after the message changed its state."""

import pytest

from django_front_sms.models import Event, SendAttempt
from django_front_sms.outbox import cancel, give_up, mark_sent, send_anyway, sweep
from django_front_sms.outbox.claim import Job
from tests.clock import FakeClock
from tests.configuration import configure
from tests.outbox.exchange_results import ID, accepted, not_sent, refused, unclear
from tests.outbox.rows import account_state, message, outcomes, reloaded
from tests.outbox.worker_steps import attempt, claim_due, claim_one, record_answer

pytestmark = pytest.mark.django_db

LEASE = 30  # S = T/2 + T + M


@pytest.fixture
def lost(clock: FakeClock) -> Job:
    """A rescued claim of a killed worker; the message waits for its repetition."""
    message()
    job = claim_one()
    clock.advance(LEASE)
    sweep()
    return job


@pytest.fixture
def unconfirmed(settings, clock: FakeClock) -> Job:
    """A rescued claim of a killed worker, without a known filter, so that the message is unconfirmed."""
    configure(settings, DUPLICATE_FILTER=None)
    message()
    job = claim_one()
    clock.advance(LEASE)
    sweep()
    return job


def state(job: Job) -> str:
    return SendAttempt.objects.get(pk=job.attempt_id).message.state


def test_a_claim_is_rescued_at_the_end_of_its_lease_and_not_before(clock: FakeClock):
    row = message()
    claim_one()
    clock.advance(LEASE - 0.1)
    sweep()
    assert reloaded(row).state == "sending"
    clock.advance(0.1)
    sweep()
    assert (reloaded(row).state, outcomes(row)) == ("queued", ["lost"])


def test_a_rescued_claim_counts_as_an_unclear_attempt(lost: Job):
    row = SendAttempt.objects.get(pk=lost.attempt_id).message
    assert (row.risk_at, row.waits_for, row.token) == (lost.claimed_at, "retry", "")


def test_a_rescued_claim_is_unconfirmed_if_the_filter_is_not_known_to_be_on(unconfirmed: Job):
    assert state(unconfirmed) == "unconfirmed"


def test_a_late_code_0_makes_it_sent(lost: Job):
    assert record_answer(lost, accepted()).gateway_id == ID
    assert state(lost) == "sent"
    assert claim_due() == []


def test_a_late_code_0_makes_an_unconfirmed_message_sent(unconfirmed: Job):
    row = record_answer(unconfirmed, accepted())
    assert (row.state, row.gateway_id, row.risk_at) == ("sent", ID, None)


def test_a_late_not_sent_clears_the_risk(lost: Job, clock: FakeClock):
    row = record_answer(lost, not_sent())
    assert (row.state, row.risk_at) == ("queued", None)
    clock.advance(500)
    sweep()
    assert attempt(accepted()).state == "sent"


def test_a_late_not_sent_result_requeues_an_unconfirmed_message(unconfirmed: Job, clock: FakeClock):
    assert record_answer(unconfirmed, not_sent()).state == "queued"
    clock.advance(5)
    assert attempt(accepted()).state == "sent"


def test_a_late_refusal_settles_an_unconfirmed_message(unconfirmed: Job):
    row = record_answer(unconfirmed, refused(1))
    assert (row.state, row.error_code) == ("rejected", 1)


def test_a_late_answer_that_is_unclear_changes_nothing(lost: Job):
    before = SendAttempt.objects.get(pk=lost.attempt_id).message
    after = record_answer(lost, unclear())
    assert (after.state, after.next_at, after.risk_at) == (before.state, before.next_at, before.risk_at)


def test_a_late_answer_is_recorded_on_its_own_attempt_while_the_next_one_is_in_flight(lost: Job, clock: FakeClock):
    clock.advance(5)
    second = claim_one()
    row = record_answer(lost, not_sent())
    assert (row.state, row.risk_at, row.lease_until is None) == ("sending", None, False)
    assert outcomes(row) == ["not_sent", "pending"]
    assert record_answer(second, refused(1)).state == "rejected"  # nothing is at risk any more


def test_a_late_code_0_makes_it_sent_while_the_next_attempt_is_in_flight(lost: Job, clock: FakeClock):
    clock.advance(5)
    second = claim_one()
    assert record_answer(lost, accepted()).state == "sent"
    row = record_answer(second, refused(17))
    assert (row.state, row.gateway_id) == ("sent", ID)


def test_a_late_id_is_stored_on_a_message_sent_by_code_17(lost: Job, clock: FakeClock):
    clock.advance(5)
    assert attempt(refused(17)).gateway_id is None
    row = record_answer(lost, accepted())
    assert (row.state, row.gateway_id) == ("sent", ID)


def test_a_late_not_sent_result_reverts_a_message_sent_by_code_17(lost: Job, clock: FakeClock):
    clock.advance(5)
    assert attempt(refused(17)).state == "sent"
    assert record_answer(lost, not_sent()).state == "queued"
    clock.advance(149)
    assert claim_due() == []
    clock.advance(1)
    assert attempt(accepted()).state == "sent"


def test_one_more_attempt_is_made_if_the_confirmed_attempt_was_not_sent(clock: FakeClock):
    message()
    for _ in range(2):
        attempt(refused(17))
        clock.advance(150)
    lost = claim_one()
    clock.advance(LEASE)
    sweep()
    clock.advance(5)
    assert attempt(refused(17)).state == "sent"
    row = record_answer(lost, not_sent())
    assert (row.state, row.waits_for) == ("queued", "twin")
    clock.advance(150)
    assert attempt(refused(17)).state == "rejected"


@pytest.mark.parametrize("late", [not_sent(), unclear(), refused(1), refused(13), refused(17)])
def test_only_a_late_acceptance_changes_a_message_marked_as_sent(unconfirmed: Job, late):
    row = SendAttempt.objects.get(pk=unconfirmed.attempt_id).message
    mark_sent(row)
    record_answer(unconfirmed, late)
    assert reloaded(row).state == "sent"
    assert claim_due() == []


def test_a_late_id_is_stored_on_a_message_marked_as_sent(unconfirmed: Job):
    row = SendAttempt.objects.get(pk=unconfirmed.attempt_id).message
    mark_sent(row)
    assert record_answer(unconfirmed, accepted()).gateway_id == ID


def test_a_late_acceptance_prevents_a_send_anyway(unconfirmed: Job, clock: FakeClock):
    row = SendAttempt.objects.get(pk=unconfirmed.attempt_id).message
    send_anyway(row)
    assert record_answer(unconfirmed, accepted()).state == "sent"
    clock.advance(500)
    assert claim_due() == []


def test_a_given_up_message_that_was_not_sent_is_cancelled(unconfirmed: Job):
    row = SendAttempt.objects.get(pk=unconfirmed.attempt_id).message
    give_up(row)
    assert record_answer(unconfirmed, not_sent()).state == "cancelled"


def test_a_late_acceptance_is_recorded_on_a_given_up_message(unconfirmed: Job):
    row = SendAttempt.objects.get(pk=unconfirmed.attempt_id).message
    give_up(row)
    assert record_answer(unconfirmed, accepted()).state == "sent"


def test_a_late_not_sent_completes_a_cancellation_at_risk(lost: Job):
    row = SendAttempt.objects.get(pk=lost.attempt_id).message
    assert cancel(row) == "unconfirmed"
    assert record_answer(lost, not_sent()).state == "cancelled"


def test_a_late_acceptance_overrides_a_cancellation_at_risk(lost: Job):
    row = SendAttempt.objects.get(pk=lost.attempt_id).message
    cancel(row)
    assert record_answer(lost, accepted()).state == "sent"


def test_send_anyway_after_cancel_takes_effect(lost: Job, clock: FakeClock):
    row = SendAttempt.objects.get(pk=lost.attempt_id).message
    cancel(row)
    send_anyway(row)
    clock.advance(150)
    second = claim_one()
    clock.advance(120)
    sweep()
    assert reloaded(row).state == "unconfirmed"
    assert record_answer(second, not_sent()).state == "queued"


def test_a_late_answer_with_an_account_code_pauses_the_account(lost: Job):
    record_answer(lost, refused(13))
    assert account_state().pause_code == 13


def test_a_late_change_creates_one_event(lost: Job):
    changes = Event.objects.filter(kind="state_changed", data__new="sent")
    record_answer(lost, accepted())
    record_answer(lost, accepted())
    assert changes.count() == 1


def test_a_rescue_does_not_change_an_answered_message(clock: FakeClock):
    row = message()
    job = claim_one()
    clock.advance(LEASE)
    record_answer(job, accepted())
    sweep()
    assert (reloaded(row).state, outcomes(row)) == ("sent", ["answered"])


def test_a_rescued_message_is_not_claimed_before_its_pause_is_over(lost: Job, clock: FakeClock):
    assert claim_due() == []
    clock.advance(5)
    assert claim_one().sms.text == "Test æøå"
