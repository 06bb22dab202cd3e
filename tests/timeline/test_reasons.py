"""Why a queued message waits."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_front_sms.models import Wait
from tests.configuration import configure
from tests.factories import AccountStateFactory, OutboundMessageFactory
from tests.timeline.entries import last

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("waits_for", "words"),
    [
        (Wait.SCHEDULE, "Waits for its time"),
        (Wait.TWIN, "an equal message"),
        (Wait.RETRY, "the next attempt"),
        (Wait.QUIET_HOURS, "Waits for the end of the quiet hours"),
    ],
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


def test_a_capped_rate_is_why_a_message_waits_for_its_turn(settings):
    configure(settings, MAX_PER_SECOND=5)

    entry = last(OutboundMessageFactory())

    assert (entry.title, entry.detail) == ("Waits for its turn", "The account sends at most 5 messages a second.")


def test_a_message_of_an_account_that_was_removed_says_so():
    entry = last(OutboundMessageFactory(account="old"))

    assert "no account “old”" in entry.title and "add the account again" in entry.detail and entry.level == "bad"


def test_the_reason_contains_the_length_of_the_duplicate_window():
    entry = last(OutboundMessageFactory(waits_for=Wait.TWIN, next_at=timezone.now() + timedelta(minutes=1)))

    assert entry.detail == "Front drops the same text to the same number within 120 seconds."


def test_the_pause_of_another_account_is_no_reason():
    AccountStateFactory(paused=True, account="other")

    assert last(OutboundMessageFactory()).title == "Waits for its turn"
