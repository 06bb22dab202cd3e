"""What a person reads of a message's life."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from django_front_sms.models import Decision, OutboundMessage, Outcome, Wait
from django_front_sms.states import State
from django_front_sms.timeline import of_inbound, of_outbound
from tests.stories import at, attempt, delivered, event, file, inbound, message, paused, status, unconfirmed

pytestmark = pytest.mark.django_db


def titles(sms: OutboundMessage) -> list[str]:
    return [entry.title for entry in of_outbound(sms)]


def last(sms: OutboundMessage):
    return of_outbound(sms)[-1]


def test_a_delivered_message_tells_its_whole_life_oldest_first():
    entries = of_outbound(delivered())

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
    sms = delivered(text="kjempehemmelig")
    event(f"out:{sms.pk}", failed=True, traceback="Traceback:\nValueError: kjempehemmelig")

    assert "kjempehemmelig" not in repr(of_outbound(sms))


def test_it_says_who_made_the_message_and_who_decided_about_it():
    kari, ola = User.objects.create(username="kari"), User.objects.create(username="ola")
    sms = unconfirmed(created_by=kari, state=State.SENT)
    Decision.objects.create(message=sms, action=Decision.Action.MARK_SENT, by=ola, at=at(300))

    entries = of_outbound(sms)

    assert entries[0].by == "kari"
    assert (entries[-1].title, entries[-1].by) == ("Marked as sent", "ola")


def test_a_refusal_says_in_plain_words_what_is_wrong():
    sms = message(state=State.REJECTED, error_code=3)
    attempt(sms, 1, 1, error_code=3)

    entry = last(sms)

    assert (entry.title, entry.level) == ("Attempt 1: Front refused it (code 3)", "bad")
    assert "use a registered sender" in entry.detail


def test_code_17_on_our_own_resend_means_that_the_attempt_before_got_through():
    sms = message(state=State.SENT)
    attempt(sms, 1, 1, outcome=Outcome.AMBIGUOUS)
    attempt(sms, 2, 10, error_code=17)

    assert last(sms).level == "info"
    assert "got through after all" in last(sms).detail


@pytest.mark.parametrize("before", [[], [{"outcome": Outcome.NOT_SENT}], [{"outcome": Outcome.LOST, "voided": True}]])
def test_code_17_without_a_doubtful_attempt_before_is_somebody_elses(before):
    sms = message(state=State.QUEUED)
    for number, fields in enumerate(before, 1):
        attempt(sms, number, number, **fields)
    attempt(sms, 9, 10, error_code=17)

    entry = next(e for e in of_outbound(sms) if e.title.startswith("Attempt 9"))

    assert entry.level == "warn"


def test_a_number_that_the_manual_does_not_know_is_a_number_not_a_crash():
    sms = message(state=State.SENT, gateway_id=1)
    attempt(sms, 1, 1, error_code=99)
    status(sms, 7, 2)
    status(sms, None, 3, problem="status is missing")

    told = " ".join(f"{entry.title} {entry.detail}" for entry in of_outbound(sms))

    assert "code 99" in told and "status 7" in told and "Status is missing." in told


def test_every_status_is_told_even_those_that_repeat():
    sms = message(state=State.DELIVERED, gateway_id=1)
    for seconds in (3, 4, 5):
        status(sms, 4, seconds)

    assert titles(sms).count("It reached the phone") == 3


def test_a_failure_beside_a_delivery_is_said_not_to_count():
    sms = message(state=State.DELIVERED, gateway_id=1)
    status(sms, 4, 3)
    status(sms, 5, 4)

    assert "that counts" in last(sms).detail


@pytest.mark.parametrize(
    ("waits_for", "words"),
    [(Wait.SCHEDULE, "Waits for its time"), (Wait.TWIN, "an equal message"), (Wait.RETRY, "the next attempt")],
)
def test_a_queued_message_says_what_it_waits_for(waits_for, words):
    due = timezone.now() + timedelta(hours=1)

    entry = last(message(waits_for=waits_for, next_at=due))

    assert words in entry.title and entry.level == "wait" and entry.at == due


def test_a_message_that_is_due_waits_for_its_turn_whatever_it_waited_for_before():
    assert last(message(waits_for=Wait.RETRY)).title == "Waits for its turn"


def test_a_paused_account_is_why_a_message_waits():
    paused(5)

    entry = last(message())

    assert "paused" in entry.title and "no messages left" in entry.detail and entry.level == "bad"


def test_another_accounts_pause_is_none_of_its_business():
    paused(5, account="other")

    assert last(message()).title == "Waits for its turn"


def test_a_scheduled_message_says_for_when():
    sms = message(scheduled_at=at(3600), next_at=at(3600), waits_for=Wait.SCHEDULE)

    assert "Scheduled for March 2, 2026, 2 p.m." in titles(sms)


def test_an_unconfirmed_message_asks_for_a_person():
    assert "a person must decide" in last(unconfirmed()).title


def test_one_that_was_given_up_asks_nobody():
    sms = unconfirmed(given_up=True)
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
    assert last(message(**fields)).title == title


def test_a_duplicate_leads_to_the_message_that_was_sent():
    first = message()

    assert last(message(state=State.DUPLICATE, duplicate_of=first)).ref == f"out:{first.pk}"


def test_a_cancelled_message_does_not_say_so_twice():
    sms = message(state=State.CANCELLED)
    Decision.objects.create(message=sms, action=Decision.Action.CANCEL, at=at(5))

    assert titles(sms) == ["Put in the queue", "Cancelled"]


def test_cancelling_what_may_have_been_sent_is_not_called_cancelled():
    sms = unconfirmed()
    Decision.objects.create(message=sms, action=Decision.Action.CANCEL, at=at(60))

    entry = next(entry for entry in of_outbound(sms) if entry.kind == "decision")

    assert "may have been sent" in entry.title


def test_only_receivers_in_trouble_are_told_of():
    sms = message(state=State.SENT)
    event(f"out:{sms.pk}")
    event(f"out:{sms.pk}", failed=True, traceback="Traceback:\nsite.errors.Broken: 99999999", attempts=5)
    event(f"out:{sms.pk}", next_at=at(50), traceback="Traceback:\nKeyError: 1")
    event("out:0", failed=True)

    told = [entry for entry in of_outbound(sms) if entry.kind == "event"]

    assert [entry.level for entry in told] == ["bad", "warn"]
    assert "site.errors.Broken." in told[0].detail and "5 attempts" in told[0].detail
    assert "99999999" not in told[0].detail


def test_an_override_of_the_recipient_is_told():
    sms = message(state=State.SENT)
    attempt(sms, 1, 1, error_code=0, wire_recipient="+4798888888")

    assert "+4798888888" in last(sms).detail


def test_a_resent_message_leads_back_to_the_first():
    first = message()

    entry = of_outbound(message(metadata={"resend_of": first.pk}))[0]

    assert entry.ref == f"out:{first.pk}"


def test_a_long_life_costs_no_more_queries_than_a_short_one(django_assert_num_queries, django_assert_max_num_queries):
    user = User.objects.create(username="kari")
    sms = delivered(created_by=user)
    for number in range(3, 13):
        attempt(sms, number, number, error_code=0)
        status(sms, -1, number)
        Decision.objects.create(message=sms, action=Decision.Action.CANCEL, by=user, at=at(number))
        inbound(in_reply_to=sms)
        event(f"out:{sms.pk}", failed=True)
    sms = OutboundMessage.objects.get(pk=sms.pk)

    with django_assert_max_num_queries(6):
        assert len(of_outbound(sms)) > 50


def test_what_was_prefetched_is_not_read_again(django_assert_num_queries):
    delivered()
    relations = ("send_attempts", "statuses", "decisions", "replies")
    sms = OutboundMessage.objects.select_related("created_by").prefetch_related(*relations).get()

    with django_assert_num_queries(1):  # the events
        assert len(of_outbound(sms)) == 6


def test_it_is_the_same_each_time_so_that_a_terminal_can_show_what_is_new():
    sms = message(next_at=timezone.now() + timedelta(hours=1), waits_for=Wait.RETRY)

    assert of_outbound(sms) == of_outbound(sms)


def test_an_inbound_message_tells_how_it_came_and_what_it_answers():
    answered = delivered()
    sms = inbound(in_reply_to=answered, problem="keyword is missing")
    file(sms, "image01.jpg", "image/jpeg", b"\xff\xd8\xff")
    message(reply_to=sms, created_at=at(50))

    told = {entry.kind: entry for entry in of_inbound(sms)}

    assert list(told) == ["sent", "received", "problem", "reply", "answer"]
    assert told["received"].detail == "Over the JSON API. It has 1 file."
    assert told["problem"].detail == "keyword is missing"
    assert told["reply"].ref == f"out:{answered.pk}"


def test_an_inbound_message_that_no_worker_saw_yet_says_so():
    assert of_inbound(inbound(look_at=at(1)))[-1].kind == "waiting"
