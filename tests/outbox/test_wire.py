"""The parameters of a request, which are the same at every attempt."""

import pytest

from django_front_sms.db.digest import digest
from django_front_sms.models import OutboundMessage, SendAttempt
from django_front_sms.outbox import send_anyway
from tests.clock import FakeClock
from tests.configuration import configure
from tests.outbox.exchange_results import not_sent, refused, unclear
from tests.outbox.rows import message, reloaded
from tests.outbox.worker_steps import attempt, claim_due, claim_one

pytestmark = pytest.mark.django_db


def test_the_request_contains_the_values_of_the_row(settings, clock: FakeClock):
    configure(settings, PASSWORD="hemmelig")
    message("Snømann ☃", price=None)
    sms = claim_one().sms
    assert (sms.service_id, sms.password, sms.sender, sms.recipient, sms.text, sms.unicode, sms.price) == (
        1234,
        "hemmelig",
        "Mitt Firma",
        "+4799999999",
        "Snømann ☃",
        True,
        None,
    )


def test_a_gsm_text_is_sent_without_unicode(clock: FakeClock):
    message("Test æøå", unicode=True)
    assert claim_one().sms.unicode is False


def test_a_priced_message_says_its_price_and_comes_from_2401(clock: FakeClock):
    message(price=500)
    sms = claim_one().sms
    assert (sms.price, sms.sender) == (500, "2401")


def test_the_override_replaces_the_recipient_on_the_wire_alone(settings, clock: FakeClock):
    configure(settings, RECIPIENT_OVERRIDE="99999990")
    row = message()
    assert claim_one().sms.recipient == "+4799999990"
    assert reloaded(row).recipient == "+4799999999"
    assert SendAttempt.objects.get().wire_recipient == "+4799999990"


def test_the_first_attempt_freezes_the_recipient(settings, clock: FakeClock):
    message()
    attempt(unclear())
    configure(settings, RECIPIENT_OVERRIDE="+4799999990")
    clock.advance(5)
    assert claim_one().sms.recipient == "+4799999999"


def test_a_corrected_password_is_used_at_once(settings, clock: FakeClock):
    message()
    attempt(unclear())
    configure(settings, PASSWORD="nytt")
    clock.advance(5)
    assert claim_one().sms.password == "nytt"


@pytest.mark.parametrize("ending", [unclear(), not_sent()])
@pytest.mark.parametrize("edit", [{"text": "Another"}, {"unicode": True}, {"price": 500}])
def test_a_message_edited_after_its_first_attempt_is_unconfirmed(clock: FakeClock, ending, edit):
    row = message()
    attempt(ending)
    OutboundMessage.objects.filter(pk=row.pk).update(**edit)
    clock.advance(5)
    assert claim_due() == []
    assert reloaded(row).state == "unconfirmed"
    assert SendAttempt.objects.count() == 1


def test_an_edit_before_the_first_attempt_is_sent(clock: FakeClock):
    row = message()
    OutboundMessage.objects.filter(pk=row.pk).update(text="Another")
    assert claim_one().sms.text == "Another"


def test_an_edited_message_can_be_sent_anyway(clock: FakeClock):
    row = message()
    attempt(not_sent())
    OutboundMessage.objects.filter(pk=row.pk).update(text="Another")
    clock.advance(5)
    claim_due()
    send_anyway(row)
    assert claim_one().sms.text == "Another"


def test_a_message_at_risk_is_not_repeated_at_another_gateway(settings, clock: FakeClock):
    row = message()
    attempt(unclear())
    configure(settings, SERVICE_ID=4321)
    clock.advance(5)
    assert claim_due() == []
    assert reloaded(row).state == "unconfirmed"


def test_a_message_without_risk_follows_a_corrected_service_id(settings, clock: FakeClock):
    message()
    attempt(not_sent())
    configure(settings, SERVICE_ID=4321)
    clock.advance(5)
    assert claim_one().sms.service_id == 4321


def test_digests_depend_on_the_boundaries_of_their_parts():
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("1") != digest(1)
    assert digest(None) != digest("")


def test_a_job_shows_neither_text_nor_number_nor_password(settings, clock: FakeClock):
    configure(settings, PASSWORD="hemmelig")
    message("Koden er 1234")
    shown = repr(claim_one())
    assert "Koden" not in shown
    assert "99999999" not in shown
    assert "hemmelig" not in shown


def test_a_refused_message_says_why_in_words(clock: FakeClock):
    message()
    assert "registered sender" in attempt(refused(3)).error_text
