"""STOP and START: processed in the worker, stored per account and sender, respected by every send."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.utils import timezone

from django_front_sms import inbox, optouts, send_bulk_sms, send_many_sms, send_sms
from django_front_sms.events import records
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import BulkSend, Event, InboundMessage, OptOut, OutboundMessage
from django_front_sms.states import State
from tests.factories import InboundMessageFactory
from tests.outbox.exchange_results import accepted, unclear
from tests.outbox.worker_steps import attempt, claim_due

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]

NUMBER, OTHER = "+4799999999", "+4799999998"
PSK = "26114123450000"
SHORT = "26114"


def write(text: str, recipient: str = PSK, *, minutes: float = 0, **fields) -> InboundMessage:
    """An inbound message from `minutes` from now that no worker has processed."""
    moment = timezone.now() + timedelta(minutes=minutes - 60)
    keyword = text.split()[0].upper() if text.split() else ""
    given = {"text": text, "recipient": recipient, "sent_at": moment, "keyword": keyword, **fields}
    return InboundMessageFactory(
        **given, received_at=timezone.now(), process_at=timezone.now() - timedelta(minutes=1), counter=None
    )


def say(text: str, recipient: str = PSK, **fields) -> None:
    write(text, recipient, **fields)
    inbox.process()


def is_out(number: str = NUMBER, sender: str = PSK, **fields) -> bool:
    try:
        send_sms(number, f"Test {OutboundMessage.objects.count()}", sender=sender, **fields)
    except InvalidMessage as error:
        assert error.code == "opted_out"
        return True
    return False


class TestWords:
    @pytest.mark.parametrize("text", ["STOP", "stopp", "Stopp!", "  avmeld ", "«STOPP».", "STOPP\n", "stop 🙏"])
    def test_a_word_alone_asks_for_an_opt_out_however_it_is_typed(self, text):
        assert optouts.parse_keyword(text) == "out"

    @pytest.mark.parametrize(
        "text", ["", "!", "Jeg sier stopp", "Vi må ikke stoppe", "STOPPESTED", "nonstop", "S T O P", "x" * 99]
    )
    def test_more_or_other_than_the_word_is_none(self, text):
        assert optouts.parse_keyword(text) == ""

    @pytest.mark.parametrize(
        "text",
        [
            "STOP STOP",
            "Stopp\nSTOPP",  # an MMS whose subject is its text
            "stop, stopp!",
            "ＳＴＯＰ",
            "S\u200bT\u200bO\u200bP",
            "\ufeffSTOP\u200f",
            "STOPP❤️",
        ],
    )
    def test_a_repeated_or_disguised_word_asks_for_it_too(self, text):
        assert optouts.parse_keyword(text) == "out"

    @pytest.mark.parametrize("text", ["Stopp. Takk", "stopp ikke", "STOP sending me this", "Stopp " + "x" * 500])
    def test_a_text_that_begins_with_the_word_and_goes_on_is_perhaps_an_opt_out(self, text):
        assert optouts.parse_keyword(text) == "perhaps"

    def test_after_the_keyword_of_a_short_code_too(self):
        assert optouts.parse_keyword("CLINIC STOPP ikke", "CLINIC", SHORT) == "perhaps"
        assert optouts.parse_keyword("CLINIC:STOPP", "CLINIC", SHORT) == "out"

    def test_start_is_the_opposite(self):
        assert optouts.parse_keyword("start.") == "in"

    @pytest.mark.parametrize("text", ["CLINIC STOPP", "clinic stopp!", "Clinic:  STOPP", "STOPP"])
    def test_after_the_keyword_of_a_short_code_it_is_one_too(self, text):
        assert optouts.parse_keyword(text, text.split()[0].strip(":").upper(), SHORT) == "out"

    @pytest.mark.parametrize(
        ("text", "keyword", "recipient"),
        [
            ("PLEASE STOP", "PLEASE", PSK),  # a number of ours alone needs no keyword
            ("PLEASE STOP", "PLEASE", "+4759440000"),
            ("CLINIC STOPP", "OTHER", SHORT),
            ("CLINIC STOPP", "", SHORT),
        ],
    )
    def test_a_word_before_it_that_is_no_keyword_of_a_short_code_makes_it_another_text(self, text, keyword, recipient):
        assert optouts.parse_keyword(text, keyword, recipient) == ""

    def test_the_words_are_settings(self, settings):
        settings.FRONT_SMS = {**settings.FRONT_SMS, "OPT_OUT_WORDS": ["Meld  av"], "OPT_IN_WORDS": []}
        assert [optouts.parse_keyword(text) for text in ("meld av", "STOPP", "START")] == ["out", "", ""]


class TestHearing:
    @pytest.mark.parametrize(
        ("text", "intent"), [("STOPP", "out"), ("start", "in"), ("Stopp. Takk", "perhaps"), ("Hei", "")]
    )
    def test_the_message_says_afterwards_what_it_asks_for(self, text, intent):
        say(text)
        assert InboundMessage.objects.get().opt_out_intent == intent
        assert OptOut.objects.exists() == (intent == "out")

    def test_stop_is_kept_with_the_message_that_said_it(self):
        say("STOPP")
        row = OptOut.objects.get()
        assert (row.account, row.sender, row.number) == ("default", PSK, NUMBER)
        assert row.message == InboundMessage.objects.get() and row.created_by is None
        assert is_out()

    def test_an_opt_out_is_for_its_sender_and_account_only(self, settings):
        accounts = settings.FRONT_SMS["ACCOUNTS"]
        second = {**accounts["default"], "SERVICE_ID": 5}
        settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNTS": {**accounts, "second": second}}
        say("STOPP")
        assert not is_out(OTHER)
        assert not is_out(sender="Mitt Firma")
        assert not is_out(sender=SHORT)
        assert not is_out(account="second")

    @pytest.mark.parametrize("sender", ["+4759440000", "004759440000", "4759440000", "59440000"])
    def test_a_sender_is_the_same_however_we_write_it(self, sender):
        say("STOPP", "+4759440000")
        assert is_out(sender=sender)

    def test_start_undoes_it(self):
        say("STOPP")
        say("START", minutes=1)
        assert not is_out()
        say("STOPP", minutes=2)
        assert is_out()

    def test_start_to_one_number_leaves_the_opt_out_of_another(self):
        say("STOPP")
        say("CLINIC STOPP", SHORT)
        say("CLINIC START", SHORT, minutes=1)
        assert is_out() and not is_out(sender=SHORT)

    def test_start_undoes_an_opt_out_of_all_senders_too(self):
        optouts.opt_out(NUMBER)
        assert is_out(sender="Mitt Firma")
        write("START", minutes=120, sent_at=None)
        inbox.process()
        assert not is_out(sender="Mitt Firma")

    def test_a_start_before_an_opt_out_by_staff_changes_nothing(self):
        optouts.opt_out(NUMBER, sender=PSK)
        say("START", minutes=-5)
        assert is_out()

    @pytest.mark.parametrize("order", list(permutations([("STOPP", 0), ("START", 1), ("STOPP", 2), ("hei", 3)])))
    def test_the_latest_keyword_counts_in_any_order_of_processing(self, order):
        for text, minutes in order:
            say(text, minutes=minutes)
        assert is_out()

    @pytest.mark.parametrize("order", list(permutations([("START", 0), ("STOPP", 1), ("START", 2)])))
    def test_the_last_word_counts_where_it_is_start(self, order):
        for text, minutes in order:
            say(text, minutes=minutes)
        assert not is_out()

    def test_alphanumeric_senders_and_long_texts_create_no_opt_out(self):
        say("STOPP", sender="Front")
        say("STOPP" + " " * 5000 + "x")
        say("STOPP", "x" * 100)
        assert not OptOut.objects.exists()

    def test_nothing_is_answered_and_receivers_hear_of_the_message(self):
        say("STOPP")
        assert not OutboundMessage.objects.exists()
        assert [event.kind for event in Event.objects.all()] == ["message_received"]

    def test_an_opt_out_is_stored_in_the_transaction_that_processes_the_message(self, monkeypatch):
        write("STOPP")
        monkeypatch.setattr(records, "message_received", lambda pk: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            inbox.process()
        assert not OptOut.objects.exists()


class TestSending:
    @pytest.fixture(autouse=True)
    def _stopped(self):
        optouts.opt_out(NUMBER, sender="Mitt Firma")

    def test_a_refused_message_leaves_no_row(self):
        with pytest.raises(InvalidMessage) as caught:
            send_sms(NUMBER, "Test")
        assert caught.value.code == "opted_out"
        assert NUMBER not in str(caught.value)
        assert not OutboundMessage.objects.exists()

    def test_a_service_message_may_ignore_it(self):
        message = send_sms(NUMBER, "Test", ignore_opt_out=True)
        (job,) = claim_due()
        assert job.message_id == message.pk

    def test_of_many_the_first_refused_one_is_named_and_none_is_stored(self):
        with pytest.raises(InvalidMessage) as caught:
            send_many_sms([{"to": OTHER, "text": "a"}, {"to": NUMBER, "text": "b"}, {"to": NUMBER, "text": "c"}])
        assert (caught.value.code, caught.value.index) == ("opted_out", 1)
        assert not OutboundMessage.objects.exists()

    def test_of_many_each_may_ignore_it(self):
        rows = send_many_sms([{"to": OTHER, "text": "a"}, {"to": NUMBER, "text": "b", "ignore_opt_out": True}])
        assert len(rows) == 2

    def test_a_key_that_was_used_before_still_gives_its_row(self):
        OptOut.objects.all().delete()
        first = send_sms(NUMBER, "Test", idempotency_key="k")
        optouts.opt_out(NUMBER)
        assert send_sms(NUMBER, "Test", idempotency_key="k") == first

    def test_a_bulk_result_lists_opted_out_numbers_as_given(self):
        with pytest.raises(InvalidMessage) as caught:
            send_bulk_sms([OTHER, "999 99 999"], "Test")
        assert (caught.value.code, caught.value.invalid) == ("opted_out", ["999 99 999"])
        assert not BulkSend.objects.exists()

    def test_bulk_leaves_them_out_where_it_may(self):
        bulk = send_bulk_sms([OTHER, NUMBER, "x"], "Test", skip_invalid=True)
        assert bulk.recipients == 1
        assert [message.recipient for message in bulk.messages.all()] == [OTHER]

    def test_a_bulk_send_to_opted_out_numbers_alone_is_an_error(self):
        with pytest.raises(InvalidMessage) as caught:
            send_bulk_sms([NUMBER, "x"], "Test", skip_invalid=True)
        assert (caught.value.code, caught.value.invalid) == ("no_recipients", ["x", NUMBER])

    def test_a_bulk_service_message_may_ignore_it(self):
        bulk = send_bulk_sms([OTHER, NUMBER], "Test", ignore_opt_out=True)
        assert len(claim_due()) == bulk.recipients == 2

    def test_a_reply_to_an_opted_out_number_is_refused(self):
        say("STOPP")
        answer = InboundMessage.objects.get()
        with pytest.raises(InvalidMessage) as caught:
            answer.reply("Du er meldt av")
        assert caught.value.code == "opted_out"
        assert answer.reply("Du er meldt av", ignore_opt_out=True).state == State.QUEUED

    def test_a_thousand_numbers_are_looked_up_in_two_queries(self, django_assert_max_num_queries):
        numbers = [f"+4790{n:06}" for n in range(1500)]
        optouts.opt_out(numbers[-1])
        drafts = [OutboundMessage(account="default", sender="x", recipient=number) for number in numbers]
        with django_assert_max_num_queries(2):
            assert optouts.refused(drafts) == [1499]

    def test_a_name_is_one_sender_however_its_letters_are_written(self):
        optouts.opt_out(NUMBER, sender="Mitt Firma")
        optouts.opt_out(NUMBER, sender="MITT FIRMA")
        assert is_out(sender="Mitt Firma")
        assert is_out(sender="MITT FIRMA")
        assert not is_out(sender="Mitt Annet")
        optouts.opt_in(NUMBER, sender="mitt firma")
        assert not is_out(sender="Mitt Firma")


@pytest.mark.django_db(transaction=True)
class TestClaiming:
    def test_a_queued_message_to_a_number_that_opts_out_is_not_sent(self):
        message = send_sms(NUMBER, "Test")
        optouts.opt_out(NUMBER, sender="Mitt Firma")
        assert claim_due() == []
        message.refresh_from_db()
        assert (message.state, message.attempts) == (State.CANCELLED, 0)
        assert "opted out" in message.error_text
        event = Event.objects.get()
        assert (event.data["old"], event.data["new"]) == ("queued", "cancelled")

    def test_others_in_the_same_claim_are_sent(self):
        unwanted = send_sms(NUMBER, "Test")
        other = send_sms(OTHER, "Test")
        optouts.opt_out(NUMBER)
        assert [job.message_id for job in claim_due()] == [other.pk]
        unwanted.refresh_from_db()
        assert unwanted.state == State.CANCELLED

    def test_one_that_may_have_been_sent_is_unconfirmed_and_not_repeated(self, settings):
        message = send_sms(NUMBER, "Test")
        attempt(unclear())
        optouts.opt_out(NUMBER)
        OutboundMessage.objects.update(next_at=timezone.now() - timedelta(minutes=1))
        assert claim_due() == []
        message.refresh_from_db()
        assert message.state == State.UNCONFIRMED and "opted out" in message.error_text

    def test_of_a_bulk_send_only_the_others_go(self):
        bulk = send_bulk_sms([OTHER, NUMBER], "Test")
        optouts.opt_out(NUMBER)
        assert len(claim_due()) == 1
        assert dict(bulk.messages.values_list("recipient", "state")) == {OTHER: "sending", NUMBER: "cancelled"}

    def test_an_accepted_message_stays_accepted(self):
        send_sms(NUMBER, "Test")
        message = attempt(accepted())
        optouts.opt_out(NUMBER)
        assert claim_due() == []
        message.refresh_from_db()
        assert message.state == State.SENT
