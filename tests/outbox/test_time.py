"""Due times, expiry, leases, and steps of the clock."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from django_front_sms.models import AccountState, OutboundMessage
from django_front_sms.outbox import cancel, has_due, send_anyway, sweep
from django_front_sms.outbox.executor import _in_time
from tests.clock import FakeClock
from tests.configuration import configure
from tests.outbox.exchange_results import accepted, not_sent, unclear
from tests.outbox.rows import account_state, message, reloaded
from tests.outbox.worker_steps import attempt, claim_due, claim_one, record_answer

pytestmark = pytest.mark.django_db


def test_a_scheduled_message_waits_for_its_time(clock: FakeClock):
    row = message(scheduled_at=clock.database() + timedelta(hours=1))
    assert (row.waits_for, has_due()) == ("schedule", False)
    clock.advance(3599)
    assert claim_due() == []
    clock.advance(1)
    assert has_due()
    assert claim_one().message_id == row.pk
    assert reloaded(row).waits_for == ""


def test_a_message_without_a_date_is_due_at_once(clock: FakeClock):
    message()
    assert has_due()


@pytest.mark.parametrize("by", ["claim", "sweep"])
def test_an_expired_message_is_not_sent(clock: FakeClock, by: str):
    row = message(expires_at=clock.database() + timedelta(seconds=10))
    clock.advance(10)
    assert claim_due() == [] if by == "claim" else sweep() == 1
    assert reloaded(row).state == "expired"
    assert not reloaded(row).send_attempts.exists()


def test_a_message_is_sent_until_it_expires(clock: FakeClock):
    message(expires_at=clock.database() + timedelta(seconds=10))
    clock.advance(9.9)
    sweep()
    assert claim_one()


@pytest.mark.parametrize("by", ["claim", "sweep"])
def test_a_message_at_risk_that_expires_is_unconfirmed(clock: FakeClock, by: str):
    row = message(expires_at=clock.database() + timedelta(seconds=10))
    attempt(unclear())
    clock.advance(10)
    assert claim_due() == [] if by == "claim" else sweep() == 1
    assert reloaded(row).state == "unconfirmed"


@pytest.mark.parametrize("by", ["claim", "sweep"])
def test_a_message_sent_anyway_that_expires_is_unconfirmed(settings, clock: FakeClock, by: str):
    configure(settings, DUPLICATE_FILTER=None)
    row = message(expires_at=clock.database() + timedelta(seconds=160))
    attempt(unclear())
    clock.advance(5)
    send_anyway(row)
    clock.advance(160)
    assert claim_due() == [] if by == "claim" else sweep() == 1
    assert reloaded(row).state == "unconfirmed"


def test_an_expired_message_that_was_only_ever_not_sent_is_expired(clock: FakeClock):
    row = message(expires_at=clock.database() + timedelta(seconds=10))
    attempt(not_sent())
    clock.advance(10)
    sweep()
    assert reloaded(row).state == "expired"


def test_a_claim_may_be_written_for_half_the_timeout_measured_from_before_it(clock: FakeClock):
    message()
    job = claim_one()
    clock.advance(4.9)
    assert _in_time(job)
    clock.advance(0.1)
    assert not _in_time(job)


def test_a_step_of_the_wall_clock_ends_the_time_to_write(clock: FakeClock):
    """A machine that was suspended: its monotonic clock does not count that time."""
    message()
    job = claim_one()
    clock.wall_is_off = 60
    assert not _in_time(job)


def test_a_wall_clock_set_back_does_not_prolong_the_time_to_write(clock: FakeClock):
    message()
    job = claim_one()
    clock.wall_is_off = -3600
    clock.advance(5)
    assert not _in_time(job)


@pytest.mark.parametrize("noticed_by", ["claim", "sweep"])
def test_after_a_clock_step_back_messages_at_risk_are_unconfirmed(
    clock: FakeClock, caplog: pytest.LogCaptureFixture, noticed_by: str
):
    row = message()
    attempt(unclear())
    clock.database_is_off -= 10
    assert claim_due() == [] if noticed_by == "claim" else sweep() == 0
    assert reloaded(row).state == "unconfirmed"
    (record,) = [record for record in caplog.records if record.name == "django_front_sms.outbox.clock_skew"]
    assert record.levelname == "ERROR"
    assert '1 messages of account "default" became unconfirmed' in record.getMessage()


def test_after_a_clock_step_back_the_answer_of_a_message_in_flight_is_recorded(clock: FakeClock):
    row = message()
    job = claim_one()
    clock.database_is_off -= 10
    sweep()
    assert reloaded(row).state == "unconfirmed"
    assert record_answer(job, accepted()).state == "sent"


def test_after_a_clock_step_back_an_unclear_message_in_flight_is_unconfirmed(clock: FakeClock):
    row = message()
    job = claim_one()
    clock.database_is_off -= 10
    sweep()
    record_answer(job, unclear())
    clock.advance(3600)
    assert claim_due() == []
    assert reloaded(row).state == "unconfirmed"


def test_a_step_hidden_between_two_claims_is_seen_by_the_sweep(clock: FakeClock):
    row = message()
    attempt(unclear())
    clock.advance(10)
    sweep()
    clock.database_is_off -= 100
    sweep()
    clock.advance(200)
    assert claim_due() == []
    assert reloaded(row).state == "unconfirmed"


def test_a_step_back_by_less_than_the_time_since_the_last_look_is_noticed(clock: FakeClock):
    """Nothing claims or sweeps for 100 s, so that the clock shows no less than it did at the last look."""
    row = message()
    attempt(unclear())
    clock.advance(100)
    clock.database_is_off -= 60
    clock.advance(25)  # Front has forgotten the first request, 125 s ago; 65 s ago by the database's clock
    assert claim_due() == []
    assert reloaded(row).state == "unconfirmed"


def test_a_step_back_that_could_not_be_recorded_is_noticed_again(clock: FakeClock, monkeypatch: pytest.MonkeyPatch):
    row = message()
    attempt(unclear())
    clock.advance(100)
    clock.database_is_off -= 60
    save, failures = AccountState.save, iter([OperationalError("database is locked")])

    def fails_once(state: AccountState, *args: Any, **options: Any) -> None:
        for error in failures:
            raise error
        save(state, *args, **options)

    monkeypatch.setattr(AccountState, "save", fails_once)
    sweep()
    assert reloaded(row).state == "unconfirmed"


def test_a_step_back_that_one_machine_has_handled_is_not_handled_by_another(clock: FakeClock):
    message()
    attempt(accepted())
    clock.of_machine = "another machine"
    sweep()
    clock.advance(100)
    clock.database_is_off -= 60
    sweep()
    OutboundMessage.objects.update(next_at=clock.database())
    row = message("after", scheduled_at=clock.database())
    assert claim_one().message_id == row.pk
    clock.of_machine = "a machine"
    sweep()
    assert reloaded(row).state == "sending"


def test_boot_times_of_different_machines_are_not_compared(clock: FakeClock, caplog: pytest.LogCaptureFixture):
    for machine, boot_is_off in [("a machine", 10_000.0), ("another machine", 0.0)] * 2:
        clock.of_machine, clock.boot_is_off = machine, boot_is_off
        sweep()
    assert [record.name for record in caplog.records if record.levelname == "ERROR"] == []
    assert set(account_state().readings) == {"a machine", "another machine"}


def test_readings_of_machines_that_are_gone_are_not_kept(clock: FakeClock):
    sweep()
    clock.of_machine = "another machine"
    clock.advance(86_401)
    sweep()
    assert set(account_state().readings) == {"another machine"}


def test_a_clock_that_is_corrected_gradually_has_not_stepped_back(clock: FakeClock, caplog: pytest.LogCaptureFixture):
    sweep()
    for seconds, is_step in ((3.9, False), (4.1, True)):  # 1 s, and 1 ms for each second
        clock.advance(3000)
        clock.database_is_off -= seconds
        sweep()
        assert ("stepped back by 1.1 s" in caplog.text) is is_step


def test_after_a_step_back_the_account_works_as_before(settings, clock: FakeClock):
    configure(settings, MAX_PER_SECOND=1)
    message("before")
    attempt(accepted())
    clock.database_is_off -= 3600
    sweep()
    OutboundMessage.objects.update(next_at=clock.database())
    message("after", scheduled_at=clock.database())
    row = attempt(unclear())
    assert row.state == "queued"
    clock.advance(5)
    assert attempt(accepted()).state == "sent"


def test_a_small_deviation_of_the_clock_is_no_step(clock: FakeClock):
    row = message()
    attempt(unclear())
    clock.database_is_off -= 0.9
    sweep()
    assert reloaded(row).state == "queued"
    assert account_state().clock > clock.database()


def test_messages_without_risk_are_not_changed_by_a_step_of_the_clock(clock: FakeClock):
    row = message()
    attempt(not_sent())
    clock.database_is_off -= 10
    sweep()
    assert reloaded(row).state == "queued"


def test_a_cancelled_message_is_never_sent(clock: FakeClock):
    row = message()
    assert cancel(row) == "cancelled"
    clock.advance(3600)
    assert claim_due() == []


def test_a_message_at_risk_that_is_cancelled_is_unconfirmed(clock: FakeClock):
    row = message()
    attempt(unclear())
    assert cancel(row) == "unconfirmed"
    clock.advance(5)
    assert claim_due() == []
