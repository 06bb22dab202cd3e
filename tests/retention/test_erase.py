"""Erasing a person's number: what goes, what is said of it, and what the rules of sending go on to know."""

import base64
import gzip
import json
import re
import tracemalloc

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_front_sms import optouts, outbox, retention, send_bulk_sms, send_sms, tasks
from django_front_sms.conversations import mark_handled
from django_front_sms.exceptions import InvalidMessage, NotPossible
from django_front_sms.models import (
    BulkSend,
    DeliveryStatus,
    Event,
    HandledConversation,
    InboundMessage,
    MmsFile,
    OptOut,
    OutboundMessage,
    SendAttempt,
)
from django_front_sms.retention import anonymize, search
from django_front_sms.retention.search import Spellings
from django_front_sms.states import State
from tests.commands.running import run
from tests.outbox.stage import (
    NUMBER,
    accepted,
    again,
    attempt,
    configure,
    hear,
    message,
    not_sent,
    take,
    take_one,
    unclear,
)
from tests.retention.storages import UNWILLING, WILLING
from tests.retention.traces import digests, files_in, traces
from tests.webhooks.pushes import JPEG, PNG, QUERY, by_get, by_post, file, sms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]

TEXT = "Hemmelig æøå"
OTHER = "+4741000000"
TRACES = ("99999999", "999 99 999", "Hemmelig", "image01")


def receive(body: bytes) -> InboundMessage:
    by_post(body)
    tasks.deliver_events()
    return InboundMessage.objects.latest("pk")


def sent(text: str = TEXT, **options) -> OutboundMessage:
    row = message(text, **options)
    return again(attempt(accepted()) and row)


def logged(row, shown: str, change: str = "") -> LogEntry:
    user, _ = User.objects.get_or_create(username="kari")
    return LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(row),
        object_id=str(row.pk),
        object_repr=shown,
        change_message=change,
        action_flag=ADDITION,
    )


def test_no_table_no_history_and_no_storage_tells_of_the_person_afterwards(clock, media):
    row = sent(metadata={"patient": f"Kari {NUMBER}"}, idempotency_key=f"reminder {NUMBER}")
    by_get(b"status=4&origid=145099&for=004799999999", "status")
    queued = message(f"{TEXT} igjen")
    mms = receive(sms(id=1, text=TEXT, counter=1, files=[file(JPEG)]))
    by_get(QUERY.replace(b"Test", b"Hemmelig"))
    tasks.deliver_events()
    given_up = {"traceback": f"ValueError: {TEXT}", "failed": True, "next_at": None}
    Event.objects.create(kind="message_received", subject=f"in:{mms.pk}", **given_up)
    Event.objects.create(kind="state_changed", subject=f"out:{row.pk}", **given_up)
    logged(row, "SMS to 999 99 999", json.dumps([{"changed": {"name": "Hemmelig"}}]))
    logged(mms.files.get(), "image01.jpg")
    logged(User.objects.get(), "The patient with +47 999 99 999", "004799999999")
    OutboundMessage.objects.update(error_text=f"What Front said of {NUMBER}")
    SendAttempt.objects.update(detail=f"What Front said of {NUMBER}")
    assert len(traces(*TRACES)) > 15
    made = digests()

    clock.advance(151)
    receipt = retention.erase("999 99 999")
    assert receipt.is_complete
    assert traces(*TRACES, *made) == []
    assert files_in(media) == []
    assert receipt.number == "+47•••••99"
    assert receipt.cancelled == 1
    assert (receipt.erased["outgoing"], receipt.erased["inbound"], receipt.erased["files"]) == (2, 2, 1)
    assert receipt.erased["admin_history"] == 3
    assert again(queued).state == State.CANCELLED


def test_what_others_wrote_and_got_stays(clock, media):
    sent()
    other = message(TEXT, to=OTHER)
    attempt(accepted(145100))
    theirs = receive(sms(id=2, counter=2, **{"from": OTHER}, text=TEXT, files=[file(JPEG)]))
    mine = receive(sms(id=1, counter=1, text=TEXT, files=[file(JPEG), file(PNG)]))
    logged(other, f"SMS to {OTHER}")
    retention.erase(NUMBER)
    assert (again(other).recipient, again(other).text) == (OTHER, TEXT)
    theirs.refresh_from_db()
    assert (theirs.sender, theirs.text) == (OTHER, TEXT)
    assert theirs.files.get().file.read() == JPEG
    assert [bool(part.file) for part in MmsFile.objects.filter(message=mine)] == [False, False]
    assert len(files_in(media)) == 1
    assert LogEntry.objects.get().object_repr == f"SMS to {OTHER}"


def test_that_a_conversation_was_handled_is_forgotten(clock):
    receive(sms())
    mark_handled("default", NUMBER, by=None)
    retention.erase(NUMBER)
    assert not HandledConversation.objects.exists()


def test_an_opt_out_stays_because_nothing_else_would_honour_it(clock):
    optouts.opt_out(NUMBER)
    receipt = retention.erase(NUMBER)
    assert receipt.kept == {"opt_outs": 1}
    assert OptOut.objects.filter(number=NUMBER).exists()


def test_an_opt_out_goes_where_that_is_asked_for(clock):
    optouts.opt_out(NUMBER)
    receipt = retention.erase(NUMBER, opt_outs=True)
    assert (receipt.kept["opt_outs"], receipt.erased["opt_outs"]) == (0, 1)
    assert traces("99999999") == []


@pytest.mark.parametrize("state", ["sending", "at risk", "unconfirmed"])
def test_what_may_be_under_way_or_is_undecided_is_left_and_listed(clock, state):
    row = message(TEXT)
    if state == "sending":
        take_one()
    else:
        attempt(unclear())
    if state == "unconfirmed":
        clock.advance(200)
        outbox.sweep()
    before = again(row)
    receipt = retention.erase(NUMBER)
    assert not receipt.is_complete
    assert receipt.left["unconfirmed" if state == "unconfirmed" else "under_way"] == [row.pk]
    assert receipt.cancelled == receipt.erased["outgoing"] == 0
    row = again(row)
    assert (row.text, row.recipient, row.state, row.risk_at) == (TEXT, NUMBER, before.state, before.risk_at)
    outbox.sweep()
    if state == "unconfirmed":
        outbox.mark_sent(row)
    clock.advance(200)
    outbox.sweep()
    if again(row).state == State.UNCONFIRMED:
        outbox.mark_sent(again(row))
    assert retention.erase(NUMBER).is_complete
    assert traces(*TRACES) == []


def test_what_a_late_answer_may_send_back_into_the_queue_is_left_until_it_cannot(clock):
    row = message(TEXT)
    job = take_one()
    clock.advance(31)
    outbox.sweep()
    outbox.cancel(again(row))
    outbox.give_up(again(row))
    assert retention.erase(NUMBER).left["under_way"] == [row.pk]
    clock.advance(150)
    assert retention.erase(NUMBER).is_complete
    hear(job, accepted())
    assert again(row).text == ""


def test_an_equal_message_in_the_window_still_waits_for_an_erased_one(clock):
    sent()
    retention.erase(NUMBER)
    twin = message(TEXT)
    assert take() == []
    assert again(twin).waits_for == "twin"
    clock.advance(151)
    tasks.purge()
    assert [job.message_id for job in take()] == [twin.pk]


def test_the_digest_that_it_waited_for_goes_with_the_next_purge(clock):
    row = sent()
    retention.erase(NUMBER)
    assert row.send_attempts.get().twin_key
    clock.advance(151)
    tasks.purge()
    assert not row.send_attempts.get().twin_key


def test_an_inbound_message_that_no_worker_saw_yet_is_left_and_listed(clock):
    by_post(sms())
    receipt = retention.erase(NUMBER)
    assert receipt.left["inbound"] == [InboundMessage.objects.get().pk]
    tasks.deliver_events()
    assert retention.erase(NUMBER).is_complete
    assert traces("99999999", "Test 123") == []


def test_a_message_whose_file_the_storage_keeps_is_left_so_that_the_file_is_found_again(clock, settings, media):
    settings.STORAGES = UNWILLING
    row = receive(sms(text=TEXT, files=[file(JPEG)]))
    receipt = retention.erase(NUMBER)
    assert (receipt.erased["files"], receipt.left["inbound"]) == (0, [row.pk])
    assert Event.objects.filter(subject=f"in:{row.pk}").exists()
    settings.STORAGES = WILLING
    assert retention.erase(NUMBER).is_complete
    assert files_in(media) == []
    assert traces(*TRACES) == []


def test_what_a_receiver_said_of_a_message_goes_though_it_is_called_again(clock):
    row = sent()
    Event.objects.filter(subject=f"out:{row.pk}").update(traceback=f"ValueError: {TEXT}")
    retention.erase(NUMBER)
    assert Event.objects.filter(subject=f"out:{row.pk}").exists()
    assert traces(*TRACES) == []


def test_receivers_hear_of_the_cancelling_and_not_of_what_was_erased(clock):
    row = message(TEXT)
    inbound = receive(sms())
    Event.objects.create(kind="message_received", subject=f"in:{inbound.pk}", data={"message": inbound.pk})
    retention.erase(NUMBER)
    assert [(event.subject, event.data["new"]) for event in Event.objects.filter(next_at__isnull=False)] == [
        (f"out:{row.pk}", "cancelled")
    ]


def test_a_redelivery_of_what_was_erased_is_still_known(clock):
    receive(sms(id=7, counter=7))
    retention.erase(NUMBER)
    by_post(sms(id=7, counter=7))
    assert InboundMessage.objects.get().text == ""


def test_the_same_idempotency_key_does_not_write_to_the_person_again(clock):
    row = sent(idempotency_key="reminder 42")
    retention.erase(NUMBER)
    assert send_sms(NUMBER, TEXT, idempotency_key="reminder 42").pk == row.pk


def test_the_text_of_a_bulk_send_goes_with_its_last_message(clock):
    bulk = send_bulk_sms([NUMBER, OTHER], TEXT)
    assert retention.erase(NUMBER).erased["bulk_texts"] == 0
    assert BulkSend.objects.get(pk=bulk.pk).text == TEXT
    assert retention.erase(OTHER).erased["bulk_texts"] == 1
    assert traces("Hemmelig") == []


def test_what_went_to_the_number_of_a_staging_site_goes_too(clock, settings):
    configure(settings, RECIPIENT_OVERRIDE=OTHER)
    row = sent()
    assert retention.erase(OTHER).is_complete
    assert traces("41000000") == []
    assert again(row).text == ""


def test_what_waits_to_go_to_others_is_not_cancelled_for_the_number_of_a_staging_site(clock, settings):
    configure(settings, RECIPIENT_OVERRIDE=OTHER)
    row = message(TEXT)
    attempt(not_sent())
    receipt = retention.erase(OTHER)
    assert (receipt.cancelled, receipt.left["under_way"]) == (0, [row.pk])
    assert again(row).state == State.QUEUED


def test_a_sender_without_a_number_can_be_erased_too(clock):
    receive(sms(**{"from": "Telenor"}, text=TEXT))
    assert retention.erase("Telenor").erased["inbound"] == 1
    assert traces("Telenor", TEXT) == []


def test_a_number_that_nobody_has_erases_nothing(clock):
    sent()
    receipt = retention.erase(OTHER)
    assert set(receipt.erased.values()) == {0}
    assert receipt.is_complete


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


@pytest.mark.parametrize("nobody", ["", "  ", "-", "+"])
def test_without_a_number_nothing_is_erased(clock, nobody):
    unreadable = receive(b"no JSON, but all that is left of what somebody wrote")
    entry = logged(unreadable, "Kari - Oslo", "Read again")
    with pytest.raises(InvalidMessage, match="Write the person's number"):
        retention.erase(nobody)
    unreadable.refresh_from_db()
    entry.refresh_from_db()
    assert (unreadable.sender, bytes(unreadable.raw)[:7]) == ("", b"no JSON")
    assert (entry.object_repr, entry.change_message) == ("Kari - Oslo", "Read again")


def test_a_number_with_more_messages_than_a_statement_bears_is_erased_some_at_a_time(clock, monkeypatch):
    monkeypatch.setattr(anonymize, "BATCH", 2)
    for number in range(5):
        sent(f"{TEXT} {number}")
        receive(sms(id=1000 + number, text=f"{TEXT} {number}"))
    with CaptureQueriesContext(connection) as queries:
        receipt = retention.erase(NUMBER)
    assert (receipt.erased["outgoing"], receipt.erased["inbound"], receipt.is_complete) == (5, 5, True)
    lists = re.findall(r"(?:id|subject)[\"`] IN \(([^()]*)\)", " ".join(query["sql"] for query in queries))
    assert lists
    assert max(len(values.split(", ")) for values in lists) <= 2


@pytest.mark.parametrize("shown", ["199999999", "999999990", "#9999", "2026-99-99"])
def test_other_digits_are_left_alone(shown):
    assert not Spellings(NUMBER).pattern.search(shown)


def test_the_command_prints_a_receipt_that_shows_no_number_and_exits_by_whether_it_is_complete(clock):
    sent()
    optouts.opt_out(NUMBER)
    code, text = run("erase", NUMBER)
    assert code == 0
    assert "Erased of +47•••••99" in text
    assert "Kept: that the person opted out" in text
    assert "99999999" not in text
    message(TEXT, ignore_opt_out=True)
    clock.advance(151)
    take_one()
    code, text = run("erase", NUMBER)
    assert code == 3
    assert "may be on their way" in text


def test_scripts_read_the_receipt_as_json(clock):
    sent()
    code, text = run("erase", NUMBER, "--opt-outs", "--json")
    receipt = json.loads(text)
    assert (code, receipt["complete"], receipt["number"]) == (0, True, "+47•••••99")
    assert receipt["erased"]["outgoing"] == 1
    assert set(map(str, receipt["left"].values())) == {"[]"}
    assert OutboundMessage.objects.get().text == ""


def test_progress_is_told_after_each_batch_and_ends_with_all(clock, monkeypatch):
    monkeypatch.setattr(anonymize, "BATCH", 2)
    for number in range(5):
        message(f"{number}")
    OutboundMessage.objects.update(state=State.EXPIRED, next_at=None)
    told: list[tuple[int, int]] = []
    retention.erase(NUMBER, progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_a_person_at_a_terminal_sees_a_bar(clock, monkeypatch, capsys):
    sent()
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    code, text = run("erase", NUMBER)
    assert code == 0
    assert "Erased of +47•••••99" in text
    shown = capsys.readouterr().err
    assert "Erasing" in shown
    assert "100%" in shown


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


def test_a_number_of_another_country_is_not_taken_for_a_norwegian_one(clock):
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
    OptOut.objects.create(account="default", number=number)
    OptOut.objects.create(account="default", number=OTHER)
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
    given_up = {"traceback": f"ValueError: {TEXT}", "failed": True, "next_at": None}
    Event.objects.create(kind="message_received", subject=f"in:{row.pk}", **given_up)
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
def test_what_cannot_be_searched_is_named_in_the_receipt_and_goes_when_a_person_has_looked(clock, media, body):
    row = receive(body)
    receipt = retention.erase(NUMBER)
    assert (receipt.left["unreadable"], receipt.is_complete) == ([row.pk], False)
    assert InboundMessage.objects.exclude(raw=b"").get() == row
    assert retention.erase(NUMBER, inbound=[row.pk]).is_complete
    assert bytes(InboundMessage.objects.get().raw) == b""
    assert files_in(media) == []


def test_what_could_be_searched_to_its_end_is_not_named(clock):
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


def test_keys_that_no_receipt_lists_are_refused_before_anything_is_erased(clock):
    row, own = receive(sms(**{"from": OTHER}, text="Hei")), receive(sms(text="Hallo", id=2))
    for key in (row.pk, own.pk + 1):
        with pytest.raises(NotPossible, match=f": {key}\\."):
            retention.erase(NUMBER, inbound=[key])
    assert set(InboundMessage.objects.values_list("text", flat=True)) == {"Hei", "Hallo"}


def test_keys_that_were_erased_may_be_given_again(clock):
    row = receive(b'{"id": 1, "text": "Hemmelig')
    assert retention.erase(NUMBER, inbound=[row.pk]).is_complete
    assert retention.erase(NUMBER, inbound=[row.pk]).is_complete


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


def test_no_error_of_any_receiver_keeps_the_number(clock):
    for number in ("999 99 999", OTHER):
        Event.objects.create(kind="counter_gap", subject="account:default", traceback=f"KeyError: {number}")
    assert retention.erase(NUMBER).erased["events"] == 1
    assert [event.traceback for event in Event.objects.all()] == ["", f"KeyError: {OTHER}"]


def test_the_command_names_what_a_person_must_look_at(clock):
    row = receive(b'{"id": 1, "text": "Hemmelig')
    code, text = run("erase", NUMBER)
    assert (code, f"--inbound: #{row.pk}" in text) == (3, True)
    code, text = run("erase", NUMBER, "--inbound", str(row.pk))
    assert (code, "--inbound" in text) == (0, False)


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
