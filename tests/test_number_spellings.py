"""Every spelling of a number or a sender is treated as the same number or sender."""

import phonenumbers
import pytest
from django.utils import timezone

from django_front_sms import inbox, optouts, retention, send_bulk_sms, send_many_sms, send_sms
from django_front_sms.admin.composer.tables import table_of
from django_front_sms.conf import get_settings
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.gateway.push import decode_inbound_json, decode_inbound_query
from django_front_sms.models import InboundMessage, OptOut, OutboundMessage
from django_front_sms.outbox.wire import wire_of
from django_front_sms.testing.factories import OutboundMessageFactory
from tests.webhooks.pushes import sms

phone_field = pytest.importorskip("phonenumber_field.phonenumber")

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]

DANISH = "+4520123456"
MACHINE = "+47580000000001"
PSK = ["26114123450000", "+26114123450000", "0026114123450000", "123450000"]
OBJECTS = [phonenumbers.parse(DANISH, "NO"), phone_field.PhoneNumber.from_string(DANISH)]


@pytest.fixture(autouse=True)
def _national_format(settings):
    """`str()` of a phonenumber_field.PhoneNumber is "20 12 34 56", which is a Norwegian number as well."""
    settings.PHONENUMBER_DEFAULT_FORMAT = "NATIONAL"
    settings.PHONENUMBER_DEFAULT_REGION = "NO"


def receive(text: str = "Hei", **fields) -> InboundMessage:
    body = sms(id=InboundMessage.objects.count(), text=text, **fields)
    inbox.store_inbound("default", decode_inbound_json(body), body)
    inbox.process()
    return InboundMessage.objects.latest("pk")


class TestNumberObjects:
    @pytest.mark.parametrize("number", OBJECTS)
    def test_number_objects_are_sent_to_in_e164(self, number):
        assert send_sms(number, "Hei").recipient == DANISH
        assert send_many_sms([{"to": number, "text": "Hallo"}])[0].recipient == DANISH
        bulk = send_bulk_sms([number, DANISH], "Til alle")
        assert [row.recipient for row in bulk.messages.all()] == [DANISH]

    @pytest.mark.parametrize("number", OBJECTS)
    def test_number_objects_can_be_opted_out_opted_in_and_erased(self, number):
        optouts.opt_out(number)
        assert OptOut.objects.get().number == DANISH
        with pytest.raises(InvalidMessage):
            send_sms(number, "Hei")
        optouts.opt_in(number)
        send_sms(number, "Hei").cancel()
        retention.erase(number)
        assert not OutboundMessage.objects.filter(recipient=DANISH).exists()

    @pytest.mark.parametrize("number", OBJECTS)
    def test_the_composer_gets_them_in_e164_from_a_sites_own_rows(self, number):
        assert DANISH in table_of(["number"], [[number]])

    def test_an_object_of_something_unreadable_is_refused(self):
        number = phone_field.PhoneNumber(raw_input="not a number")
        with pytest.raises(InvalidMessage) as raised:
            send_sms(number, "Hei")
        assert raised.value.code == "invalid_recipient"
        with pytest.raises(InvalidMessage) as raised:
            send_bulk_sms([number], "Hei")
        assert raised.value.invalid == ["not a number"]


class TestLongNumbers:
    @pytest.mark.parametrize("written", [MACHINE, "0047580000000001", "580000000001", "+47 5800 0000 0001"])
    def test_a_norwegian_machine_can_be_sent_to(self, written):
        assert send_sms(written, "Hei").recipient == MACHINE

    @pytest.mark.parametrize("written", ["+47999999999", "+472222333344445", "+46701234567890"])
    def test_so_can_a_full_international_number_of_at_most_15_digits(self, written):
        assert send_sms(written, "Hei").recipient == written

    @pytest.mark.parametrize("written", ["+4722223333444455", "+999123456789", "999999999", "+471234"])
    def test_longer_ones_other_country_codes_and_typing_errors_are_refused(self, written):
        with pytest.raises(InvalidMessage):
            send_sms(written, "Hei")

    @pytest.mark.parametrize("number", [MACHINE, "+47594400", "+4759445", "+881234567890123456"])
    def test_a_sender_can_be_answered_opted_out_and_erased(self, number):
        message = receive(**{"from": number})
        assert message.reply("Takk").recipient == number
        optouts.opt_out(number)
        assert OptOut.objects.get().number == number
        assert retention.erase(number).erased["inbound"] == 1

    def test_the_allowed_regions_hold_for_an_answer_too(self, settings):
        settings.FRONT_SMS = {**settings.FRONT_SMS, "ALLOWED_REGIONS": ["NO"]}
        assert receive(**{"from": MACHINE}).reply("Takk").recipient == MACHINE
        with pytest.raises(InvalidMessage) as raised:
            receive(**{"from": DANISH}).reply("Takk")
        assert raised.value.code == "region_not_allowed"


class TestInboundSenders:
    @pytest.mark.parametrize("written", ["90000014", "4790000014", "004790000014", "+4790000014", "+47 90 00 00 14"])
    def test_stop_from_any_spelling_stops_messages_to_the_phone(self, written):
        message = receive("STOPP", **{"from": written})
        assert message.sender == "+4790000014"
        with pytest.raises(InvalidMessage) as raised:
            send_sms("+4790000014", "Hei", sender=message.recipient)
        assert raised.value.code == "opted_out"
        assert written.encode() in bytes(InboundMessage.objects.get().raw)

    def test_by_get_as_well(self):
        query = b"fromid=123450000&phonenr=90000014&txt=Hei&time=1700000000&countnr=1"
        push = decode_inbound_query(query)
        assert (push.sender, push.recipient) == ("+4790000014", "26114123450000")

    @pytest.mark.parametrize("fact", ["2401", "26114", "Front", "+47594400", "46701234567"])
    def test_other_senders_stay_as_they_are(self, fact):
        assert receive(**{"from": fact}).sender == fact


class TestOptOuts:
    @pytest.mark.parametrize("written", ["900 20 020", "+47 900 20 020", "0047 90020020", "\u202a90020020\u202c"])
    def test_a_number_is_brought_to_its_one_form(self, written):
        optouts.opt_out(written)
        assert OptOut.objects.get().number == "+4790020020"
        optouts.opt_in("90020020")
        assert not OptOut.objects.exists()

    @pytest.mark.parametrize("written", ["", "Kari", "123", "9002002", "90020020, 90020021"])
    def test_a_value_that_is_no_number_is_refused(self, written):
        for function in (optouts.opt_out, optouts.opt_in):
            with pytest.raises(InvalidMessage) as raised:
                function(written)
            assert raised.value.code == "invalid_recipient"
        assert not OptOut.objects.exists()

    @pytest.mark.parametrize("kept", PSK)
    @pytest.mark.parametrize("used", PSK)
    def test_a_psk_number_is_one_sender_in_every_spelling(self, kept, used):
        optouts.opt_out("90020020", sender=kept)
        with pytest.raises(InvalidMessage) as raised:
            send_sms("90020020", "Hei", sender=used)
        assert raised.value.code == "opted_out"

    @pytest.mark.parametrize(("kept", "used"), [("Bl\u00e5", "Bla\u030a"), ("Bla\u030a", "BL\u00c5")])
    def test_a_name_is_one_sender_composed_or_not(self, kept, used):
        optouts.opt_out("90020020", sender=kept)
        with pytest.raises(InvalidMessage):
            send_sms("90020020", "Hei", sender=used)


@pytest.mark.parametrize("senders", [PSK, ["Bl\u00e5", "Bla\u030a"], ["99999999", "+4799999999", "004799999999"]])
def test_the_same_text_from_one_sender_in_every_spelling_is_a_twin(senders):
    conf = get_settings()
    rows = [send_sms("90020020", "Hei", sender=sender) for sender in senders]
    wires = [wire_of(row, conf.account("default"), conf, None) for row in rows]
    assert len({wire.twin_key for wire in wires}) == 1
    assert [wire.sender for wire in wires] == senders  # it goes out as Front registered it


@pytest.mark.parametrize("sender", PSK)
def test_an_answer_finds_its_message_in_every_spelling_of_the_sender(sender):
    now = timezone.now()
    sent = OutboundMessageFactory(
        sender=sender, state="sent", next_at=None, recipient="+4790000014", created_at=now, sent_at=now
    )
    assert receive(**{"from": "90000014", "to": "26114123450000"}).in_reply_to == sent


def test_a_long_first_word_is_no_problem():
    link = "https://example.com/" + "x" * 400
    message = receive(link, keyword=link.upper())
    assert message.problem == "" and message.text == link and len(message.keyword) == 200
