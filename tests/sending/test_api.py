"""The public functions for sending: arguments, results and errors."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from django_front_sms import asend_sms, preview_sms, send_many_sms, send_sms, sending
from django_front_sms.events import hints
from django_front_sms.events.hints import HintPublisher
from django_front_sms.exceptions import FrontSMSError, InvalidMessage, NotPossible
from django_front_sms.models import InboundMessage, OutboundMessage
from tests.configuration import configure
from tests.factories import InboundMessageFactory
from tests.parallel import run_parallel

NUMBER = "+4799999999"

pytestmark = pytest.mark.django_db


def test_a_message_is_queued_as_it_was_asked_for(admin_user):
    row = send_sms("999 99 999", "Hei på deg", created_by=admin_user, metadata={"appointment": 7})
    row.refresh_from_db()
    assert (row.state, row.recipient, row.sender, row.text, row.account) == (
        "queued",
        NUMBER,
        "Mitt Firma",
        "Hei på deg",
        "default",
    )
    assert (row.segments, row.unicode, row.priority, row.metadata, row.created_by) == (
        1,
        False,
        0,
        {"appointment": 7},
        admin_user,
    )


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("invalid_recipient", {"to": "123"}),
        ("invalid_recipient", {"to": "ikke et nummer"}),
        ("invalid_recipient", {"to": ""}),
        ("region_not_allowed", {"to": "+46701234567"}),
        ("invalid_sender", {"sender": "Altfor lang avsender"}),
        ("invalid_sender", {"sender": ""}),
        ("empty_text", {"text": ""}),
        ("empty_text", {"text": " \n"}),
        ("text_too_long", {"text": "x" * 1025}),
        ("not_gsm", {"text": "NUL \0"}),
        ("not_gsm", {"text": "\ud83c"}),
        ("invalid_price", {"price": 0}),
        ("invalid_price", {"price": 50}),
        ("invalid_price", {"price": 150}),
        ("invalid_price", {"price": 20100}),
        ("invalid_price", {"price": -100}),
        ("invalid_price", {"price": True}),
        ("invalid_price", {"price": 500.0}),
        ("priced_text_too_long", {"price": 500, "text": "x" * 161}),
        ("priced_text_too_long", {"price": 500, "text": "€" * 81}),
        ("priced_text_too_long", {"price": 500, "text": "☃" * 71}),
        ("unknown_account", {"account": "nobody"}),
        ("rate_limited", {"to": "+4799999990"}),
    ],
)
def test_invalid_arguments_are_named_and_nothing_is_stored(settings, code: str, options: dict):
    configure(settings, ALLOWED_REGIONS=["NO"])
    if code == "rate_limited":
        configure(settings, RATE_LIMITS={"per_account": "1/d"})
        send_sms(NUMBER, "Test")
    stored = OutboundMessage.objects.count()
    with pytest.raises(InvalidMessage) as raised:
        send_sms(**{"to": NUMBER, "text": "Test", **options})
    assert (raised.value.code, raised.value.index) == (code, None)
    assert isinstance(raised.value, FrontSMSError)
    assert isinstance(raised.value, ValidationError)
    assert str(raised.value)
    assert OutboundMessage.objects.count() == stored


def test_priced_messages_go_to_norway_only():
    with pytest.raises(InvalidMessage) as raised:
        send_sms("+46701234567", "Test", price=500)
    assert raised.value.code == "priced_recipient"


@pytest.mark.parametrize("price", [100, 500, 20000])
def test_prices_are_whole_kroner_from_1_to_200(price: int):
    assert send_sms(NUMBER, "x" * 160, price=price).sender == "2401"


def test_an_error_shows_neither_number_nor_text():
    with pytest.raises(InvalidMessage) as raised:
        send_sms("999999", "Koden er 1234")
    assert "999999" not in str(raised.value)
    assert "1234" not in str(raised.value)


def test_a_field_without_a_number_is_no_recipient():
    with pytest.raises(InvalidMessage) as caught:
        send_many_sms([{"to": NUMBER, "text": "Hei"}, {"to": None, "text": "Hei"}])
    assert (caught.value.code, caught.value.index) == ("invalid_recipient", 1)


def test_a_recipient_that_parses_as_a_number_is_accepted():
    class Number:  # as django-phonenumber-field has them
        def __str__(self) -> str:
            return "+47 999 99 999"

    assert send_sms(Number(), "Hei").recipient == NUMBER


def test_the_longest_text_is_1024_characters_however_many_bytes_they_are():
    assert send_sms(NUMBER, "☃" * 1024).segments == 16


def test_naive_times_are_in_the_current_time_zone():
    with timezone.override("America/New_York"):
        row = send_sms(NUMBER, "Test", scheduled_at=datetime(2030, 1, 1, 12), expires_at=datetime(2030, 1, 1, 13))
    noon = datetime(2030, 1, 1, 12, tzinfo=ZoneInfo("America/New_York"))
    assert (row.scheduled_at, row.next_at, row.expires_at) == (noon, noon, noon + timedelta(hours=1))


def test_unicode_none_decides_by_the_text():
    assert send_sms(NUMBER, "Test æøå").unicode is False
    assert send_sms(NUMBER, "Test ☃").unicode is True


def test_unicode_false_lets_the_gateway_replace():
    row = send_sms(NUMBER, "Test ☃", unicode=False)
    assert (row.unicode, row.text) == (False, "Test ☃")


def test_a_preview_stores_nothing():
    assert preview_sms("Hei ☃", unicode=False).replaced == ("☃",)
    assert not OutboundMessage.objects.exists()


@pytest.mark.parametrize("options", [{"priority": "soon"}, {"on_duplicate": "maybe"}, {"idempotency_key": "x" * 201}])
def test_an_invalid_option_is_a_value_error(options: dict):
    with pytest.raises(ValueError):
        send_sms(NUMBER, "Test", **options)
    assert not OutboundMessage.objects.exists()


# ---- Many


def test_many_are_stored_in_their_order_with_defaults():
    rows = send_many_sms([{"to": NUMBER, "text": "1"}, {"to": NUMBER, "text": "2", "sender": "B"}], sender="A")
    assert [(row.text, row.sender) for row in rows] == [("1", "A"), ("2", "B")]
    assert [row.pk for row in rows] == sorted(OutboundMessage.objects.values_list("pk", flat=True))


def test_many_messages_are_stored_together_or_the_first_invalid_one_is_named():
    messages = [{"to": NUMBER, "text": "1"}, {"to": NUMBER, "text": ""}, {"to": "x", "text": "3"}]
    with pytest.raises(InvalidMessage) as raised:
        send_many_sms(messages)
    assert (raised.value.code, raised.value.index) == ("empty_text", 1)
    assert not OutboundMessage.objects.exists()


def test_a_conflicting_key_among_many_messages_is_named():
    send_sms(NUMBER, "1", idempotency_key="a")
    messages = [{"to": NUMBER, "text": "0"}, {"to": NUMBER, "text": "2", "idempotency_key": "a"}]
    with pytest.raises(InvalidMessage) as raised:
        send_many_sms(messages)
    assert (raised.value.code, raised.value.index) == ("idempotency_mismatch", 1)
    assert OutboundMessage.objects.count() == 1


def test_an_empty_list_of_messages_sends_nothing():
    assert send_many_sms([]) == []


def test_many_can_be_a_generator():
    assert len(send_many_sms({"to": NUMBER, "text": str(n)} for n in range(3))) == 3


def test_thousands_are_stored_in_a_few_statements(django_assert_max_num_queries):
    if not connection.features.can_return_rows_from_bulk_insert:
        pytest.skip("MySQL names no keys of many rows")
    with django_assert_max_num_queries(200):
        send_many_sms([{"to": NUMBER, "text": str(n)} for n in range(2500)])


def test_without_insert_returning_rows_are_inserted_one_by_one_and_have_their_keys(monkeypatch):
    """The path of MySQL 8, which has no INSERT … RETURNING."""
    monkeypatch.setattr(type(connection.features), "can_return_rows_from_bulk_insert", False)
    rows = send_many_sms([{"to": NUMBER, "text": str(n)} for n in range(3)])
    assert [OutboundMessage.objects.get(pk=row.pk).text for row in rows] == ["0", "1", "2"]


# ---- Idempotency


def test_the_same_key_and_message_gives_the_same_row():
    first = send_sms(NUMBER, "Test", idempotency_key="a")
    assert send_sms("99999999", "Test", idempotency_key="a").pk == first.pk
    assert OutboundMessage.objects.count() == 1


@pytest.mark.parametrize("other", [{"text": "B"}, {"to": "+4799999998"}, {"sender": "B"}, {"price": 500}])
def test_the_same_key_with_another_message_is_refused(other: dict):
    send_sms(NUMBER, "Test", idempotency_key="a")
    with pytest.raises(InvalidMessage) as raised:
        send_sms(**{"to": NUMBER, "text": "Test", "idempotency_key": "a", **other})
    assert (raised.value.code, raised.value.index) == ("idempotency_mismatch", None)
    assert OutboundMessage.objects.count() == 1


def test_a_key_belongs_to_its_account(settings):
    configure(settings, "second", SERVICE_ID=5678)
    first = send_sms(NUMBER, "Test", idempotency_key="a")
    assert send_sms(NUMBER, "Other", idempotency_key="a", account="second").pk != first.pk


@pytest.mark.parametrize("key", ["", None])
def test_an_empty_key_is_none(key):
    first = send_sms(NUMBER, "Test", idempotency_key=key)
    second = send_sms(NUMBER, "Test", idempotency_key=key)
    assert first.pk != second.pk
    assert first.idempotency_key is None


@pytest.mark.parametrize("other", ["kunde-a", "KUNDE-Å", "kunde-Å "])
def test_keys_that_are_equal_in_the_collation_are_different(other: str):
    first = send_sms(NUMBER, "Test", idempotency_key="kunde-Å")
    assert send_sms(NUMBER, "Another", idempotency_key=other).pk != first.pk


def test_a_repeated_key_in_one_call_is_one_row():
    message = {"to": NUMBER, "text": "Test", "idempotency_key": "a"}
    first, second = send_many_sms([message, message])
    assert first.pk == second.pk


def test_a_concurrent_call_with_the_same_key_returns_the_existing_row(monkeypatch: pytest.MonkeyPatch):
    """The other row is committed between the lookup and the INSERT."""
    looks = []
    real = sending.store.with_keys

    def look(rows, digests, *, latest=False):
        looks.append(1)
        return real(rows, digests) if len(looks) > 1 else {}

    first = send_sms(NUMBER, "Test", idempotency_key="a")
    monkeypatch.setattr(sending.store, "with_keys", look)
    rows = send_many_sms([{"to": NUMBER, "text": "B"}, {"to": NUMBER, "text": "Test", "idempotency_key": "a"}])
    assert rows[1].pk == first.pk
    assert OutboundMessage.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_eight_concurrent_calls_with_one_key_return_the_same_row():
    rows = run_parallel(*[lambda: send_sms(NUMBER, "Test", idempotency_key="a")] * 8)
    assert len({row.pk for row in rows}) == 1


# ---- Handing over


def test_a_hint_is_sent_on_commit(hints: list[str], django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        send_sms(NUMBER, "Test")
        assert hints == []
    assert hints == ["dispatch"]


def test_many_messages_send_one_hint(hints: list[str], django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        send_many_sms([{"to": NUMBER, "text": str(n)} for n in range(50)])
    assert hints == ["dispatch"]


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_message_is_neither_stored_nor_hinted(hints: list[str]):
    with pytest.raises(RuntimeError), transaction.atomic():
        send_sms(NUMBER, "Test")
        raise RuntimeError
    assert hints == []
    assert not OutboundMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_unreachable_broker_raises_nothing_and_loses_no_row(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def refuse(app, task):
        asked.append(task)
        raise ConnectionError

    monkeypatch.setattr("django_front_sms.events.hints.send_hint", refuse)
    monkeypatch.setattr(hints, "_publisher", HintPublisher())
    row = send_sms(NUMBER, "Test")
    assert hints._publisher.flush(20)
    assert asked == ["dispatch"]
    assert OutboundMessage.objects.get() == row


def test_messages_can_be_sent_from_async_code():
    row = async_to_sync(asend_sms)(NUMBER, "Test", priority="urgent")
    assert OutboundMessage.objects.get(pk=row.pk).priority == 1


# ---- Sending again, and answering


@pytest.mark.parametrize("state", ["sent", "undelivered", "rejected", "cancelled", "expired"])
def test_a_message_in_a_final_state_can_be_sent_again_as_a_new_message(state: str, admin_user):
    row = send_sms(NUMBER, "Test", priority="urgent", metadata={"a": 1}, sender="B", idempotency_key="k")
    OutboundMessage.objects.filter(pk=row.pk).update(state=state)
    row.refresh_from_db()
    new = row.resend(admin_user)
    assert (new.recipient, new.text, new.sender, new.priority, new.created_by) == (NUMBER, "Test", "B", 1, admin_user)
    assert new.metadata == {"a": 1, "resend_of": row.pk}
    assert new.idempotency_key is None
    row.refresh_from_db()
    assert row.state == state


@pytest.mark.parametrize("state", ["queued", "unconfirmed"])
def test_an_open_or_unconfirmed_message_cannot_be_sent_again(state: str):
    row = send_sms(NUMBER, "Test")
    OutboundMessage.objects.filter(pk=row.pk).update(state=state)
    row.refresh_from_db()
    with pytest.raises(NotPossible):
        row.resend()


def test_a_resent_message_waits_for_the_duplicate_window(settings):
    configure(settings, ON_DUPLICATE="coalesce")
    row = send_sms(NUMBER, "Test")
    OutboundMessage.objects.filter(pk=row.pk).update(state="undelivered")
    row.refresh_from_db()
    assert row.resend().on_duplicate == "defer"


def inbound(**fields) -> InboundMessage:
    return InboundMessageFactory(**{"recipient": "26114", "text": "Hei", **fields})


def test_an_answer_goes_to_the_sender_from_the_number_that_was_written_to():
    question = inbound()
    answer = question.reply("Hei selv")
    assert (answer.recipient, answer.sender, answer.reply_to) == (NUMBER, "26114", question)


def test_a_reply_to_a_reply_is_sent_from_the_sender_of_the_first_message():
    ours = send_sms(NUMBER, "Test", sender="26114123456789")
    assert inbound(in_reply_to=ours).reply("Takk").sender == "26114123456789"


@pytest.mark.parametrize("sender", ["Mitt Firma", "2401", ""])
def test_a_text_or_a_short_code_cannot_be_answered(sender: str):
    with pytest.raises(InvalidMessage) as raised:
        inbound(sender=sender).reply("Hei")
    assert raised.value.code == "not_repliable"
