"""Codes for which the account is at fault pause it (§2.2), until a person or, for credit, a probe resumes it."""

import pytest

from django_front_sms.conf import get_settings
from django_front_sms.gateway.codes import ACCOUNT_CODES
from django_front_sms.models import Decision, Event, OutboundMessage
from django_front_sms.outbox import resume, sweep
from django_front_sms.outbox.settle import AttemptResult, settle
from tests.clock import FakeClock
from tests.configuration import configure
from tests.outbox.exchange_results import accepted, refused, unclear
from tests.outbox.rows import account_state, message, reloaded, with_expiry
from tests.outbox.worker_steps import attempt, claim_due, claim_one, record_answer

pytestmark = pytest.mark.django_db


def pauses() -> list[dict]:
    return list(Event.objects.filter(kind="sending_paused").values_list("data", flat=True))


@pytest.mark.parametrize("code", sorted(ACCOUNT_CODES))
def test_an_account_error_code_pauses_the_account_and_creates_an_event(clock: FakeClock, code: int):
    row = message()
    attempt(refused(code))
    assert (account_state().pause_code, account_state().paused_at) == (code, clock.database())
    assert pauses() == [{"account": "default", "error_code": code}]
    clock.advance(10)
    assert claim_due() == []
    assert reloaded(row).state == "queued"


def test_a_pause_is_logged_as_an_error_because_a_person_must_act(clock: FakeClock, caplog: pytest.LogCaptureFixture):
    message()
    attempt(refused(13))
    levels = [
        r.levelname for r in caplog.records if r.getMessage().startswith('Sending was paused for account "default"')
    ]
    assert levels == ["ERROR"]


def test_account_codes_are_exactly_2_5_7_13_and_18():
    assert {2, 5, 7, 13, 18} == ACCOUNT_CODES


def test_sixty_answers_create_one_pause_event(clock: FakeClock):
    for n in range(60):
        message(f"number {n}")
    jobs = claim_due()
    settle([AttemptResult(job, refused(13), 0.1) for job in jobs[:30]], get_settings())
    for job in jobs[30:]:
        record_answer(job, refused(13))
    assert len(pauses()) == 1
    assert set(OutboundMessage.objects.values_list("state", flat=True)) == {"queued"}


def test_resuming_sends_all_waiting_messages(clock: FakeClock, admin_user):
    rows = [message(f"number {n}") for n in range(3)]
    attempt_all = claim_due()
    for job in attempt_all:
        record_answer(job, refused(7))
    assert resume("default", admin_user) is True
    assert {job.message_id for job in claim_due()} == {row.pk for row in rows}
    decision = Decision.objects.get()
    assert (decision.account, decision.action, decision.by) == ("default", "resume", admin_user)


def test_resuming_an_account_that_is_not_paused_changes_nothing(clock: FakeClock):
    assert resume("default") is False
    assert not Decision.objects.exists()


def test_an_old_answer_does_not_pause_a_resumed_account(clock: FakeClock):
    message("first"), message("second")
    first, second = claim_due()
    record_answer(first, refused(13))
    resume("default")
    record_answer(second, refused(13))
    assert account_state().paused_at is None
    assert len(pauses()) == 1


def test_an_old_answer_in_a_batch_with_a_new_one_does_not_pause_a_resumed_account(clock: FakeClock):
    message("first"), message("second")
    first, second = claim_due()
    record_answer(first, refused(13))
    resume("default")
    new = claim_one()
    settle([AttemptResult(second, refused(13), 0.1), AttemptResult(new, accepted(), 0.1)], get_settings())
    assert account_state().paused_at is None


def test_a_new_answer_pauses_a_resumed_account_again(clock: FakeClock):
    message()
    attempt(refused(13))
    resume("default")
    attempt(refused(13))
    assert account_state().pause_code == 13
    assert len(pauses()) == 2


def test_other_accounts_are_not_paused(settings, clock: FakeClock):
    configure(settings, "second", SERVICE_ID=5678)
    message()
    attempt(refused(13))
    message(account="second")
    assert claim_one("second")


def test_a_message_at_risk_becomes_unconfirmed_after_a_pause(clock: FakeClock):
    row = message()
    attempt(unclear())
    clock.advance(5)
    attempt(refused(13))
    assert reloaded(row).state == "queued"
    clock.advance(90)
    sweep()
    assert reloaded(row).state == "unconfirmed"


def test_messages_expire_while_the_account_is_paused(clock: FakeClock):
    message("the one that pauses")
    attempt(refused(13))
    row = with_expiry(message(), clock.database())
    sweep()
    assert reloaded(row).state == "expired"


@pytest.mark.parametrize("code", sorted(ACCOUNT_CODES - {5}))
def test_only_a_lack_of_credit_is_probed(clock: FakeClock, code: int):
    message()
    attempt(refused(code))
    clock.advance(7 * 24 * 3600)
    assert claim_due() == []


def test_a_lack_of_credit_is_probed_with_one_message_and_growing_pauses(clock: FakeClock):
    message("first"), message("second")
    settle([AttemptResult(job, refused(5), 0.1) for job in claim_due()], get_settings())
    for minutes in (1, 2, 4, 8, 16, 32, 60, 60):
        clock.advance(minutes * 60 - 1)
        assert claim_due() == []
        clock.advance(1)
        (probe,) = claim_due()
        assert probe.is_probe
        record_answer(probe, refused(5))
    assert len(pauses()) == 1


def test_a_probe_that_is_accepted_ends_the_pause(clock: FakeClock):
    message("first"), message("second"), message("third")
    settle([AttemptResult(job, refused(5), 0.1) for job in claim_due()], get_settings())
    clock.advance(60)
    record_answer(claim_one(), accepted())
    assert (account_state().paused_at, account_state().pause_code, account_state().probe_at) == (None, None, None)
    assert len(claim_due()) == 2


def test_an_acceptance_from_before_the_pause_does_not_end_it(clock: FakeClock):
    message("first"), message("second")
    first, second = claim_due()
    record_answer(first, refused(5))
    record_answer(second, accepted())
    assert account_state().pause_code == 5


def test_a_probe_never_takes_a_message_at_risk(clock: FakeClock):
    risky = message("at risk")
    attempt(unclear())
    other = message("riskless")
    record_answer(claim_one(), refused(5))
    OutboundMessage.objects.filter(pk=other.pk).delete()
    clock.advance(60)
    assert claim_due() == []
    assert reloaded(risky).state == "queued"


def test_an_old_probe_does_not_end_a_newer_pause(clock: FakeClock):
    message("first"), message("second")
    settle([AttemptResult(job, refused(5), 0.1) for job in claim_due()], get_settings())
    clock.advance(60)
    probe = claim_one()
    resume("default")
    new = claim_one()
    record_answer(new, refused(5))
    record_answer(probe, accepted())
    assert account_state().pause_code == 5
