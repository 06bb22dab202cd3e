"""`front_sms status`: what waits, and what needs attention."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from django_front_sms import outbox
from django_front_sms.models import (
    AccountState,
    CounterGap,
    OutboundMessage,
    RefusedPush,
    Wait,
)
from django_front_sms.states import State
from tests.commands.running import gateway, read, run
from tests.factories import DeliveryStatusFactory, EventFactory, InboundMessageFactory, OutboundMessageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _worker(db: None) -> None:
    """A worker was seen a moment ago."""
    outbox.sweep()


def test_a_quiet_site_needs_no_attention():
    code, text = run("status")
    assert code == 0
    assert "Nothing needs attention." in text
    found = read("status")
    assert found["needs_attention"] is False
    assert found["queue"] == {
        "queued": 0,
        "sending": 0,
        "due": 0,
        "paused": 0,
        "later": {},
        "oldest_due": None,
        "oldest_due_seconds": None,
    }
    assert found["waiting"] == {"inbound": 0, "statuses": 0, "events": 0}
    assert found["accounts"] == [
        {"account": "default", "paused": False, "since": None, "code": None, "reason": "", "next_probe": None}
    ]
    assert not any(found["alerts"].values())


@pytest.mark.parametrize("reason", [reason for reason in Wait if reason])
def test_the_queue_has_words_for_each_reason(reason: Wait):
    OutboundMessageFactory(next_at=timezone.now() + timedelta(hours=1), waits_for=reason)
    assert read("status")["queue"]["later"] == {reason.name.lower(): 1}
    (line,) = [line for line in run("status")[1].splitlines() if line.endswith(" 1") and line.startswith("    ")]
    assert re.fullmatch(r" +(at|after) [a-z' ]+ +1", line)


def test_the_queue_is_counted_by_reason():
    now = timezone.now()
    OutboundMessageFactory(next_at=now - timedelta(seconds=90))
    OutboundMessageFactory(next_at=now - timedelta(seconds=30))
    OutboundMessageFactory(next_at=now + timedelta(hours=1), waits_for="schedule")
    OutboundMessageFactory(next_at=now + timedelta(minutes=1), waits_for="twin")
    OutboundMessageFactory(state=State.SENDING)
    OutboundMessageFactory(state=State.DELIVERED)
    queue = read("status")["queue"]
    assert (queue["queued"], queue["sending"], queue["due"]) == (4, 1, 2)
    assert queue["later"] == {"schedule": 1, "twin": 1}
    assert 85 < queue["oldest_due_seconds"] < 300
    text = run("status")[1]
    assert "at their scheduled time" in text
    assert "oldest one due since" in text
    assert run("status")[0] == 0


def test_messages_that_have_been_due_for_long_are_counted():
    OutboundMessageFactory(next_at=timezone.now() - timedelta(minutes=10))
    assert active() == {"overdue": 1}


def test_a_site_without_a_worker_is_told_to_start_one():
    AccountState.objects.all().delete()
    assert active() == {"worker_silent": 1}
    assert "never seen. Start a worker" in run("status")[1]
    AccountState.objects.create(key="", account="default")
    AccountState.objects.update(key=gateway(), clock=timezone.now() - timedelta(minutes=5))
    assert active() == {"worker_silent": 1}
    assert "last seen" in run("status")[1]


def test_a_paused_account_says_why_and_what_to_do(paused):
    OutboundMessageFactory(next_at=timezone.now() - timedelta(minutes=10))
    assert active() == {"paused": 1}
    text = run("status")[1]
    assert "Code 13" in text
    assert "front_sms resume default" in text
    report = read("status")
    assert (report["queue"]["due"], report["queue"]["paused"]) == (0, 1)
    account = report["accounts"][0]
    assert (account["paused"], account["code"]) == (True, 13)
    assert account["reason"]


def test_an_account_that_is_probed_says_when(paused):
    paused.pause_code, paused.probe_at = 5, timezone.now()
    paused.save()
    assert "It is tried again at" in run("status")[1]


def active() -> dict[str, int]:
    """The alerts that are not zero; exit code and text agree with them."""
    report = read("status")
    found = {name: count for name, count in report["alerts"].items() if count}
    assert report["needs_attention"] is bool(found)
    code, text = run("status")
    assert code == int(bool(found))
    assert len(text.partition("Needs attention\n")[2].splitlines()) == len(found)
    return found


def test_unconfirmed_messages_are_counted_until_a_person_decided():
    message = OutboundMessageFactory(unconfirmed=True)
    assert active() == {"unconfirmed": 1}
    OutboundMessage.objects.filter(pk=message.pk).update(given_up=True)
    assert active() == {}


def test_events_that_were_given_up_are_counted():
    EventFactory(failed=True)
    EventFactory(subject="out:2")
    assert active() == {"events_given_up": 1}


def test_a_push_that_was_too_large_counts_until_the_queue_moves_again():
    now = timezone.now()
    InboundMessageFactory(received_at=now - timedelta(hours=2))
    RefusedPush.objects.create(
        account="default", purpose="inbound", size=10, limit=5, received_at=now - timedelta(hours=1)
    )
    assert active() == {"pushes_too_large": 1}
    InboundMessageFactory(received_at=now)
    assert active() == {}


def test_missing_counters_are_listed_until_their_messages_arrive():
    now = timezone.now()
    fields = {"account": "default", "shown_at": now, "announced_at": now - timedelta(days=8)}
    gap = CounterGap.objects.create(first=7, last=9, came=[8], **fields)
    CounterGap.objects.create(first=20, last=21, **{**fields, "announced_at": None})
    CounterGap.objects.create(first=30, last=90, is_reset=True, **fields)
    assert active() == {"counter_gaps": 1}
    assert "default: 7, 9" in run("status")[1]
    assert read("status")["missing_counters"] == {"default": [7, 9]}
    CounterGap.objects.filter(pk=gap.pk).update(closed_at=now)
    assert active() == {}


def test_messages_that_never_got_a_status_are_counted_where_they_could_have_one():
    long_ago = timezone.now() - timedelta(hours=25)
    OutboundMessageFactory(state=State.SENT, gateway_id=1, sent_at=long_ago)
    OutboundMessageFactory(state=State.SENT, gateway_id=None, sent_at=long_ago)
    OutboundMessageFactory(state=State.SENT, gateway_id=2, sent_at=timezone.now())
    outbox.sweep()
    assert active() == {"without_status": 1}
    OutboundMessage.objects.filter(gateway_id=1).update(state=State.DELIVERED)
    assert active() == {}


def test_statuses_of_unknown_messages_and_unreadable_inbound_are_counted():
    DeliveryStatusFactory(message=None, problem="unknown", received_at=timezone.now())
    DeliveryStatusFactory(message=None, gateway_id=2, process_at=timezone.now())
    InboundMessageFactory(problem="no sender", received_at=timezone.now())
    assert active() == {"unreadable_inbound": 1, "unreadable_statuses": 1}
    assert read("status")["waiting"]["statuses"] == 1
