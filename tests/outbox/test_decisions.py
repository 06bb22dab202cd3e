"""Decisions by staff, and their records."""

import pytest

from django_front_sms.exceptions import NotPossible
from django_front_sms.models import Decision, Event, OutboundMessage
from django_front_sms.outbox import cancel, give_up, mark_sent, send_anyway, sweep
from tests.clock import FakeClock
from tests.configuration import configure
from tests.outbox.exchange_results import accepted, refused, unclear
from tests.outbox.rows import message, reloaded
from tests.outbox.worker_steps import attempt, claim_due, claim_one

pytestmark = pytest.mark.django_db

GAP = 150


@pytest.fixture
def unconfirmed(settings, clock: FakeClock) -> OutboundMessage:
    configure(settings, DUPLICATE_FILTER=None)
    message()
    return attempt(unclear())


def test_a_decision_records_its_user_and_action(unconfirmed: OutboundMessage, admin_user):
    mark_sent(unconfirmed, admin_user)
    decision = Decision.objects.get()
    assert (decision.message, decision.action, decision.by) == (unconfirmed, "mark_sent", admin_user)


def test_a_message_marked_as_sent_has_no_id(unconfirmed: OutboundMessage, clock: FakeClock):
    assert mark_sent(unconfirmed) == "sent"
    assert (unconfirmed.state, unconfirmed.gateway_id, unconfirmed.sent_at) == ("sent", None, clock.database())


def test_a_given_up_message_stays_unconfirmed_and_is_not_listed(unconfirmed: OutboundMessage):
    assert give_up(unconfirmed) == "unconfirmed"
    assert not OutboundMessage.objects.unconfirmed().exists()


def test_a_given_up_message_can_be_marked_as_sent(unconfirmed: OutboundMessage):
    give_up(unconfirmed)
    mark_sent(unconfirmed)
    assert not reloaded(unconfirmed).given_up


def test_a_message_sent_anyway_waits_for_its_own_duplicate_window(unconfirmed: OutboundMessage, clock: FakeClock):
    clock.advance(20)
    assert send_anyway(unconfirmed) == "queued"
    assert reloaded(unconfirmed).risk_at is None
    clock.advance(GAP - 20.1)
    assert claim_due() == []
    clock.advance(0.1)
    assert attempt(accepted()).state == "sent"


def test_a_message_sent_anyway_waits_for_the_last_claim_of_a_twin(unconfirmed: OutboundMessage, clock: FakeClock):
    clock.advance(GAP)
    message()
    attempt(accepted())
    clock.advance(10)
    send_anyway(unconfirmed)
    clock.advance(GAP - 10.1)
    assert claim_due() == []
    clock.advance(0.1)
    assert claim_one().message_id == unconfirmed.pk


def test_a_message_sent_anyway_after_its_window_is_due_at_once(unconfirmed: OutboundMessage, clock: FakeClock):
    clock.advance(3600)
    send_anyway(unconfirmed)
    assert claim_one()


def test_a_message_sent_anyway_is_not_sent_after_code_17(unconfirmed: OutboundMessage, clock: FakeClock):
    clock.advance(GAP)
    send_anyway(unconfirmed)
    row = attempt(refused(17))
    assert (row.state, row.waits_for) == ("queued", "twin")


def test_a_message_sent_anyway_is_unconfirmed_after_a_refusal(unconfirmed: OutboundMessage, clock: FakeClock):
    """The first attempt may have reached Front, so the message cannot be called unsent."""
    clock.advance(GAP)
    send_anyway(unconfirmed)
    row = attempt(refused(1))
    assert (row.state, row.error_code) == ("unconfirmed", 1)


def test_a_message_sent_anyway_is_unconfirmed_after_a_cancellation(unconfirmed: OutboundMessage):
    send_anyway(unconfirmed)
    assert cancel(unconfirmed) == "unconfirmed"


@pytest.mark.parametrize("decide", [mark_sent, send_anyway, give_up])
@pytest.mark.parametrize("state", ["queued", "sending", "sent", "rejected"])
def test_only_unconfirmed_messages_are_decided_on(clock: FakeClock, decide, state: str):
    row = message()
    if state == "sending":
        claim_one()
    elif state != "queued":
        attempt(accepted() if state == "sent" else refused(1))
    with pytest.raises(NotPossible, match=state):
        decide(row)
    assert reloaded(row).state == state
    assert not Decision.objects.exists()


@pytest.mark.parametrize("answer", [accepted(), refused(1)])
def test_a_message_in_a_final_state_cannot_be_cancelled(clock: FakeClock, answer):
    row = message()
    attempt(answer)
    with pytest.raises(NotPossible):
        cancel(row)


def test_a_decision_creates_a_state_changed_event(unconfirmed: OutboundMessage):
    mark_sent(unconfirmed)
    event = Event.objects.filter(kind="state_changed").order_by("pk").last()
    assert (event.subject, event.data["old"], event.data["new"]) == (f"out:{unconfirmed.pk}", "unconfirmed", "sent")


def test_unconfirmed_messages_are_resent_if_the_setting_says_so(
    settings, unconfirmed: OutboundMessage, clock: FakeClock
):
    configure(settings, ON_UNCONFIRMED="resend")
    sweep()
    assert reloaded(unconfirmed).state == "queued"
    clock.advance(GAP)
    assert attempt(accepted()).state == "sent"


def test_a_second_unclear_answer_leaves_the_message_unconfirmed(
    settings, unconfirmed: OutboundMessage, clock: FakeClock
):
    configure(settings, ON_UNCONFIRMED="resend")
    sweep()
    clock.advance(GAP)
    attempt(unclear())
    sweep()
    assert reloaded(unconfirmed).state == "unconfirmed"


def test_a_priced_message_is_sent_again_by_people_only(settings, clock: FakeClock):
    configure(settings, ON_UNCONFIRMED="resend")
    message(price=500)
    row = attempt(unclear())
    sweep()
    assert reloaded(row).state == "unconfirmed"


@pytest.mark.parametrize("decide", [cancel, give_up])
def test_cancelled_and_given_up_messages_are_not_sent_again(settings, clock: FakeClock, decide):
    configure(settings, ON_UNCONFIRMED="hold")
    message()
    row = attempt(unclear())
    if decide is give_up:
        clock.advance(95)
        sweep()
    decide(row)
    configure(settings, ON_UNCONFIRMED="resend")
    sweep()
    assert reloaded(row).state == "unconfirmed"
