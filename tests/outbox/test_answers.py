"""The state of a message after each answer of Front (§2.2)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from django_front_sms.conf import get_settings
from django_front_sms.exceptions import NotPossible
from django_front_sms.gateway.codes import ACCOUNT_CODES, ErrorCode, describe
from django_front_sms.models import OutboundMessage, SendAttempt
from django_front_sms.outbox import cancel, has_due, sweep
from django_front_sms.outbox.rules import backoff
from django_front_sms.outbox.settle import AttemptResult, settle
from tests.clock import FakeClock
from tests.configuration import configure
from tests.outbox.exchange_results import ID, accepted, not_sent, refused, unclear
from tests.outbox.rows import message, reloaded
from tests.outbox.worker_steps import attempt, claim_due, claim_one, record_answer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

REFUSALS = sorted(set(map(int, ErrorCode)) - ACCOUNT_CODES - {ErrorCode.OK, ErrorCode.DUPLICATE})
UNKNOWN = [22, 99, 2**31 - 1]
NO_FILTER = [None, False]


def test_code_0_with_an_id_makes_it_sent():
    row = message()
    sent = attempt(accepted())
    assert (sent.pk, sent.state, sent.gateway_id, sent.error_code, sent.attempts) == (row.pk, "sent", ID, None, 1)
    assert sent.sent_at is not None
    assert sent.next_at is None


@pytest.mark.parametrize("code", REFUSALS + UNKNOWN)
def test_a_refusal_is_final_and_keeps_its_code(code: int):
    message()
    rejected = attempt(refused(code))
    assert (rejected.state, rejected.error_code, rejected.gateway_id) == ("rejected", code, None)
    assert rejected.error_text == describe(code)
    assert not has_due()


def test_a_refusal_keeps_the_error_text_of_front():
    message()
    assert attempt(refused(1, "Invalid phoneno")).error_text == "Invalid phoneno"


@pytest.mark.parametrize("code", sorted(ACCOUNT_CODES))
def test_an_account_code_keeps_the_message_queued(code: int):
    message()
    queued = attempt(refused(code))
    assert (queued.state, queued.error_code, queued.risk_at) == ("queued", code, None)


def test_unsent_messages_are_retried_with_increasing_delays(clock: FakeClock):
    message()
    for pause in (5, 10, 20, 40, 60, 60):
        queued = attempt(not_sent())
        assert (queued.state, queued.risk_at) == ("queued", None)
        clock.advance(pause - 0.1)
        assert claim_due() == []
        clock.advance(0.1)
    assert attempt(accepted()).state == "sent"


def test_the_delay_between_retries_is_at_most_a_minute():
    assert [backoff(n).total_seconds() for n in (0, 1, 2, 3, 4, 5, 10_000)] == [5, 5, 10, 20, 40, 60, 60]


def test_an_unclear_answer_is_retried_if_the_filter_is_known_to_be_on(clock: FakeClock):
    message()
    claimed_at = clock.database()
    queued = attempt(unclear())
    assert (queued.state, queued.waits_for, queued.risk_at) == ("queued", "retry", claimed_at)
    clock.advance(4.9)
    assert claim_due() == []
    clock.advance(0.1)
    assert attempt(accepted()).state == "sent"


@pytest.mark.parametrize("known", NO_FILTER)
def test_an_unclear_answer_is_unconfirmed_if_the_filter_is_not_known_to_be_on(settings, known: bool | None):
    configure(settings, DUPLICATE_FILTER=known)
    message()
    unconfirmed = attempt(unclear())
    assert (unconfirmed.state, unconfirmed.next_at) == ("unconfirmed", None)
    assert OutboundMessage.objects.unconfirmed().get() == unconfirmed


def test_messages_at_risk_are_unconfirmed_after_the_filter_is_switched_off(settings, clock: FakeClock):
    row = message()
    attempt(unclear())
    configure(settings, DUPLICATE_FILTER=None)
    clock.advance(5)
    assert claim_due() == []
    assert reloaded(row).state == "unconfirmed"


def test_the_sweep_makes_messages_at_risk_unconfirmed_after_the_filter_is_switched_off(settings):
    row = message()
    attempt(unclear())
    configure(settings, DUPLICATE_FILTER=None)
    sweep()
    assert reloaded(row).state == "unconfirmed"


def test_a_priced_message_is_never_repeated_automatically():
    message(price=500)
    assert attempt(unclear()).state == "unconfirmed"


def test_a_priced_message_that_was_not_sent_is_tried_again(clock: FakeClock):
    message(price=500)
    assert attempt(not_sent()).state == "queued"
    clock.advance(5)
    assert attempt(accepted()).state == "sent"


def test_the_limit_of_repetition_counts_from_the_first_unclear_attempt(clock: FakeClock):
    """W - T - M = 95 s after the first claim, however many attempts follow."""
    message()
    first = clock.database()
    pauses = []
    row = attempt(unclear())
    while row.state == "queued":
        assert row.risk_at == first
        pauses.append((row.next_at - clock.database()).total_seconds())
        clock.advance(pauses[-1])
        row = attempt(unclear())
    assert pauses == [5, 10, 20, 40]  # the next would be at 135 s
    assert row.state == "unconfirmed"
    assert (clock.database() - first).total_seconds() < 95


def test_a_repetition_may_be_written_only_until_the_limit(clock: FakeClock):
    message()
    attempt(unclear())
    clock.advance(93)
    assert claim_one().send_by == pytest.approx(2)


def test_a_first_attempt_may_be_written_for_half_the_timeout():
    message()
    assert claim_one().send_by == 5


def test_a_claim_makes_a_message_at_risk_past_the_limit_unconfirmed(clock: FakeClock):
    row = message()
    attempt(unclear())
    clock.advance(95)
    assert claim_due() == []
    assert reloaded(row).state == "unconfirmed"


def test_the_sweep_makes_messages_past_the_limit_unconfirmed(clock: FakeClock):
    row = message()
    attempt(unclear())
    clock.advance(94)
    sweep()
    assert reloaded(row).state == "queued"
    clock.advance(1)
    sweep()
    assert reloaded(row).state == "unconfirmed"


@pytest.mark.parametrize("code", [*REFUSALS, *UNKNOWN, *ACCOUNT_CODES])
def test_a_refusal_after_an_unclear_attempt_proves_nothing(clock: FakeClock, code: int):
    message()
    risk_at = clock.database()
    attempt(unclear())
    clock.advance(5)
    row = attempt(refused(code))
    assert (row.state, row.risk_at) == ("queued", risk_at)


def test_a_message_at_risk_that_is_refused_after_the_limit_is_unconfirmed_with_its_code(clock: FakeClock):
    message()
    attempt(unclear())
    clock.advance(92)
    row = attempt(refused(1))
    assert (row.state, row.error_code) == ("unconfirmed", 1)


def test_code_17_after_an_unclear_attempt_means_that_front_has_it(clock: FakeClock):
    message()
    attempt(unclear())
    clock.advance(5)
    row = attempt(refused(17))
    assert (row.state, row.gateway_id, row.risk_at, row.error_code) == ("sent", None, None, None)


def test_code_17_without_an_unclear_attempt_waits_for_the_other_senders_window(clock: FakeClock):
    message()
    row = attempt(refused(17))
    assert (row.state, row.waits_for) == ("queued", "twin")
    clock.advance(149.9)
    assert claim_due() == []
    clock.advance(0.1)
    assert attempt(accepted()).state == "sent"


def test_a_message_that_expires_in_the_other_senders_window_keeps_code_17(clock: FakeClock):
    """After a fail-over that lost its claim, only the code tells that Front may have it (docs/howto/deploy.md)."""
    message(expires_at=clock.process() + timedelta(seconds=60))
    attempt(refused(17))
    clock.advance(60)
    sweep()

    row = OutboundMessage.objects.get(state__in=["queued", "expired"], error_code=17)
    assert row.state == "expired"


def test_the_third_code_17_without_an_unclear_attempt_rejects(clock: FakeClock):
    message()
    for _ in range(2):
        assert attempt(refused(17)).state == "queued"
        clock.advance(150)
    row = attempt(refused(17))
    assert (row.state, row.error_code) == ("rejected", 17)


def test_code_17_before_an_unclear_attempt_does_not_confirm_it(clock: FakeClock):
    message()
    attempt(refused(17))
    clock.advance(150)
    row = attempt(unclear())
    assert (row.state, row.risk_at) == ("queued", clock.database())


def test_an_answer_is_recorded_once():
    row = message()
    job = claim_one()
    record_answer(job, accepted(ID))
    record_answer(job, accepted(ID + 1))
    record_answer(job, refused(1))
    assert (reloaded(row).state, reloaded(row).gateway_id) == ("sent", ID)
    stored = SendAttempt.objects.get(message=row)
    assert (stored.outcome, stored.error_code, stored.gateway_id) == ("answered", 0, ID)


def test_an_answer_to_a_message_that_was_erased_is_dropped():
    row = message()
    job = claim_one()
    other = message("another")
    other_job = claim_one()
    row.delete()
    settle([AttemptResult(job, accepted(1), 0.1), AttemptResult(other_job, accepted(2), 0.1)], get_settings())
    assert reloaded(other).gateway_id == 2
    assert not SendAttempt.objects.filter(pk=job.attempt_id).exists()


def test_an_answer_to_a_lost_attempt_is_not_recorded_on_a_new_row_with_its_key(
    caplog: pytest.LogCaptureFixture,
):
    """After a fail-over to a replica that lacks commits, sequences give out keys again."""
    row = message()
    job = claim_one()
    SendAttempt.objects.all().delete()
    OutboundMessage.objects.all().delete()
    message("another")
    OutboundMessage.objects.update(id=row.pk)
    other, other_job = OutboundMessage.objects.get(), claim_one()
    SendAttempt.objects.filter(pk=other_job.attempt_id).update(id=job.attempt_id)
    settle([AttemptResult(job, accepted(ID), 0.1)], get_settings())
    assert (reloaded(other).state, reloaded(other).gateway_id) == ("sending", None)
    assert "1 answers are to attempts that the database does not have" in caplog.text
    record_answer(replace(other_job, attempt_id=job.attempt_id), accepted(ID + 1))
    assert (reloaded(other).state, reloaded(other).gateway_id) == ("sent", ID + 1)


def test_an_attempt_records_its_details(clock: FakeClock):
    row = message()
    job = claim_one()
    clock.advance(0.25)
    record_answer(job, accepted())
    stored = SendAttempt.objects.get(message=row)
    assert (stored.outcome, stored.error_code, stored.gateway_id, stored.http_status) == ("answered", 0, ID, 200)
    assert (stored.finished_at - stored.claimed_at).total_seconds() == 0.25


def test_a_message_in_flight_cannot_be_cancelled():
    row = message()
    claim_one()
    with pytest.raises(NotPossible):
        cancel(row)
