"""The simulated Front for the tests of a site."""

from datetime import timedelta

import pytest
from django.test import TestCase, override_settings
from django.utils import timezone

from django_front_sms import send_bulk_sms, send_sms
from django_front_sms.models import DeliveryStatus, InboundMessage, OutboundMessage
from django_front_sms.signals import message_received, reply_received, state_changed
from django_front_sms.simulator import Fault, FaultKind
from django_front_sms.states import State
from django_front_sms.testing import FrontSMS, FrontSMSMixin, ReceiverFailed

NUMBER = "+4799999999"
PSK = "26114123450000"


@pytest.fixture(params=["in the process", "on a port"])
def front(request, db):
    with FrontSMS(port=request.param == "on a port") as front:
        yield front


@pytest.fixture
def sent_signals():
    """The calls of receivers, in order."""
    calls = []

    def listen(signal, **kwargs):
        calls.append((signal, kwargs))

    for signal in (message_received, reply_received, state_changed):
        signal.connect(listen)
    yield calls
    for signal in (message_received, reply_received, state_changed):
        signal.disconnect(listen)


@pytest.fixture
def answering():
    """A receiver that answers every message."""

    def thank(message, event_id, **kwargs):
        message.reply("Takk!", idempotency_key=f"thanks-{event_id}")

    message_received.connect(thank)
    yield thank
    message_received.disconnect(thank)


def test_messages_of_the_site_are_in_the_outbox(front):
    message = send_sms("999 99 999", "Test æøå")
    (sent,) = front.outbox
    assert (sent.recipient, sent.sender, sent.text, sent.segments) == (NUMBER, "Mitt Firma", "Test æøå", 1)
    message.refresh_from_db()
    assert (message.state, message.gateway_id) == (State.SENT, sent.id)


def test_a_bulk_is_one_message_for_each_number(front):
    send_bulk_sms(["999 99 999", "999 99 998"], "Test")
    assert [sent.recipient for sent in front.outbox] == [NUMBER, "+4799999998"]


@pytest.mark.parametrize("transport", ["json", "get"])
def test_both_transports_work(db, settings, transport):
    account = {**settings.FRONT_SMS["ACCOUNTS"]["default"], "TRANSPORT": transport, "PASSWORD": "hemmelig"}
    settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNTS": {"default": account}}
    with FrontSMS() as front:
        send_sms(NUMBER, "Grüße + 100 % 😊")
        assert [sent.text for sent in front.outbox] == ["Grüße + 100 % 😊"]


def test_statuses_are_pushed_as_time_passes(front):
    message = send_sms(NUMBER, "Test")
    front.advance(1)
    message.refresh_from_db()
    assert message.state == State.AT_OPERATOR
    front.advance(1)
    message.refresh_from_db()
    assert message.state == State.DELIVERED


def test_a_status_is_pushed_by_hand_through_the_sites_own_view(front, sent_signals):
    message = send_sms(NUMBER, "Test")
    front.push_status(message, 5)
    assert message.state == State.UNDELIVERED
    assert DeliveryStatus.objects.filter(status=5).count() == 1  # beside those that came due meanwhile
    changes = [(kwargs["old"], kwargs["new"]) for signal, kwargs in sent_signals if signal is state_changed]
    assert changes[-1] == (State.SENT, State.UNDELIVERED)


def test_a_message_that_front_did_not_accept_has_no_status(front):
    front.network.account.blocked = True
    with pytest.raises(ValueError, match="no gateway_id"):
        front.push_status(send_sms(NUMBER, "Test"), 4)


def test_a_reply_goes_to_the_number_that_texted(front, sent_signals):
    sent = send_sms(NUMBER, "Kommer du?", sender=PSK)
    inbound = front.receive_sms(NUMBER, "Ja")
    assert (inbound.sender, inbound.recipient, inbound.text, inbound.in_reply_to) == (NUMBER, PSK, "Ja", sent)
    assert [kwargs["message"] for signal, kwargs in sent_signals if signal is reply_received] == [inbound]


def test_a_reply_much_later_is_still_one(front):
    front.advance(3600)
    sent = send_sms(NUMBER, "Kommer du?", sender=PSK)
    front.advance(3600)
    assert front.receive_sms(NUMBER, "Ja").in_reply_to == sent


def test_answers_of_receivers_are_sent_as_well(front, answering):
    front.receive_sms(NUMBER, "Hei", to=PSK)
    assert [(sent.sender, sent.text) for sent in front.outbox] == [(PSK, "Takk!")]


def test_the_get_api_is_there_too(front):
    front.network.inbound_api = "get"
    inbound = front.receive_sms(NUMBER, "Blåbær", to=PSK)
    assert (inbound.api, inbound.text, inbound.recipient, inbound.keyword) == ("get", "Blåbær", PSK, "BLÅBÆR")


def test_an_mms_has_its_files(front):
    inbound = front.receive_mms(NUMBER, "Se", [("a.png", "image/png", b"\x89PNG\r\n")])
    assert [file.name for file in inbound.files.all()] == ["smil.xml", "text_1.txt", "a.png"]
    assert inbound.files.get(name="a.png").file.read() == b"\x89PNG\r\n"


def test_an_mms_without_given_files_has_a_photograph(front):
    assert front.receive_mms(NUMBER).files.get(name="image01.jpg").content_type.startswith("image/jpeg")


def test_pictures_that_are_encoded_twice_are_repaired(front):
    front.network.rules.doubled_pictures = True
    picture = front.receive_mms(NUMBER).files.get(name="image01.jpg")
    assert picture.repaired
    assert picture.file.read(3) == b"\xff\xd8\xff"


def test_a_scheduled_message_waits_for_its_time(front):
    send_sms(NUMBER, "Test", scheduled_at=timezone.now() + timedelta(hours=2))
    assert front.outbox == []
    front.advance(2 * 3600 + 1)
    assert len(front.outbox) == 1


def test_a_twin_waits_for_the_duplicate_window(front):
    send_sms(NUMBER, "Test")
    second = send_sms(NUMBER, "Test")
    assert len(front.outbox) == 1
    front.advance(200)
    assert len(front.outbox) == 2
    second.refresh_from_db()
    assert second.state != State.REJECTED


def test_a_refused_message_has_the_code_of_its_cause(front):
    front.network.blacklist.add(NUMBER)
    message = send_sms(NUMBER, "Test")
    front.run()
    message.refresh_from_db()
    assert (message.state, message.error_code) == (State.REJECTED, 21)


@pytest.mark.parametrize("accepted", [True, False])
def test_an_unclear_answer_is_tried_again_and_sent_once(front, accepted):
    front.network.chaos.plan(Fault(FaultKind.ERROR, accepted))
    message = send_sms(NUMBER, "Test")
    assert len(front.outbox) == accepted
    front.advance(30)
    assert len(front.outbox) == 1
    message.refresh_from_db()
    assert message.gateway_id == (None if accepted else 145099)


def test_a_receiver_that_raises_fails_the_test(front):
    def broken(**kwargs):
        raise LookupError("no such patient")

    message_received.connect(broken)
    try:
        with pytest.raises(ReceiverFailed, match="no such patient"):
            front.receive_sms(NUMBER, "Hei")
        front.raise_receiver_errors = False
        assert front.receive_sms(NUMBER, "Hei").text == "Hei"
    finally:
        message_received.disconnect(broken)


def test_two_receivers_that_answer_each_other_are_named(front):
    def twice(message, **kwargs):
        front.network.receive(NUMBER, PSK, f"{message.text}.")

    message_received.connect(twice)
    try:
        with pytest.raises(AssertionError, match="answer each other"):
            front.receive_sms(NUMBER, "Hei")
    finally:
        message_received.disconnect(twice)


def test_a_site_behind_proxies_accepts_the_pushes(db, settings):
    settings.FRONT_SMS = {
        **settings.FRONT_SMS,
        "TRUSTED_PROXY_COUNT": 2,
        "WEBHOOK_ALLOWED_IPS": ["18.197.36.176/31"],
    }
    settings.SECURE_SSL_REDIRECT = True
    with FrontSMS() as front:
        assert front.receive_sms(NUMBER, "Hei").text == "Hei"


def test_the_error_of_a_refused_push_contains_the_sites_answer(front):
    with override_settings(ROOT_URLCONF="tests.testing.no_urls"), pytest.raises(AssertionError, match="answered 404"):
        front.receive_sms(NUMBER, "Hei")


def test_settings_and_clocks_are_restored(db, settings):
    before = settings.FRONT_SMS
    with FrontSMS() as front:
        front.advance(3600)
        assert before != settings.FRONT_SMS
    assert before == settings.FRONT_SMS
    message = OutboundMessage(account="default", recipient=NUMBER, sender="Mitt Firma", text="Test")
    assert abs((timezone.now() - message.created_at).total_seconds()) < 60


def test_the_clock_does_not_go_back(front):
    with pytest.raises(ValueError, match="cannot go back"):
        front.advance(-1)


class MixinTests(FrontSMSMixin, TestCase):
    def test_each_test_has_its_own_front(self):
        send_sms(NUMBER, "Test")
        self.assertEqual([sent.text for sent in self.front_sms.outbox], ["Test"])
        self.assertIsNone(self.front_sms.simulator)

    def test_each_test_has_its_own_front_again(self):
        self.assertEqual(self.front_sms.outbox, [])
        self.assertEqual(InboundMessage.objects.count(), 0)


class PortTests(FrontSMSMixin, TestCase):
    front_sms_port = True

    def test_the_simulator_listens_on_a_port(self):
        self.front_sms.network.status_plan = ()  # time goes on while this runs
        send_sms(NUMBER, "Test")
        self.assertEqual(len(self.front_sms.outbox), 1)
        self.assertEqual([exchange.kind for exchange in self.front_sms.network.exchanges], ["submission"])


def test_the_fixtures_are_equivalent(front_sms):
    send_sms(NUMBER, "Test")
    assert len(front_sms.outbox) == 1


def test_the_fixture_with_a_port_speaks_http(front_sms_on_port):
    send_sms(NUMBER, "Test")
    assert front_sms_on_port.outbox[0].text == "Test"
    assert front_sms_on_port.simulator.port
