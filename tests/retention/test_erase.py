"""`erase`: what is deleted, what is kept, and what the receipt says."""

import json
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_front_sms import optouts, outbox, retention, send_bulk_sms, send_sms, tasks
from django_front_sms.conversations import mark_handled
from django_front_sms.exceptions import InvalidMessage, NotPossible
from django_front_sms.models import (
    BulkSend,
    Event,
    HandledConversation,
    InboundMessage,
    MmsFile,
    OptOut,
    OutboundMessage,
    SendAttempt,
)
from django_front_sms.retention import anonymize
from django_front_sms.states import State
from tests.configuration import configure
from tests.factories import NUMBER, EventFactory
from tests.outbox.exchange_results import accepted, not_sent, unclear
from tests.outbox.rows import message, reloaded
from tests.outbox.worker_steps import attempt, claim_due, claim_one, record_answer
from tests.retention.personal_data import OTHER, TEXT, TRACES, logged, receive, sent
from tests.retention.storages import UNWILLING, WILLING
from tests.retention.traces import digests, files_in, traces
from tests.webhooks.pushes import JPEG, PNG, QUERY, by_get, by_post, file, sms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]


def test_no_table_history_or_storage_contains_personal_data_afterwards(clock, media):
    row = sent(metadata={"patient": f"Kari {NUMBER}"}, idempotency_key=f"reminder {NUMBER}")
    by_get(b"status=4&origid=145099&for=004799999999", "status")
    queued = message(f"{TEXT} igjen")
    mms = receive(sms(id=1, text=TEXT, counter=1, files=[file(JPEG)]))
    by_get(QUERY.replace(b"Test", b"Hemmelig"))
    tasks.deliver_events()
    given_up = {"traceback": f"ValueError: {TEXT}", "failed": True}
    EventFactory(kind="message_received", subject=f"in:{mms.pk}", **given_up)
    EventFactory(subject=f"out:{row.pk}", **given_up)
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
    assert (receipt.erased["outbound"], receipt.erased["inbound"], receipt.erased["files"]) == (2, 2, 1)
    assert receipt.erased["admin_history"] == 3
    assert reloaded(queued).state == State.CANCELLED


def test_messages_of_others_are_kept(clock, media):
    sent()
    other = message(TEXT, to=OTHER)
    attempt(accepted(145100))
    theirs = receive(sms(id=2, counter=2, **{"from": OTHER}, text=TEXT, files=[file(JPEG)]))
    mine = receive(sms(id=1, counter=1, text=TEXT, files=[file(JPEG), file(PNG)]))
    logged(other, f"SMS to {OTHER}")
    retention.erase(NUMBER)
    assert (reloaded(other).recipient, reloaded(other).text) == (OTHER, TEXT)
    theirs.refresh_from_db()
    assert (theirs.sender, theirs.text) == (OTHER, TEXT)
    assert theirs.files.get().file.read() == JPEG
    assert [bool(part.file) for part in MmsFile.objects.filter(message=mine)] == [False, False]
    assert len(files_in(media)) == 1
    assert LogEntry.objects.get().object_repr == f"SMS to {OTHER}"


def test_marks_on_handled_conversations_are_deleted(clock):
    receive(sms())
    mark_handled("default", NUMBER, by=None)
    retention.erase(NUMBER)
    assert not HandledConversation.objects.exists()


def test_an_opt_out_is_kept(clock):
    optouts.opt_out(NUMBER)
    receipt = retention.erase(NUMBER)
    assert receipt.kept == {"opt_outs": 1}
    assert OptOut.objects.filter(number=NUMBER).exists()


def test_an_opt_out_is_deleted_on_request(clock):
    optouts.opt_out(NUMBER)
    receipt = retention.erase(NUMBER, opt_outs=True)
    assert (receipt.kept["opt_outs"], receipt.erased["opt_outs"]) == (0, 1)
    assert traces("99999999") == []


@pytest.mark.parametrize("state", ["sending", "at risk", "unconfirmed"])
def test_messages_in_sending_or_unconfirmed_are_kept_and_listed(clock, state):
    row = message(TEXT)
    if state == "sending":
        claim_one()
    else:
        attempt(unclear())
    if state == "unconfirmed":
        clock.advance(200)
        outbox.sweep()
    before = reloaded(row)
    receipt = retention.erase(NUMBER)
    assert not receipt.is_complete
    assert receipt.left["unconfirmed" if state == "unconfirmed" else "under_way"] == [row.pk]
    assert receipt.cancelled == receipt.erased["outbound"] == 0
    row = reloaded(row)
    assert (row.text, row.recipient, row.state, row.risk_at) == (TEXT, NUMBER, before.state, before.risk_at)
    outbox.sweep()
    if state == "unconfirmed":
        outbox.mark_sent(row)
    clock.advance(200)
    outbox.sweep()
    if reloaded(row).state == State.UNCONFIRMED:
        outbox.mark_sent(reloaded(row))
    assert retention.erase(NUMBER).is_complete
    assert traces(*TRACES) == []


def test_a_message_that_a_late_answer_may_requeue_is_kept_until_then(clock):
    row = message(TEXT)
    job = claim_one()
    clock.advance(31)
    outbox.sweep()
    outbox.cancel(reloaded(row))
    outbox.give_up(reloaded(row))
    assert retention.erase(NUMBER).left["under_way"] == [row.pk]
    clock.advance(150)
    assert retention.erase(NUMBER).is_complete
    record_answer(job, accepted())
    assert reloaded(row).text == ""


def test_an_equal_message_in_the_window_still_waits_for_an_erased_one(clock):
    sent()
    retention.erase(NUMBER)
    twin = message(TEXT)
    assert claim_due() == []
    assert reloaded(twin).waits_for == "twin"
    clock.advance(151)
    tasks.purge()
    assert [job.message_id for job in claim_due()] == [twin.pk]


def test_the_digest_of_an_erased_message_is_deleted_by_the_next_purge(clock):
    row = sent()
    retention.erase(NUMBER)
    assert row.send_attempts.get().twin_key
    clock.advance(151)
    tasks.purge()
    assert not row.send_attempts.get().twin_key


def test_an_unprocessed_inbound_message_is_kept_and_listed(clock):
    by_post(sms())
    receipt = retention.erase(NUMBER)
    assert receipt.left["inbound"] == [InboundMessage.objects.get().pk]
    tasks.deliver_events()
    assert retention.erase(NUMBER).is_complete
    assert traces("99999999", "Test 123") == []


def test_a_message_is_kept_while_the_storage_does_not_delete_its_file(clock, settings, media):
    settings.STORAGES = UNWILLING
    row = receive(sms(text=TEXT, files=[file(JPEG)]))
    receipt = retention.erase(NUMBER)
    assert (receipt.erased["files"], receipt.left["inbound"]) == (0, [row.pk])
    assert Event.objects.filter(subject=f"in:{row.pk}").exists()
    settings.STORAGES = WILLING
    assert retention.erase(NUMBER).is_complete
    assert files_in(media) == []
    assert traces(*TRACES) == []


def test_the_error_of_a_receiver_is_deleted_although_it_is_called_again(clock):
    row = sent()
    Event.objects.filter(subject=f"out:{row.pk}").update(traceback=f"ValueError: {TEXT}")
    retention.erase(NUMBER)
    assert Event.objects.filter(subject=f"out:{row.pk}").exists()
    assert traces(*TRACES) == []


def test_receivers_get_the_cancellation_without_erased_content(clock):
    row = message(TEXT)
    inbound = receive(sms())
    EventFactory(kind="message_received", subject=f"in:{inbound.pk}", next_at=timezone.now())
    retention.erase(NUMBER)
    assert [(event.subject, event.data["new"]) for event in Event.objects.filter(next_at__isnull=False)] == [
        (f"out:{row.pk}", "cancelled")
    ]


def test_a_redelivery_of_an_erased_message_is_recognised(clock):
    receive(sms(id=7, counter=7))
    retention.erase(NUMBER)
    by_post(sms(id=7, counter=7))
    assert InboundMessage.objects.get().text == ""


def test_the_idempotency_key_of_an_erased_message_sends_nothing_again(clock):
    row = sent(idempotency_key="reminder 42")
    retention.erase(NUMBER)
    assert send_sms(NUMBER, TEXT, idempotency_key="reminder 42").pk == row.pk


def test_the_text_of_a_bulk_send_is_deleted_with_its_last_message(clock):
    bulk = send_bulk_sms([NUMBER, OTHER], TEXT)
    assert retention.erase(NUMBER).erased["bulk_texts"] == 0
    assert BulkSend.objects.get(pk=bulk.pk).text == TEXT
    assert retention.erase(OTHER).erased["bulk_texts"] == 1
    assert traces("Hemmelig") == []


def test_messages_sent_to_the_recipient_override_are_erased_too(clock, settings):
    configure(settings, RECIPIENT_OVERRIDE=OTHER)
    row = sent()
    assert retention.erase(OTHER).is_complete
    assert traces("41000000") == []
    assert reloaded(row).text == ""


def test_messages_to_others_are_not_cancelled_for_the_recipient_override(clock, settings):
    configure(settings, RECIPIENT_OVERRIDE=OTHER)
    row = message(TEXT)
    attempt(not_sent())
    receipt = retention.erase(OTHER)
    assert (receipt.cancelled, receipt.left["under_way"]) == (0, [row.pk])
    assert reloaded(row).state == State.QUEUED


def test_a_sender_without_a_number_can_be_erased_too(clock):
    receive(sms(**{"from": "Telenor"}, text=TEXT))
    assert retention.erase("Telenor").erased["inbound"] == 1
    assert traces("Telenor", TEXT) == []


def test_an_unknown_number_erases_nothing(clock):
    sent()
    receipt = retention.erase(OTHER)
    assert set(receipt.erased.values()) == {0}
    assert receipt.is_complete


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


def test_many_messages_are_erased_in_batches(clock, monkeypatch):
    monkeypatch.setattr(anonymize, "BATCH", 2)
    for number in range(5):
        sent(f"{TEXT} {number}")
        receive(sms(id=1000 + number, text=f"{TEXT} {number}"))
    with CaptureQueriesContext(connection) as queries:
        receipt = retention.erase(NUMBER)
    assert (receipt.erased["outbound"], receipt.erased["inbound"], receipt.is_complete) == (5, 5, True)
    lists = re.findall(r"(?:id|subject)[\"`] IN \(([^()]*)\)", " ".join(query["sql"] for query in queries))
    assert lists
    assert max(len(values.split(", ")) for values in lists) <= 2


def test_progress_is_reported_after_each_batch(clock, monkeypatch):
    monkeypatch.setattr(anonymize, "BATCH", 2)
    for number in range(5):
        message(f"{number}")
    OutboundMessage.objects.update(state=State.EXPIRED, next_at=None)
    steps: list[tuple[int, int]] = []
    retention.erase(NUMBER, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(2, 5), (4, 5), (5, 5)]


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
