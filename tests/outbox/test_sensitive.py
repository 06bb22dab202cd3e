"""Sensitive messages: the text is stored only as long as it is needed."""

from datetime import timedelta

import pytest

from django_front_sms import outbox
from django_front_sms.exceptions import NotPossible
from django_front_sms.models import OutboundMessage, SendAttempt
from django_front_sms.outbox import fold_statuses
from django_front_sms.outbox.decisions import give_up, send_anyway
from tests.clock import FakeClock
from tests.configuration import configure
from tests.factories import DeliveryStatusFactory
from tests.outbox.exchange_results import accepted, refused, unclear
from tests.outbox.rows import message, reloaded
from tests.outbox.worker_steps import attempt

pytestmark = pytest.mark.django_db

CODE = "Koden er 123456"


@pytest.fixture(autouse=True)
def _clock(clock: FakeClock) -> FakeClock:
    return clock


def code(**options) -> OutboundMessage:
    return message(CODE, sensitive=True, idempotency_key="code", **options)


def is_emptied(row: OutboundMessage) -> bool:
    row = reloaded(row)
    digests = SendAttempt.objects.filter(message=row).values_list("wire_digest", flat=True)
    assert bool(row.text) == bool(row.payload_digest), "a digest of six digits is as good as the digits"
    return not row.text and not any(digests)


def fold(clock: FakeClock, status: int) -> None:
    now = clock.database()
    DeliveryStatusFactory(message=None, status=status, received_at=now, process_at=now)
    fold_statuses()


def test_staff_see_dots_and_front_gets_the_text(clock):
    row = code()
    assert (row.shown_text, row.text) == ("••••••", CODE)
    assert message("Hei").shown_text == "Hei"


@pytest.mark.parametrize("status", [4, 5])
def test_a_sensitive_text_is_emptied_once_its_outcome_is_known(clock, status):
    row = code()
    attempt(accepted())
    assert not is_emptied(row)
    fold(clock, -1)
    assert not is_emptied(row)
    fold(clock, status)
    assert is_emptied(row)


def test_refused_cancelled_and_expired_messages_are_emptied(clock):
    row = code()
    attempt(refused(1))
    assert is_emptied(row)

    row = message("Koden er 2", sensitive=True)
    row.cancel()
    assert is_emptied(row)

    row = message("Koden er 3", sensitive=True, expires_at=clock.database() + timedelta(seconds=60))
    clock.advance(61)
    outbox.sweep()
    assert reloaded(row).state == "expired" and is_emptied(row)


def test_an_unconfirmed_message_keeps_its_text_until_a_decision(settings, clock):
    configure(settings, DUPLICATE_FILTER=None)
    row = code()
    attempt(unclear())
    assert reloaded(row).state == "unconfirmed" and not is_emptied(row)
    give_up(reloaded(row))
    assert is_emptied(row)


def test_without_any_status_it_is_emptied_after_the_hours_of_the_setting(settings, clock):
    configure(settings, HOURS_WITHOUT_STATUS=2)
    row = code()
    attempt(accepted())
    clock.advance(3600)
    outbox.sweep()
    assert not is_emptied(row)
    clock.advance(3700)
    outbox.sweep()
    assert is_emptied(row)


def test_texts_of_other_messages_are_kept(clock):
    row = message("Hei", idempotency_key="a")
    attempt(accepted())
    fold(clock, 4)
    assert reloaded(row).text == "Hei" and reloaded(row).payload_digest


def test_a_sensitive_message_cannot_be_sent_again(clock):
    row = code()
    attempt(accepted())
    fold(clock, 4)
    with pytest.raises(NotPossible, match="confidential"):
        reloaded(row).resend()


def test_a_given_up_sensitive_message_is_not_sent_without_its_text():
    row = code()
    attempt(unclear())
    OutboundMessage.objects.filter(pk=row.pk).update(state="unconfirmed", next_at=None)
    give_up(reloaded(row))
    assert is_emptied(row)

    with pytest.raises(NotPossible, match="was removed"):
        send_anyway(reloaded(row))

    assert reloaded(row).state == "unconfirmed"
