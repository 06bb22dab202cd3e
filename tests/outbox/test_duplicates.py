"""Equal messages within the 120 s of Front's duplicate filter (§2.2)."""

import pytest

from django_front_sms import send_bulk_sms
from django_front_sms.models import OutboundMessage
from django_front_sms.outbox import cancel, has_due, send_anyway
from django_front_sms.outbox.duplicates import RECHECK_AFTER
from tests.clock import FakeClock
from tests.configuration import configure
from tests.factories import NUMBER
from tests.outbox.exchange_results import accepted, not_sent, refused, unclear
from tests.outbox.rows import message, reloaded
from tests.outbox.worker_steps import attempt, claim_due, claim_one, record_answer

pytestmark = pytest.mark.django_db

GAP = 150  # S + W: how long a claim can still touch the wire, and the filter's window after that
ENDINGS = [accepted(), refused(1), unclear()]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_twin_waits_until_the_others_window_is_over(clock: FakeClock, ending):
    message()
    attempt(ending)
    second = message()
    taken = {job.message_id for job in claim_due()}
    assert second.pk not in taken
    assert (reloaded(second).state, reloaded(second).waits_for) == ("queued", "twin")
    clock.advance(GAP - 0.1)
    assert second.pk not in {job.message_id for job in claim_due()}
    clock.advance(0.1)
    assert second.pk in {job.message_id for job in claim_due()}


def test_a_twin_waits_for_the_last_claim_of_the_other(clock: FakeClock):
    message()
    attempt(unclear())
    clock.advance(5)
    attempt(accepted())
    second = message()
    clock.advance(GAP - 1)
    assert claim_due() == []
    clock.advance(1)
    assert attempt(accepted(2)).pk == second.pk


def test_a_twin_waits_while_the_other_is_in_flight(clock: FakeClock):
    message()
    claim_one()
    second = message()
    assert claim_due() == []
    assert reloaded(second).waits_for == "twin"


def test_only_the_first_of_several_twins_in_a_claim_is_sent(clock: FakeClock):
    first, second, third = message(), message(), message()
    assert [job.message_id for job in claim_due()] == [first.pk]
    for row in (second, third):
        assert (reloaded(row).next_at - clock.database()).total_seconds() == GAP


def test_an_attempt_known_as_not_sent_is_no_twin(clock: FakeClock):
    message()
    attempt(not_sent())
    second = message()
    assert claim_one().message_id == second.pk


def test_a_message_that_was_never_sent_is_no_twin(clock: FakeClock):
    cancel(message())
    second = message()
    assert claim_one().message_id == second.pk


@pytest.mark.parametrize("other", [{"text": "Test"}, {"to": "+4799999998"}, {"sender": "Annen"}])
def test_another_text_recipient_or_sender_is_no_twin(clock: FakeClock, other):
    message()
    attempt(accepted())
    second = message(**other)
    assert claim_one().message_id == second.pk


def test_texts_that_are_equal_after_replacement_are_twins(settings, clock: FakeClock):
    """`unicode=False` lets the gateway replace what GSM lacks: the filter sees what is left."""
    message("Hei ☃", unicode=False)
    attempt(accepted())
    message("Hei ?")
    assert claim_due() == []


def test_the_replacement_of_the_settings_counts(settings, clock: FakeClock):
    configure(settings, REPLACEMENT=" ")
    message("Hei☃", unicode=False)
    attempt(accepted())
    message("Hei ")
    assert claim_due() == []


def test_with_an_override_messages_to_different_people_are_twins(settings, clock: FakeClock):
    configure(settings, RECIPIENT_OVERRIDE="+4799999990")
    message()
    attempt(accepted())
    message(to="+4799999998")
    assert claim_due() == []


def test_a_priced_message_is_sent_from_2401(clock: FakeClock):
    message(price=500, sender="Mitt Firma")
    attempt(accepted())
    message(price=500, sender="Annen")
    assert claim_due() == []


def test_an_account_at_another_gateway_has_a_filter_of_its_own(settings, clock: FakeClock):
    configure(settings, "second", SERVICE_ID=5678)
    message()
    attempt(accepted())
    other = message(account="second")
    assert claim_one("second").message_id == other.pk


def test_two_names_of_one_account_share_its_filter(settings, clock: FakeClock):
    configure(settings, "alias", SENDER="Mitt Firma")
    message()
    attempt(accepted())
    message(account="alias")
    assert claim_due(account="alias") == []


@pytest.mark.parametrize("how", ["setting", "argument"])
def test_coalesce_makes_a_duplicate_of_an_accepted_message(settings, clock: FakeClock, how: str):
    if how == "setting":
        configure(settings, ON_DUPLICATE="coalesce")
    first = message()
    attempt(accepted())
    second = message(on_duplicate="coalesce" if how == "argument" else None)
    assert claim_due() == []
    assert (reloaded(second).state, reloaded(second).duplicate_of) == ("duplicate", first)


def test_reject_makes_a_message_rejected_with_code_17_without_sending(clock: FakeClock):
    message()
    attempt(accepted())
    second = message(on_duplicate="reject")
    assert claim_due() == []
    assert (reloaded(second).state, reloaded(second).error_code) == ("rejected", 17)
    assert not reloaded(second).send_attempts.exists()


@pytest.mark.parametrize("policy", ["coalesce", "reject"])
def test_a_message_waits_for_a_twin_that_may_still_fail(clock: FakeClock, policy: str):
    message()
    job = claim_one()
    second = message(on_duplicate=policy)
    assert claim_due() == []
    assert (reloaded(second).state, reloaded(second).next_at) == ("queued", clock.database() + RECHECK_AFTER)
    record_answer(job, not_sent())
    clock.advance(5)
    assert len(claim_due()) == 1  # the one or the other: neither was sent


@pytest.mark.parametrize(("policy", "state"), [("coalesce", "duplicate"), ("reject", "rejected")])
def test_twins_of_one_claim_follow_the_policy_once_the_first_is_sent(clock: FakeClock, policy: str, state: str):
    message()
    second = message(on_duplicate=policy)
    attempt(accepted())
    clock.advance(5)
    assert claim_due() == []
    assert reloaded(second).state == state


@pytest.mark.parametrize("policy", ["coalesce", "reject"])
def test_a_message_that_may_have_been_sent_is_never_a_duplicate(settings, clock: FakeClock, policy: str):
    configure(settings, DUPLICATE_FILTER=None)
    row = message(on_duplicate=policy)
    attempt(unclear())
    clock.advance(GAP)
    twin = message()
    assert attempt(accepted()).pk == twin.pk
    send_anyway(reloaded(row))
    OutboundMessage.objects.filter(pk=row.pk).update(next_at=clock.database())
    assert claim_due() == []
    assert (reloaded(row).state, reloaded(row).waits_for) == ("queued", "twin")


def test_a_claim_skips_twins_that_have_to_wait(clock: FakeClock):
    message()
    attempt(accepted())
    for _ in range(250):  # more than are read at a time
        message()
    other = message("another")
    assert claim_one().message_id == other.pk
    assert not has_due()


def test_a_claim_skips_bulk_rows_that_have_to_wait(clock: FakeClock):
    message()
    attempt(accepted())
    send_bulk_sms([NUMBER], "Test æøå")
    other = message("another")
    assert claim_one().message_id == other.pk


def test_an_unconfirmed_message_blocks_its_twins_for_the_window_only(settings, clock: FakeClock):
    configure(settings, DUPLICATE_FILTER=None)
    row = message()
    attempt(unclear())
    assert reloaded(row).state == "unconfirmed"
    second = message()
    assert claim_due() == []
    clock.advance(GAP)
    assert claim_one().message_id == second.pk
