"""Why a sent message waited, and the pauses of its account."""

import pytest
from django.contrib.auth.models import User

from django_front_sms.models import Decision, OutboundMessage, SendAttempt
from django_front_sms.states import State
from django_front_sms.timeline import of_outbound
from tests.configuration import configure
from tests.factories import EventFactory, OutboundMessageFactory, SendAttemptFactory, at

pytestmark = pytest.mark.django_db


def test_a_message_that_waited_for_an_equal_one_still_says_so_when_it_is_gone():
    first, sms = OutboundMessageFactory(state=State.SENT), OutboundMessageFactory(state=State.SENT, created_at=at(10))
    SendAttemptFactory(message=first, number=1, claimed_at=at(1), error_code=0)
    SendAttemptFactory(message=sms, number=1, claimed_at=at(150), error_code=0)

    entry = next(entry for entry in of_outbound(sms) if entry.kind == "waiting")

    assert entry.title == "Waited until 13:02:30, because an equal message went out before"
    assert (entry.ref, entry.at) == (f"out:{first.pk}", at(10))
    assert [entry.kind for entry in of_outbound(first)] == ["queued", "attempt"]


@pytest.mark.parametrize("fields", [{"twin_key": "another"}, {"outcome": SendAttempt.Outcome.NOT_SENT}])
def test_an_unsent_or_different_message_is_no_reason_for_a_delay(fields, settings):
    configure(settings, MAX_PER_SECOND=0.5)
    other, sms = OutboundMessageFactory(state=State.SENT), OutboundMessageFactory(state=State.SENT)
    SendAttemptFactory(message=other, number=1, claimed_at=at(1), **fields)
    SendAttemptFactory(message=sms, number=1, claimed_at=at(90), error_code=0)

    entry = next(entry for entry in of_outbound(sms) if entry.kind == "waiting")

    assert entry.title == "Waited for its turn until 13:01:30"
    assert entry.detail == "The account sends at most 0.5 messages a second."


def test_a_message_that_went_at_once_or_at_its_time_did_not_wait():
    at_once, timed = (
        OutboundMessageFactory(state=State.SENT),
        OutboundMessageFactory(state=State.SENT, scheduled_at=at(600)),
    )
    SendAttemptFactory(message=at_once, number=1, claimed_at=at(20), error_code=0)
    SendAttemptFactory(message=timed, number=1, claimed_at=at(602), error_code=0, twin_key="another")

    assert [entry.kind for entry in of_outbound(at_once)] == ["queued", "attempt"]
    assert [entry.kind for entry in of_outbound(timed)] == ["queued", "scheduled", "attempt"]


def test_pauses_of_the_account_are_shown_with_the_user_who_resumed_it():
    kari = User.objects.create(username="kari")
    sms = OutboundMessageFactory(state=State.SENT)
    EventFactory(kind="sending_paused", subject="account:default", data={"error_code": 5}, created_at=at(5))
    EventFactory(kind="sending_paused", subject="account:other", data={"error_code": 5}, created_at=at(5))
    EventFactory(kind="sending_paused", subject="account:default", data={"error_code": 5}, created_at=at(999))
    Decision.objects.create(account="default", action=Decision.Action.RESUME, by=kari, at=at(300))
    SendAttemptFactory(message=sms, number=1, claimed_at=at(302), error_code=0)

    entries = of_outbound(sms)

    assert [entry.title for entry in entries[1:3]] == [
        "Sending was paused for account “default”",
        "Sending was resumed for account “default”",
    ]
    assert "no messages left" in entries[1].detail and entries[2].by == "kari"
    assert [entry.kind for entry in entries] == ["queued", "paused", "decision", "attempt"]


def test_a_decision_during_a_pause_is_shown_once(django_assert_max_num_queries):
    kari = User.objects.create(username="kari")
    sms = OutboundMessageFactory(state=State.QUEUED)
    Decision.objects.create(account="default", action=Decision.Action.RESUME, by=kari, at=at(300))
    Decision.objects.create(message=sms, account="default", action=Decision.Action.SEND_ANYWAY, by=kari, at=at(400))
    Decision.objects.create(
        message=OutboundMessageFactory(), account="default", action=Decision.Action.CANCEL, by=kari, at=at(350)
    )

    plain = of_outbound(OutboundMessage.objects.get(pk=sms.pk))
    ahead = of_outbound(OutboundMessage.objects.prefetch_related("decisions__by").get(pk=sms.pk))

    expected = ["Sending was resumed for account “default”", "To be sent anyway"]
    for entries in (plain, ahead):
        assert [entry.title for entry in entries if entry.kind == "decision"] == expected
        assert [entry.by for entry in entries if entry.kind == "decision"] == ["kari", "kari"]
    sms = OutboundMessage.objects.get(pk=sms.pk)
    with django_assert_max_num_queries(7):
        of_outbound(sms)
