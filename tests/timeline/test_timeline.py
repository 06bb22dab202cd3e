"""What a person reads of a message's life."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from django_front_sms.models import Decision, Event, OutboundMessage, SendAttempt, Wait
from django_front_sms.states import State
from django_front_sms.timeline import of_inbound, of_outbound
from tests.factories import (
    AccountStateFactory,
    DeliveryStatusFactory,
    EventFactory,
    InboundMessageFactory,
    MmsFileFactory,
    OutboundMessageFactory,
    SendAttemptFactory,
    at,
)

pytestmark = pytest.mark.django_db


def titles(sms: OutboundMessage) -> list[str]:
    return [entry.title for entry in of_outbound(sms)]


def last(sms: OutboundMessage):
    return of_outbound(sms)[-1]


def test_a_delivered_message_tells_its_whole_life_oldest_first():
    entries = of_outbound(OutboundMessageFactory(retried=True))

    assert [entry.title for entry in entries] == [
        "Put in the queue",
        "Attempt 1: no clear answer",
        "Attempt 2: Front accepted it",
        "The operator has it",
        "It reached the phone",
        "The recipient answered",
    ]
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert [entry.level for entry in entries] == ["info", "warn", "info", "info", "good", "good"]
    assert "502" in entries[1].detail and "It took 1.84 s." in entries[1].detail
    assert "145099" in entries[2].detail


def test_the_text_is_nowhere_in_it():
    sms = OutboundMessageFactory(retried=True, text="kjempehemmelig")
    EventFactory(subject=f"out:{sms.pk}", failed=True, traceback="Traceback:\nValueError: kjempehemmelig")

    assert "kjempehemmelig" not in repr(of_outbound(sms))


def test_it_says_who_made_the_message_and_who_decided_about_it():
    kari, ola = User.objects.create(username="kari"), User.objects.create(username="ola")
    sms = OutboundMessageFactory(unconfirmed=True, created_by=kari, state=State.SENT)
    Decision.objects.create(message=sms, action=Decision.Action.MARK_SENT, by=ola, at=at(300))

    entries = of_outbound(sms)

    assert entries[0].by == "kari"
    assert (entries[-1].title, entries[-1].by) == ("Marked as sent", "ola")


def test_a_refusal_says_in_plain_words_what_is_wrong():
    sms = OutboundMessageFactory(state=State.REJECTED, error_code=3)
    SendAttemptFactory(message=sms, number=1, claimed_at=at(1), error_code=3)

    entry = last(sms)

    assert (entry.title, entry.level) == ("Attempt 1: Front refused it (code 3)", "bad")
    assert "use a registered sender" in entry.detail


def test_code_17_on_our_own_resend_means_that_the_attempt_before_got_through():
    sms = OutboundMessageFactory(state=State.SENT)
    SendAttemptFactory(message=sms, number=1, claimed_at=at(1), outcome=SendAttempt.Outcome.AMBIGUOUS)
    SendAttemptFactory(message=sms, number=2, claimed_at=at(10), error_code=17)

    assert last(sms).level == "info"
    assert "got through after all" in last(sms).detail


@pytest.mark.parametrize(
    "before", [[], [{"outcome": SendAttempt.Outcome.NOT_SENT}], [{"outcome": SendAttempt.Outcome.LOST, "voided": True}]]
)
def test_code_17_without_a_doubtful_attempt_before_is_somebody_elses(before):
    sms = OutboundMessageFactory(state=State.QUEUED)
    for number, fields in enumerate(before, 1):
        SendAttemptFactory(message=sms, number=number, claimed_at=at(number), **fields)
    SendAttemptFactory(message=sms, number=9, claimed_at=at(10), error_code=17)

    entry = next(e for e in of_outbound(sms) if e.title.startswith("Attempt 9"))

    assert entry.level == "warn"


def test_a_number_that_the_manual_does_not_know_is_a_number_not_a_crash():
    sms = OutboundMessageFactory(state=State.SENT, gateway_id=1)
    SendAttemptFactory(message=sms, number=1, claimed_at=at(1), error_code=99)
    DeliveryStatusFactory(message=sms, status=7, received_at=at(2))
    DeliveryStatusFactory(message=sms, status=None, received_at=at(3), problem="status is missing")

    told = " ".join(f"{entry.title} {entry.detail}" for entry in of_outbound(sms))

    assert "code 99" in told and "status 7" in told and "Status is missing." in told


def test_every_status_is_told_even_those_that_repeat():
    sms = OutboundMessageFactory(state=State.DELIVERED, gateway_id=1)
    for seconds in (3, 4, 5):
        DeliveryStatusFactory(message=sms, status=4, received_at=at(seconds))

    assert titles(sms).count("It reached the phone") == 3


def test_a_failure_beside_a_delivery_is_said_not_to_count():
    sms = OutboundMessageFactory(state=State.DELIVERED, gateway_id=1)
    DeliveryStatusFactory(message=sms, status=4, received_at=at(3))
    DeliveryStatusFactory(message=sms, status=5, received_at=at(4))

    assert "that counts" in last(sms).detail


@pytest.mark.parametrize(
    ("waits_for", "words"),
    [(Wait.SCHEDULE, "Waits for its time"), (Wait.TWIN, "an equal message"), (Wait.RETRY, "the next attempt")],
)
def test_a_queued_message_says_what_it_waits_for(waits_for, words):
    due = timezone.now() + timedelta(hours=1)

    entry = last(OutboundMessageFactory(waits_for=waits_for, next_at=due))

    assert words in entry.title and entry.level == "wait" and entry.at == due


def test_a_message_that_is_due_waits_for_its_turn_whatever_it_waited_for_before():
    assert last(OutboundMessageFactory(waits_for=Wait.RETRY)).title == "Waits for its turn"


def test_a_paused_account_is_why_a_message_waits():
    AccountStateFactory(paused=True)

    entry = last(OutboundMessageFactory())

    assert "paused" in entry.title and "no messages left" in entry.detail and entry.level == "bad"


def account_with(settings, **changed):
    accounts = settings.FRONT_SMS["ACCOUNTS"]
    settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNTS": {"default": {**accounts["default"], **changed}}}


def test_a_capped_rate_is_why_a_message_waits_for_its_turn(settings):
    account_with(settings, MAX_PER_SECOND=5)

    entry = last(OutboundMessageFactory())

    assert (entry.title, entry.detail) == ("Waits for its turn", "The account sends at most 5 messages a second.")


def test_a_message_of_an_account_that_was_removed_says_so():
    entry = last(OutboundMessageFactory(account="old"))

    assert "no account “old”" in entry.title and "FRONT_SMS" in entry.detail and entry.level == "bad"


def test_who_waits_for_the_duplicate_window_reads_how_long_it_is():
    entry = last(OutboundMessageFactory(waits_for=Wait.TWIN, next_at=timezone.now() + timedelta(minutes=1)))

    assert entry.detail == "Front drops the same text to the same number within 120 seconds."


def test_a_message_that_waited_for_an_equal_one_still_says_so_when_it_is_gone():
    first, sms = OutboundMessageFactory(state=State.SENT), OutboundMessageFactory(state=State.SENT, created_at=at(10))
    SendAttemptFactory(message=first, number=1, claimed_at=at(1), error_code=0)
    SendAttemptFactory(message=sms, number=1, claimed_at=at(150), error_code=0)

    entry = next(entry for entry in of_outbound(sms) if entry.kind == "waiting")

    assert entry.title == "Waited until 13:02:30, because an equal message went out before"
    assert (entry.ref, entry.at) == (f"out:{first.pk}", at(10))
    assert [entry.kind for entry in of_outbound(first)] == ["queued", "attempt"]


@pytest.mark.parametrize("fields", [{"twin_key": "another"}, {"outcome": SendAttempt.Outcome.NOT_SENT}])
def test_what_touched_no_wire_or_was_not_equal_is_not_why_it_waited(fields, settings):
    account_with(settings, MAX_PER_SECOND=0.5)
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


def test_pauses_of_its_account_are_told_with_who_ended_them():
    kari = User.objects.create(username="kari")
    sms = OutboundMessageFactory(state=State.SENT)
    Event.objects.create(kind="sending_paused", subject="account:default", data={"error_code": 5}, created_at=at(5))
    Event.objects.create(kind="sending_paused", subject="account:other", data={"error_code": 5}, created_at=at(5))
    Event.objects.create(kind="sending_paused", subject="account:default", data={"error_code": 5}, created_at=at(999))
    Decision.objects.create(account="default", action=Decision.Action.RESUME, by=kari, at=at(300))
    SendAttemptFactory(message=sms, number=1, claimed_at=at(302), error_code=0)

    told = of_outbound(sms)

    assert [entry.title for entry in told[1:3]] == [
        "Sending was paused for account “default”",
        "Sending was resumed for account “default”",
    ]
    assert "no messages left" in told[1].detail and told[2].by == "kari"
    assert [entry.kind for entry in told] == ["queued", "paused", "decision", "attempt"]


def test_what_was_decided_about_it_while_its_account_was_paused_is_told_once(django_assert_max_num_queries):
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
    for told in (plain, ahead):
        assert [entry.title for entry in told if entry.kind == "decision"] == expected
        assert [entry.by for entry in told if entry.kind == "decision"] == ["kari", "kari"]
    sms = OutboundMessage.objects.get(pk=sms.pk)
    with django_assert_max_num_queries(7):
        of_outbound(sms)


def test_another_accounts_pause_is_none_of_its_business():
    AccountStateFactory(paused=True, account="other")

    assert last(OutboundMessageFactory()).title == "Waits for its turn"


def test_a_scheduled_message_says_for_when():
    sms = OutboundMessageFactory(scheduled_at=at(3600), next_at=at(3600), waits_for=Wait.SCHEDULE)

    assert "Scheduled for March 2, 2026 14:00" in titles(sms)


def test_an_unconfirmed_message_asks_for_a_person():
    assert "a person must decide" in last(OutboundMessageFactory(unconfirmed=True)).title


def test_one_that_was_given_up_asks_nobody():
    sms = OutboundMessageFactory(unconfirmed=True, given_up=True)
    Decision.objects.create(message=sms, action=Decision.Action.GIVE_UP, at=at(300))

    assert last(sms).title == "Given up"


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"state": State.EXPIRED, "expires_at": at(60)}, "Expired: its time ran out before it could be sent"),
        ({"state": State.DUPLICATE}, "Not sent: it is a duplicate"),
        ({"state": State.CANCELLED}, "Cancelled: it was not sent"),
        ({"state": State.REJECTED, "error_text": "opted out"}, "Rejected: it was not sent"),
    ],
)
def test_a_message_that_ended_without_an_attempt_says_why(fields, title):
    assert last(OutboundMessageFactory(**fields)).title == title


def test_a_duplicate_leads_to_the_message_that_was_sent():
    first = OutboundMessageFactory()

    assert last(OutboundMessageFactory(state=State.DUPLICATE, duplicate_of=first)).ref == f"out:{first.pk}"


def test_a_cancelled_message_does_not_say_so_twice():
    sms = OutboundMessageFactory(state=State.CANCELLED)
    Decision.objects.create(message=sms, action=Decision.Action.CANCEL, at=at(5))

    assert titles(sms) == ["Put in the queue", "Cancelled"]


def test_cancelling_what_may_have_been_sent_is_not_called_cancelled():
    sms = OutboundMessageFactory(unconfirmed=True)
    Decision.objects.create(message=sms, action=Decision.Action.CANCEL, at=at(60))

    entry = next(entry for entry in of_outbound(sms) if entry.kind == "decision")

    assert "may have been sent" in entry.title


def test_it_says_which_receivers_took_what_and_nothing_of_events_that_nobody_listens_to():
    sms = OutboundMessageFactory(state=State.SENT)
    EventFactory(
        subject=f"out:{sms.pk}",
        delivered_to=["clinic.receivers.note"],
        data={"old": "queued", "new": "sent", "x": "99999999"},
    )
    EventFactory(
        subject=f"out:{sms.pk}",
        delivered_to=["clinic.receivers.count"],
        kind="status_received",
        data={"status": 99999999},
    )
    EventFactory(subject=f"out:{sms.pk}")
    EventFactory(subject=f"out:{sms.pk}", next_at=at(3), delivered_to=[])

    told = [entry for entry in of_outbound(sms) if entry.kind == "event"]

    assert [entry.title for entry in told] == [
        "Reported to the site: it is sent",
        "Reported to the site: status received",
    ]
    assert told[0].detail == "Processed by clinic.receivers.note." and told[0].level == "info"
    assert "99999999" not in repr(told)


def test_receivers_in_trouble_are_told_of_whatever_others_took():
    sms = OutboundMessageFactory(state=State.SENT)
    EventFactory(subject=f"out:{sms.pk}")
    EventFactory(subject=f"out:{sms.pk}", failed=True, traceback="Traceback:\nsite.errors.Broken: 99999999", attempts=5)
    EventFactory(subject=f"out:{sms.pk}", next_at=at(50), traceback="Traceback:\nKeyError: 1")
    EventFactory(subject="out:0", failed=True)

    told = [entry for entry in of_outbound(sms) if entry.kind == "event"]

    assert [entry.level for entry in told] == ["bad", "warn"]
    assert "site.errors.Broken." in told[0].detail and "5 attempts" in told[0].detail
    assert "99999999" not in told[0].detail


def test_an_override_of_the_recipient_is_told():
    sms = OutboundMessageFactory(state=State.SENT)
    SendAttemptFactory(message=sms, number=1, claimed_at=at(1), error_code=0, wire_recipient="+4798888888")

    assert "+4798888888" in last(sms).detail


def test_a_resent_message_leads_back_to_the_first():
    first = OutboundMessageFactory()

    entry = of_outbound(OutboundMessageFactory(metadata={"resend_of": first.pk}))[0]

    assert entry.ref == f"out:{first.pk}"


def test_a_long_life_costs_no_more_queries_than_a_short_one(django_assert_num_queries, django_assert_max_num_queries):
    user = User.objects.create(username="kari")
    sms = OutboundMessageFactory(retried=True, created_by=user)
    for number in range(3, 13):
        SendAttemptFactory(message=sms, number=number, claimed_at=at(number), error_code=0)
        DeliveryStatusFactory(message=sms, status=-1, received_at=at(number))
        Decision.objects.create(message=sms, action=Decision.Action.CANCEL, by=user, at=at(number))
        InboundMessageFactory(in_reply_to=sms)
        EventFactory(subject=f"out:{sms.pk}", failed=True)
    sms = OutboundMessage.objects.get(pk=sms.pk)

    with django_assert_max_num_queries(6):
        assert len(of_outbound(sms)) > 50


def test_what_was_prefetched_is_not_read_again(django_assert_num_queries):
    OutboundMessageFactory(retried=True)
    relations = ("send_attempts", "statuses", "decisions", "replies")
    sms = OutboundMessage.objects.select_related("created_by").prefetch_related(*relations).get()

    with django_assert_num_queries(1):  # the events
        assert len(of_outbound(sms)) == 6


def test_it_is_the_same_each_time_so_that_a_terminal_can_show_what_is_new():
    sms = OutboundMessageFactory(next_at=timezone.now() + timedelta(hours=1), waits_for=Wait.RETRY)

    assert of_outbound(sms) == of_outbound(sms)


def test_an_inbound_message_tells_how_it_came_and_what_it_answers():
    answered = OutboundMessageFactory(retried=True)
    sms = InboundMessageFactory(in_reply_to=answered, problem="keyword is missing")
    MmsFileFactory(message=sms, name="image01.jpg", content_type="image/jpeg", content=b"\xff\xd8\xff")
    OutboundMessageFactory(reply_to=sms, created_at=at(50))

    told = {entry.kind: entry for entry in of_inbound(sms)}

    assert list(told) == ["sent", "received", "problem", "reply", "answer"]
    assert told["received"].detail == "Over the JSON API. It has 1 file."
    assert told["problem"].detail == "keyword is missing"
    assert told["reply"].ref == f"out:{answered.pk}"


def test_an_inbound_message_that_no_worker_saw_yet_says_so():
    assert of_inbound(InboundMessageFactory(process_at=at(1)))[-1].kind == "waiting"
