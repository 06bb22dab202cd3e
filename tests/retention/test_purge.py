"""`purge`: personal data of old rows is deleted; open, unconfirmed and recent rows are unchanged."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_front_sms import outbox, retention, send_bulk_sms, send_sms, tasks
from django_front_sms.conversations import mark_handled
from django_front_sms.exceptions import NotPossible
from django_front_sms.inbox import read_again
from django_front_sms.models import (
    BulkSend,
    DeliveryStatus,
    InboundMessage,
    MmsFile,
    OptOut,
    OutboundMessage,
    SendAttempt,
)
from django_front_sms.states import State
from tests.commands.running import read, run
from tests.configuration import configure
from tests.factories import NUMBER, DeliveryStatusFactory, EventFactory, OptOutFactory
from tests.outbox.exchange_results import accepted, unclear
from tests.outbox.rows import message, reloaded
from tests.outbox.worker_steps import attempt, claim_due, claim_one, record_answer
from tests.retention.personal_data import TEXT, receive
from tests.retention.storages import UNWILLING, WILLING
from tests.retention.traces import digests, files_in, traces
from tests.webhooks.pushes import JPEG, QUERY, by_get, by_post, file, sms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]

NEEDLES = ("99999999", "Hemmelig", "image01")


@pytest.fixture(autouse=True)
def _month(settings):
    configure(settings, RETENTION_DAYS=30)


def delivered(**options) -> OutboundMessage:
    row = message(TEXT, **options)
    attempt(accepted())
    by_get(b"status=4&origid=145099", "status")
    tasks.deliver_events()
    return reloaded(row)


def test_a_month_later_no_table_and_no_storage_tells_of_anybody(clock, media):
    delivered(metadata={"patient": f"Kari {NUMBER}"}, idempotency_key=f"reminder {NUMBER}")
    send_bulk_sms([NUMBER, "+4741000000"], f"{TEXT} til alle", metadata={"list": "Hemmelig"})
    for job in claim_due():
        record_answer(job, accepted(None))
    receive(sms(id=1, text=TEXT, counter=1, files=[file(JPEG)]))
    by_get(QUERY.replace(b"Test", b"Hemmelig"))
    by_get(b"status=5&origid=7&for=004799999999", "status")
    EventFactory(
        kind="message_received", subject="in:1", traceback=f"ValueError: {TEXT}", failed=True, created_at=timezone.now()
    )
    tasks.deliver_events()
    mark_handled("default", NUMBER, by=None)
    OutboundMessage.objects.update(error_text=f"What Front said of {NUMBER}")
    SendAttempt.objects.update(detail=f"What Front said of {NUMBER}")
    assert traces(*NEEDLES)
    assert files_in(media)
    made = digests()

    clock.advance(31 * 24 * 3600)
    tasks.deliver_events()
    counts = tasks.purge()
    assert traces(*NEEDLES, "41000000", *made) == []
    assert files_in(media) == []
    assert counts["outbound"] == 3
    assert counts["inbound"] == 2
    assert counts["files"] == 1
    assert counts["bulk_sends"] == 1
    assert counts["handled"] == 1
    assert tasks.purge() == dict.fromkeys(counts, 0)


def test_columns_needed_for_statistics_are_kept(clock):
    row = delivered(price=None)
    kept = ("account", "sender", "state", "segments", "gateway_id", "created_at", "sent_at", "delivered_at", "attempts")
    before = [getattr(row, name) for name in kept]
    first = SendAttempt.objects.get()
    clock.advance(31 * 24 * 3600)
    tasks.purge()
    row = reloaded(row)
    assert [getattr(row, name) for name in kept] == before
    assert (row.recipient, row.text) == ("", "")
    last = SendAttempt.objects.get()
    assert (last.duration, last.http_status, last.error_code) == (first.duration, first.http_status, first.error_code)
    assert last.twin_key == last.wire_digest == last.wire_recipient == ""
    assert [status.status for status in row.statuses.all()] == [4]


def test_younger_rows_are_unchanged(clock):
    row = delivered()
    inbound = receive(sms(files=[file(JPEG)]))
    clock.advance(29 * 24 * 3600)
    assert set(tasks.purge().values()) == {0}
    assert reloaded(row).text == TEXT
    inbound.refresh_from_db()
    assert inbound.text == "Test 123"
    assert inbound.files.get().file


def test_a_message_is_as_old_as_its_last_attempt(clock):
    row = message(TEXT)
    clock.advance(21 * 24 * 3600)  # its account was paused, say
    attempt(accepted())
    clock.advance(15 * 24 * 3600)
    assert tasks.purge()["outbound"] == 0
    assert reloaded(row).text == TEXT
    clock.advance(16 * 24 * 3600)
    assert tasks.purge()["outbound"] == 0  # the event that tells of it was never handed over
    tasks.deliver_events()
    assert tasks.purge()["outbound"] == 1


def test_a_message_is_no_older_than_the_time_that_it_was_meant_for(clock):
    row = message(TEXT, scheduled_at=clock.database() + timedelta(days=20))
    outbox.cancel(row)
    tasks.deliver_events()
    clock.advance(31 * 24 * 3600)
    assert tasks.purge()["outbound"] == 0
    clock.advance(20 * 24 * 3600)
    assert tasks.purge()["outbound"] == 1


@pytest.mark.parametrize("state", ["queued", "sending", "unconfirmed"])
def test_open_messages_are_kept_at_any_age(clock, settings, state):
    row = message(TEXT)
    if state == "sending":
        claim_one()
    if state == "unconfirmed":
        attempt(unclear())
        clock.advance(200)
        outbox.sweep()
    assert reloaded(row).state == state
    clock.advance(31 * 24 * 3600)
    assert tasks.purge()["outbound"] == 0
    assert reloaded(row).text == TEXT


def test_given_up_messages_are_purged_and_never_sent_again(clock):
    row = message(TEXT)
    attempt(unclear())
    clock.advance(200)
    outbox.sweep()
    outbox.give_up(reloaded(row))
    clock.advance(31 * 24 * 3600)
    tasks.deliver_events()
    assert tasks.purge()["outbound"] == 1
    with pytest.raises(NotPossible, match="erased"):
        outbox.send_anyway(reloaded(row))
    assert claim_due() == []


def test_rows_of_undelivered_events_are_kept(clock):
    row = delivered()
    inbound = receive(sms(files=[file(JPEG)]))
    for subject in (f"out:{row.pk}", f"in:{inbound.pk}"):
        EventFactory(subject=subject, next_at=timezone.now() + timedelta(days=99))
    clock.advance(31 * 24 * 3600)
    counts = tasks.purge()
    assert (counts["outbound"], counts["inbound"], counts["files"]) == (0, 0, 0)
    inbound.refresh_from_db()
    assert inbound.text == "Test 123"


def test_a_text_of_a_bulk_send_stays_while_one_of_its_messages_does(clock):
    bulk = send_bulk_sms([NUMBER, "+4741000000"], TEXT)
    OutboundMessage.objects.filter(recipient=NUMBER).update(state=State.CANCELLED, next_at=None)
    clock.advance(31 * 24 * 3600)
    assert tasks.purge()["bulk_sends"] == 0
    assert BulkSend.objects.get(pk=bulk.pk).text == TEXT


def test_opt_outs_stay(clock):
    OptOutFactory(number=NUMBER)
    clock.advance(31 * 24 * 3600)
    tasks.purge()
    assert OptOut.objects.get().number == NUMBER


def test_a_redelivery_of_a_purged_message_is_recognised(clock):
    receive(sms(id=7, counter=7))
    clock.advance(31 * 24 * 3600)
    tasks.purge()
    by_post(sms(id=7, counter=7))
    assert InboundMessage.objects.get().text == ""
    assert DeliveryStatus.objects.count() == 0


def test_an_identity_that_is_made_of_numbers_goes_too(clock):
    by_get(QUERY)
    tasks.deliver_events()
    before = InboundMessage.objects.get().identity
    clock.advance(31 * 24 * 3600)
    tasks.purge()
    after = InboundMessage.objects.get()
    assert after.identity != before
    assert after.content_digest == ""


def test_an_idempotency_key_goes_on_to_send_once(clock):
    first = delivered(idempotency_key="reminder 42")
    clock.advance(31 * 24 * 3600)
    tasks.purge()
    assert send_sms(NUMBER, TEXT, idempotency_key="reminder 42").pk == first.pk
    assert OutboundMessage.objects.count() == 1


def test_purged_messages_can_neither_be_resent_nor_reread(clock):
    row = delivered()
    inbound = receive(sms(sent="never"))
    assert inbound.problem
    clock.advance(31 * 24 * 3600)
    tasks.purge()
    with pytest.raises(NotPossible, match="erased"):
        reloaded(row).resend()
    with pytest.raises(NotPossible, match="erased"):
        read_again(InboundMessage.objects.get())


def test_a_file_that_two_messages_share_goes_with_the_last(clock, media):
    receive(sms(id=1, counter=1, files=[file(JPEG)]))
    clock.advance(20 * 24 * 3600)
    late = receive(sms(id=2, counter=2, files=[file(JPEG)]))
    InboundMessage.objects.filter(pk=late.pk).update(received_at=clock.database())
    clock.advance(11 * 24 * 3600)
    assert tasks.purge()["files"] == 1
    assert len(files_in(media)) == 1
    clock.advance(20 * 24 * 3600)
    assert tasks.purge()["files"] == 1
    assert files_in(media) == []


def test_a_file_that_the_storage_does_not_delete_is_retried(clock, settings, caplog):
    settings.STORAGES = UNWILLING
    receive(sms(files=[file(JPEG)]))
    clock.advance(31 * 24 * 3600)
    assert tasks.purge()["files"] == 0
    assert MmsFile.objects.get().file
    assert "will try again" in caplog.text
    assert "image01" not in caplog.text
    settings.STORAGES = WILLING
    assert tasks.purge()["files"] == 1


def test_without_a_number_of_days_everything_is_kept(clock, settings):
    configure(settings, RETENTION_DAYS=None)
    row = delivered()
    clock.advance(10 * 365 * 24 * 3600)
    assert tasks.purge() == {}
    assert reloaded(row).text == TEXT
    assert "RETENTION_DAYS is not set" in run("purge")[1]
    assert read("purge") == {"before": None, "dry_run": False, "counts": {}}


def test_a_dry_run_counts_and_changes_nothing(clock):
    row = delivered()
    receive(sms(files=[file(JPEG)]))
    clock.advance(31 * 24 * 3600)
    wanted = read("purge", "--dry-run")
    assert wanted["dry_run"]
    assert wanted["counts"]["outbound"] == wanted["counts"]["inbound"] == wanted["counts"]["files"] == 1
    assert reloaded(row).text == TEXT
    done = read("purge")
    assert (done["counts"], done["dry_run"]) == (wanted["counts"], False)
    assert reloaded(row).text == ""


def test_rows_are_purged_in_batches_and_progress_is_reported(clock, monkeypatch):
    monkeypatch.setattr(retention.anonymize, "BATCH", 2)
    for number in range(5):
        message(f"{number}", to=f"+474100000{number}")
    OutboundMessage.objects.update(state=State.EXPIRED, next_at=None)
    clock.advance(31 * 24 * 3600)
    steps: list[tuple[str, int]] = []
    retention.purge(progress=lambda kind, count: steps.append((kind, count)))
    assert steps == [("outbound", 2), ("outbound", 2), ("outbound", 1)]


def test_a_terminal_shows_a_progress_bar(clock, monkeypatch, capsys):
    delivered()
    clock.advance(31 * 24 * 3600)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    code, text = run("purge")
    assert code == 0
    assert "outgoing messages            1" in text
    assert "Purging" in capsys.readouterr().err


@pytest.mark.parametrize(("days", "left"), [(29, 1), (31, 0)])
def test_a_status_that_matches_no_message_goes_after_a_month_without_retention_days(days, left):
    moment = timezone.now() - timedelta(days=days)
    DeliveryStatusFactory(message=None, received_at=moment)
    tasks.purge()
    assert DeliveryStatus.objects.count() == left
