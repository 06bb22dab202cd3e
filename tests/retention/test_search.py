"""Finding a number in every spelling, in columns, bodies and the admin's history."""

import base64
import gzip
import tracemalloc

import pytest
from django.contrib.auth.models import User

from django_front_sms import retention, tasks
from django_front_sms.models import DeliveryStatus, Event, HandledConversation, InboundMessage, OptOut
from django_front_sms.retention import search
from django_front_sms.retention.search import Spellings
from tests.factories import NUMBER, EventFactory, OptOutFactory
from tests.retention.personal_data import OTHER, TEXT, TRACES, logged, receive
from tests.retention.traces import files_in, traces
from tests.webhooks.pushes import by_get, by_post, file, sms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]


@pytest.mark.parametrize(
    "shown",
    ["+4799999999", "004799999999", "4799999999", "99999999", "999 99 999", "+47 99 99 99 99", "(+47) 999-99-999"],
)
def test_a_number_is_found_however_it_is_written(shown):
    found = Spellings(NUMBER).pattern.sub("•", f"Kari: {shown}, Oslo")
    assert found.replace("(•", "•") == "Kari: •, Oslo"


def test_a_name_or_a_short_code_is_found_as_a_word_of_its_own():
    assert Spellings("Front").pattern.sub("•", "Front, Frontier, AFront") == "•, Frontier, AFront"
    assert Spellings("2097").pattern.sub("•", "2097 and 12097") == "• and 12097"


def test_the_history_of_a_short_code_is_erased_too():
    entry = logged(User.objects.create(username="ola"), "Answer from 2097", "[]")
    assert retention.erase("2097").erased["admin_history"] == 1
    entry.refresh_from_db()
    assert entry.object_repr == "Answer from •••••"


def test_the_key_of_a_row_that_has_the_digits_of_a_short_code_stays():
    entry = logged(User.objects.create(pk=2097, username="ola"), "ola", "Changed the sender to 2097")
    retention.erase("2097")
    entry.refresh_from_db()
    assert (entry.object_id, entry.change_message) == ("2097", "Changed the sender to •••••")


@pytest.mark.parametrize("shown", ["199999999", "999999990", "#9999", "2026-99-99"])
def test_other_digits_are_left_alone(shown):
    assert not Spellings(NUMBER).pattern.search(shown)


SPELLINGS = [
    "+4799999999",
    "4799999999",
    "99999999",
    "004799999999",
    " 4799999999",
    "+47 999 99 999",
    "tel:+4799999999",
    "9999 99 99 (Kari)",
]


@pytest.mark.parametrize("sender", SPELLINGS)
def test_an_inbound_message_whose_sender_is_written_otherwise_is_erased(clock, sender):
    row = receive(sms(text=TEXT))
    InboundMessage.objects.filter(pk=row.pk).update(sender=sender)
    assert retention.erase(NUMBER).is_complete
    assert traces(*TRACES) == []


@pytest.mark.parametrize("sender", ["+46 999 99 999", "+4699999999", "199999999", "Kari", "+47999999990"])
def test_an_inbound_message_from_another_sender_stays(clock, sender):
    row = receive(sms(text=TEXT))
    InboundMessage.objects.filter(pk=row.pk).update(sender=sender)
    assert retention.erase(NUMBER).erased["inbound"] == 0
    assert InboundMessage.objects.get().sender == sender


def test_a_foreign_number_does_not_match_a_norwegian_one(clock):
    receive(sms(**{"from": "99999999"}, text=TEXT))
    assert retention.erase("+4699999999").erased["inbound"] == 0


@pytest.mark.parametrize("sender", [4799999999, 99999999])
def test_a_sender_that_is_a_json_number_is_erased(clock, sender):
    receive(sms(**{"from": sender}, text=TEXT))
    assert retention.erase(NUMBER).is_complete
    assert traces(*TRACES) == []


@pytest.mark.parametrize("number", SPELLINGS)
def test_marks_on_conversations_and_opt_outs_are_found_in_every_spelling(clock, number):
    HandledConversation.objects.create(account="default", number=number, up_to=1)
    HandledConversation.objects.create(account="default", number=OTHER, up_to=1)
    OptOutFactory(number=number)
    OptOutFactory(number=OTHER)
    assert retention.erase(NUMBER, opt_outs=True).is_complete
    assert [row.number for row in HandledConversation.objects.all()] == [OTHER]
    assert [row.number for row in OptOut.objects.all()] == [OTHER]


WITHOUT_SENDER = {
    "in a field of another name": b'{"id": 1, "fra": "999 99 999"}',
    "a JSON number": b'{"id": 1, "from": 4799999999.0}',
    "with an exponent": b'{"id": 1, "from": 4.799999999e9}',
    "in a list": b'{"id": 1, "from": [4799999999]}',
    "escaped": b'{"id": 1, "from": ["\\u002b47\\u0039\\u0039999999"]}',
    "full-width": '{"id": 1, "from": ["９9999999"]}'.encode(),
    "no-break spaces": '{"id": 1, "from": ["+47\xa0999\xa099\xa0999"]}'.encode(),
    "an invisible mark": '{"id": 1, "from": ["+47\u200b99999999"]}'.encode(),
    "percent-encoded": b'{"id": 1, "from": ["%2B47%39%39999999"]}',
    "percent-encoded twice": b'{"id": 1, "from": ["%252B4799999999"]}',
    "cut short": b'{"id": 1, "from": "+4799999999", "text": "Hemm',
}


IN_UTF_16 = {
    f"{name}, UTF-16": body.decode().encode("utf-16") for name, body in WITHOUT_SENDER.items() if body.isascii()
}


@pytest.mark.parametrize("body", [*WITHOUT_SENDER.values(), *IN_UTF_16.values()], ids=[*WITHOUT_SENDER, *IN_UTF_16])
def test_a_body_without_a_readable_sender_is_searched_in_every_spelling(clock, body):
    row = receive(body)
    assert InboundMessage.objects.get().sender == ""
    receipt = retention.erase(NUMBER)
    assert (receipt.erased["inbound"], receipt.is_complete) == (1, True)
    row.refresh_from_db()
    assert bytes(row.raw) == b""


def test_an_error_of_a_receiver_goes_with_the_body_that_was_searched(clock):
    row = receive(b'{"id": 1, "fra": "99999999"}')
    EventFactory(kind="message_received", subject=f"in:{row.pk}", traceback=f"ValueError: {TEXT}", failed=True)
    retention.erase(NUMBER)
    assert traces(*TRACES) == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": 1, "text": "Hemmelig',
        gzip.compress(b'{"id": 1, "from": "+4799999999"}'),
        base64.b64encode(b'{"id": 1, "from": "+4799999999"}'),
        sms(**{"from": None}, files=[file(b"BEGIN:VCARD\nTEL:+4799999999\nEND:VCARD", "text/vcard", "kari.vcf")]),
    ],
    ids=["cut short", "compressed", "encoded", "file"],
)
def test_unsearchable_rows_are_listed_in_the_receipt_and_erased_by_key(clock, media, body):
    row = receive(body)
    receipt = retention.erase(NUMBER)
    assert (receipt.left["unreadable"], receipt.is_complete) == ([row.pk], False)
    assert InboundMessage.objects.exclude(raw=b"").get() == row
    assert retention.erase(NUMBER, inbound=[row.pk]).is_complete
    assert bytes(InboundMessage.objects.get().raw) == b""
    assert files_in(media) == []


def test_searchable_rows_are_not_listed(clock):
    receive(b'{"id": 1, "text": "Hei"}')
    by_get(b"txt=Hei&time=1")
    tasks.deliver_events()
    by_get(b"status=4&for=nobody", "status")
    assert retention.erase(NUMBER).is_complete


def test_a_message_of_others_with_a_problem_that_contains_the_number_is_named_and_stays(clock):
    row = receive(sms(**{"from": OTHER}, sent="never", text="Ring 999 99 999"))
    receipt = retention.erase(NUMBER)
    assert (receipt.left["mentioned"], receipt.erased["inbound"], receipt.is_complete) == ([row.pk], 0, False)
    row.refresh_from_db()
    assert row.text == "Ring 999 99 999"
    assert retention.erase(NUMBER, inbound=[row.pk]).is_complete
    assert traces("999 99 999") == []


@pytest.mark.parametrize("recipient", [b"%2B4799999999", b"999%2099%20999", b"004799999999"])
def test_a_status_that_matches_no_message_is_searched(clock, recipient):
    by_get(b"status=4&origid=77&for=" + recipient, "status")
    receipt = retention.erase(NUMBER)
    assert (receipt.erased["statuses"], receipt.is_complete) == (1, True)
    assert bytes(DeliveryStatus.objects.get().raw) == b""


def test_a_status_that_cannot_be_searched_is_named_until_it_is_deleted(clock):
    by_post(gzip.compress(b"status=4&origid=77&for=4799999999"), "status", "application/octet-stream")
    row = DeliveryStatus.objects.get()
    receipt = retention.erase(NUMBER)
    assert (receipt.left["unreadable_statuses"], receipt.is_complete) == ([row.pk], False)


def test_tracebacks_of_other_events_are_searched_for_the_number(clock):
    for number in ("999 99 999", OTHER):
        EventFactory(kind="counter_gap", subject="account:default", traceback=f"KeyError: {number}")
    assert retention.erase(NUMBER).erased["events"] == 1
    assert [event.traceback for event in Event.objects.all()] == ["", f"KeyError: {OTHER}"]


def test_bodies_are_read_a_few_at_a_time(clock):
    size = 100_000
    rows = (
        InboundMessage(account="default", api="json", raw=b"x" * size, problem="?", identity=str(key))
        for key in range(300)
    )
    InboundMessage.objects.bulk_create(rows, batch_size=20)
    tracemalloc.start()
    try:
        assert len(retention.erase(NUMBER).left["unreadable"]) == 300
        assert tracemalloc.get_traced_memory()[1] < 150 * size
    finally:
        tracemalloc.stop()


def test_rows_are_read_a_page_at_a_time_and_each_once(clock, monkeypatch):
    monkeypatch.setattr(search, "PAGE", 2)
    rows = [receive(sms(id=number, text=str(number))) for number in range(5)]
    assert [key for key, _sender in search.pages(InboundMessage.objects.all(), "sender")] == [row.pk for row in rows]
    assert [key for key, _raw in search.bodies(InboundMessage.objects.all())] == [row.pk for row in rows]
