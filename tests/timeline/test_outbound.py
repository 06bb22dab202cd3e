"""The timeline of an outbound message."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone, translation

import django_front_sms
from django_front_sms.models import Decision, SendAttempt, Wait
from django_front_sms.states import State
from django_front_sms.timeline import of_outbound
from django_front_sms.timeline.problems import REASONS
from tests.factories import DeliveryStatusFactory, EventFactory, OutboundMessageFactory, SendAttemptFactory, at
from tests.timeline.entries import last, titles

pytestmark = pytest.mark.django_db

PACKAGE = Path(django_front_sms.__file__).parent


def test_the_timeline_of_a_delivered_message_is_ordered_by_time():
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
    assert entries[1].detail == "It may or may not have reached Front."
    assert entries[1].technical == "HTTP 502. It took 1.84 s."
    assert "145099" in entries[2].technical and not entries[2].detail


def test_the_timeline_does_not_contain_the_text():
    sms = OutboundMessageFactory(retried=True, text="kjempehemmelig")
    EventFactory(subject=f"out:{sms.pk}", failed=True, traceback="Traceback:\nValueError: kjempehemmelig")

    assert "kjempehemmelig" not in repr(of_outbound(sms))


def test_the_timeline_names_the_creator_and_those_who_decided():
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
    assert "reached Front after all" in last(sms).detail


@pytest.mark.parametrize(
    "before", [[], [{"outcome": SendAttempt.Outcome.NOT_SENT}], [{"outcome": SendAttempt.Outcome.LOST, "voided": True}]]
)
def test_code_17_without_an_unclear_attempt_before_is_a_warning(before):
    sms = OutboundMessageFactory(state=State.QUEUED)
    for number, fields in enumerate(before, 1):
        SendAttemptFactory(message=sms, number=number, claimed_at=at(number), **fields)
    SendAttemptFactory(message=sms, number=9, claimed_at=at(10), error_code=17)

    entry = next(e for e in of_outbound(sms) if e.title.startswith("Attempt 9"))

    assert entry.level == "warn"


def test_unknown_codes_and_statuses_are_shown_as_numbers():
    sms = OutboundMessageFactory(state=State.SENT, gateway_id=1)
    SendAttemptFactory(message=sms, number=1, claimed_at=at(1), error_code=99)
    DeliveryStatusFactory(message=sms, status=7, received_at=at(2))
    DeliveryStatusFactory(message=sms, status=None, received_at=at(3), problem="status is missing")

    words = " ".join(f"{entry.title} {entry.detail}" for entry in of_outbound(sms))

    assert "code 99" in words and "status 7" in words and "Status is missing." in words


def test_every_status_is_shown_including_repetitions():
    sms = OutboundMessageFactory(state=State.DELIVERED, gateway_id=1)
    for seconds in (3, 4, 5):
        DeliveryStatusFactory(message=sms, status=4, received_at=at(seconds))

    assert titles(sms).count("It reached the phone") == 3


def test_a_failure_beside_a_delivery_is_said_not_to_count():
    sms = OutboundMessageFactory(state=State.DELIVERED, gateway_id=1)
    DeliveryStatusFactory(message=sms, status=4, received_at=at(3))
    DeliveryStatusFactory(message=sms, status=5, received_at=at(4))

    assert "that counts" in last(sms).detail


def test_a_scheduled_message_says_for_when():
    sms = OutboundMessageFactory(scheduled_at=at(3600), next_at=at(3600), waits_for=Wait.SCHEDULE)

    assert "Scheduled for March 2, 2026 14:00" in titles(sms)


def test_an_unconfirmed_message_asks_for_a_person():
    assert "a person must decide" in last(OutboundMessageFactory(unconfirmed=True)).title


def test_a_given_up_message_is_shown_as_given_up():
    sms = OutboundMessageFactory(unconfirmed=True, given_up=True)
    Decision.objects.create(message=sms, action=Decision.Action.GIVE_UP, at=at(300))

    assert last(sms).title == "Given up"


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"state": State.EXPIRED, "expires_at": at(60)}, "Expired: its time ran out before it could be sent"),
        ({"state": State.DUPLICATE}, "Not sent: it is a duplicate"),
        ({"state": State.CANCELLED}, "Stopped: it was not sent"),
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

    assert titles(sms) == ["Put in the queue", "Stopped"]


def test_cancelling_what_may_have_been_sent_is_not_called_cancelled():
    sms = OutboundMessageFactory(unconfirmed=True)
    Decision.objects.create(message=sms, action=Decision.Action.CANCEL, at=at(60))

    entry = next(entry for entry in of_outbound(sms) if entry.kind == "decision")

    assert "may have been sent" in entry.title


def test_an_override_of_the_recipient_is_shown():
    sms = OutboundMessageFactory(state=State.SENT)
    SendAttemptFactory(message=sms, number=1, claimed_at=at(1), error_code=0, wire_recipient="+4798888888")

    assert "+4798888888" in last(sms).detail


def test_a_resent_message_leads_back_to_the_first():
    first = OutboundMessageFactory()

    entry = of_outbound(OutboundMessageFactory(metadata={"resend_of": first.pk}))[0]

    assert entry.ref == f"out:{first.pk}"


def test_the_timeline_is_deterministic():
    sms = OutboundMessageFactory(next_at=timezone.now() + timedelta(hours=1), waits_for=Wait.RETRY)

    assert of_outbound(sms) == of_outbound(sms)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ({"http_status": 502, "detail": "HTTP 502"}, ("", "HTTP 502.")),
        ({"detail": "no complete answer in time"}, ("(ikke noe fullstendig svar i tide).", "")),
        (
            {"detail": "no complete answer: ReadError"},
            ("(ikke noe fullstendig svar).", "Ikke noe fullstendig svar: ReadError."),
        ),
        (
            {"http_status": 200, "detail": "the answer is too large"},
            ("(svaret er for stort).", "HTTP 200: svaret er for stort."),
        ),
        ({"detail": "of another gateway: unknown"}, ("", "Of another gateway: unknown.")),
    ],
)
def test_the_reason_without_an_answer_is_in_the_readers_language_and_names_of_errors_are_technical(stored, shown):
    attempt = SendAttemptFactory(ambiguous=True, duration=None, **{"http_status": None, **stored})

    with translation.override("nb"):
        entry = next(entry for entry in of_outbound(attempt.message) if entry.kind == "attempt")
        assert entry.detail.endswith(shown[0]) and ("(" in entry.detail) == bool(shown[0])
        assert entry.technical == shown[1]


def test_every_reason_in_the_sources_is_translated():
    sources = [*(PACKAGE / "gateway").glob("*.py"), *(PACKAGE / "outbox").glob("*.py")]
    literal = r'"((?:no |the |TLS|Front |acc|not sent|there )[^"{]+)'
    pattern = re.compile(r"(?:NotSent\(|Unclear\(|detail=|detail = |return )f?" + literal)
    stored = {found.rstrip(": ") for path in sources for found in pattern.findall(path.read_text())}

    assert len(stored) > 15
    assert stored == REASONS
