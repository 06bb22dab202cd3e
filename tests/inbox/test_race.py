"""A reply that arrives before the answer to the message that it replies to is stored."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_front_sms import inbox, send_sms
from django_front_sms.gateway.push import decode_inbound_json
from django_front_sms.models import Event, InboundMessage, OutboundMessage, SendAttempt
from tests.outbox.exchange_results import accepted, not_sent
from tests.outbox.worker_steps import claim_one, record_answer
from tests.webhooks.pushes import sms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]

PSK = "26114123450000"


def reply(**fields) -> InboundMessage:
    body = sms(to=PSK, text="Ja", **fields)
    inbox.store_inbound("default", decode_inbound_json(body), body)
    return InboundMessage.objects.latest("pk")


def kinds() -> list[str]:
    return [event.kind for event in Event.objects.filter(subject__startswith="in:").order_by("pk")]


def test_a_reply_waits_for_the_answer_to_a_message_being_sent_to_its_sender():
    send_sms("+4799999999", "Kommer du?", sender=PSK)
    job = claim_one()
    message = reply()
    assert inbox.process() == 0
    assert kinds() == []
    ours = record_answer(job, accepted())
    assert ours.sent_at > message.received_at
    assert inbox.process() == 1
    message.refresh_from_db()
    assert message.in_reply_to == ours
    assert kinds() == ["message_received", "reply_received"]


def test_the_wait_ends_if_nothing_was_sent():
    send_sms("+4799999999", "Kommer du?", sender=PSK)
    job = claim_one()
    message = reply()
    record_answer(job, not_sent())
    assert inbox.process() == 1
    message.refresh_from_db()
    assert message.in_reply_to is None


def test_the_wait_is_no_longer_than_the_lease():
    send_sms("+4799999999", "Kommer du?", sender=PSK)
    claim_one()
    reply()
    assert inbox.process() == 0
    OutboundMessage.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert inbox.process() == 1
    assert kinds() == ["message_received"]


def test_the_wait_ends_although_the_message_is_claimed_again_and_again():
    send_sms("+4799999999", "Kommer du?", sender=PSK)
    claim_one()
    reply()
    InboundMessage.objects.update(received_at=timezone.now() - timedelta(seconds=31))
    SendAttempt.objects.update(claimed_at=timezone.now() - timedelta(seconds=40))
    assert inbox.process() == 1


@pytest.mark.parametrize(
    "other", [{"sender": "Mitt Firma"}, {"sender": "26114123450001"}, {"to": "+4799999998", "sender": PSK}]
)
def test_messages_to_others_or_from_other_numbers_are_not_waited_for(other):
    send_sms(**{"to": "+4799999999", "text": "Kommer du?", **other})
    claim_one()
    reply()
    assert inbox.process() == 1


def test_messages_claimed_after_the_reply_came_are_not_waited_for():
    message = reply()
    InboundMessage.objects.filter(pk=message.pk).update(received_at=timezone.now() - timedelta(seconds=5))
    send_sms("+4799999999", "Kommer du?", sender=PSK)
    job = claim_one()
    assert inbox.process() == 1
    record_answer(job, accepted())
    message.refresh_from_db()
    assert message.in_reply_to is None


def test_other_messages_are_processed_meanwhile():
    send_sms("+4799999999", "Kommer du?", sender=PSK)
    claim_one()
    waiting = reply()
    reply(id=5, **{"from": "+4799999998"})
    assert inbox.process() == 1
    assert not InboundMessage.objects.get(pk=waiting.pk).announced
