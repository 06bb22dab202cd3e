"""Handlers by keyword, on top of `message_received`."""

import pytest

from django_front_sms import events, inbox, keywords
from django_front_sms.gateway.push import decode_inbound_json
from django_front_sms.keywords import fallback, on_keyword
from django_front_sms.models import Event, InboundMessage
from django_front_sms.signals import message_received
from tests.webhooks.pushes import sms

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hints")]

PSK = "26114123450000"


@pytest.fixture(autouse=True)
def called(monkeypatch):
    """The arguments of the handlers that were called, in order. No handler is connected before or after the test."""
    monkeypatch.setattr(keywords, "_routes", [])
    before = list(message_received.receivers)
    yield []
    message_received.receivers = before
    message_received.sender_receivers_cache.clear()


@pytest.fixture
def handler(called):
    """Makes a handler that notes its name and the text."""

    def make(name, *words, **where):
        def handle(message, **kwargs):
            called.append((name, message.text))

        handle.__qualname__ = name
        return on_keyword(*words, **where)(handle)

    return make


def write(text: str, to: str = PSK, account: str = "default", **fields) -> None:
    keyword = text.split()[0].upper() if text.split() else ""
    body = sms(id=InboundMessage.objects.count(), to=to, text=text, keyword=keyword, **fields)
    inbox.store_inbound(account, decode_inbound_json(body), body)
    inbox.process()
    events.deliver()


@pytest.mark.parametrize(
    "text",
    [
        "JA",
        "ja",
        "Ja!",
        " ja, gjerne",
        "«Ja»",
        "YES please",
        "Ja,takk",
        "JA:1",
        "ja/nei",
        "ｊａ",
        "j\u200ba",
        "\u200eJa\u200f",
        "ja_takk",
        "Ja👍",
    ],
)
def test_the_first_word_decides(handler, called, text):
    handler("confirm", "JA", "yes")
    handler("decline", "NEI")
    write(text)
    assert called == [("confirm", text)]


@pytest.mark.parametrize("text", ["Jada", "nja", "Vi sier ja", "", "!"])
def test_other_words_are_for_the_fallback(handler, called, text):
    handler("confirm", "JA")
    handler("explain")
    write(text)
    assert called == [("explain", text)]


def test_marks_belong_to_the_word(handler, called):
    handler("now", "Nå")
    handler("mother", "แม่")
    handler("other", "แม")
    handler("one", "1")
    write("Na\u030a!"), write("แม่"), write("na"), write("1️⃣")
    assert [name for name, text in called] == ["now", "mother", "one"]


def test_on_a_short_code_the_word_after_our_keyword_decides(handler, called):
    handler("confirm", "JA")
    write("CLINIC ja takk", "26114")
    assert called == [("confirm", "CLINIC ja takk")]


def test_on_a_number_of_our_own_the_second_word_is_only_a_word(handler, called):
    handler("confirm", "JA")
    write("CLINIC ja takk")
    assert called == []


def test_on_a_short_code_the_keyword_is_a_word_where_the_next_one_is_nobodys(handler, called):
    handler("clinic", "CLINIC")
    handler("confirm", "JA")
    write("Clinic hei", "2401")
    write("Clinic ja", "2401")
    assert called == [("clinic", "Clinic hei"), ("confirm", "Clinic ja")]


def test_all_handlers_of_a_word_are_called(handler, called):
    handler("first", "JA")
    handler("second", "JA", "OK")
    write("ja")
    assert [name for name, text in called] == ["first", "second"]


def test_account_recipient_and_sender_narrow_it_down(handler, called):
    handler("ours", "JA", account="default", recipient="59440000", sender="0047 99999999")
    handler("explain")
    write("ja", "+4759440000")
    write("ja", "+4759440000", account="other")
    write("ja")
    write("ja", "+4759440000", **{"from": "+4799999998"})
    assert [name for name, text in called] == ["ours", "explain", "explain", "explain"]


def test_a_fallback_may_be_for_one_account(handler, called):
    handler("explain", account="other")
    write("hei")
    write("hei", account="other")
    assert len(called) == 1


def test_stop_and_start_are_nothing_for_the_fallback_but_may_have_a_handler(handler, called):
    handler("explain")
    write("STOPP"), write("START"), write("CLINIC STOPP", "26114")
    assert called == []
    handler("goodbye", "STOPP")
    write("STOPP!"), write("CLINIC STOPP", "26114")
    assert [name for name, text in called] == ["goodbye", "goodbye"]


def test_fallback_is_a_decorator_by_itself(called):
    @fallback
    def explain(message, event_id, **kwargs):
        called.append(event_id)

    write("hei")
    assert called == [Event.objects.get().event_id]


def test_a_coroutine_can_be_a_handler(called):
    @on_keyword("JA")
    async def confirm(message, **kwargs):
        called.append(message.text)

    write("ja")
    write("nei")
    assert called == ["ja"]


def test_a_handler_that_raises_is_called_again_and_the_others_are_not(handler, called, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RECEIVER_RETRY_DELAY": 0}

    @on_keyword("JA")
    def fail_once(message, **kwargs):
        called.append(("fail_once", message.text))
        if len(called) == 1:
            raise RuntimeError

    handler("confirm", "JA")
    write("ja")
    assert [name for name, text in called] == ["fail_once", "confirm", "fail_once"]


@pytest.mark.parametrize("word", ["", "!", "to ord"])
def test_a_word_that_can_never_be_written_is_refused(word):
    with pytest.raises(ValueError, match="single words"):
        on_keyword("JA", word)


def test_the_decorated_function_stays_what_it_is():
    def confirm(message, **kwargs): ...

    assert on_keyword("JA")(confirm) is confirm
