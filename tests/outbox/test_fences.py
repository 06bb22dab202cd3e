"""A row that changes between reading and writing is not overwritten."""

import importlib
from collections.abc import Callable

import pytest
from django.db import transaction

from django_front_sms.conf import get_settings
from django_front_sms.db.bulk import update_rows
from django_front_sms.db.transactions import short_transaction
from django_front_sms.models import Decision, Event, OutboundMessage, SendAttempt
from django_front_sms.outbox import claim as claiming
from django_front_sms.outbox import decisions, sweep
from django_front_sms.outbox.transitions import Transition, apply
from django_front_sms.states import State
from tests.clock import FakeClock
from tests.configuration import configure
from tests.outbox.exchange_results import accepted, not_sent, unclear
from tests.outbox.rows import message, reloaded
from tests.outbox.worker_steps import attempt, claim_due, claim_one, record_answer, slot

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change rows after a claim has read them, and before it marks them."""

    def meanwhile(**changes) -> None:
        real = claiming._mark_claimed

        def take_after(*args):
            OutboundMessage.objects.update(**changes)
            return real(*args)

        monkeypatch.setattr(claiming, "_mark_claimed", take_after)

    return meanwhile


@pytest.mark.parametrize("state", ["sent", "cancelled", "unconfirmed", "rejected"])
def test_a_row_that_changed_since_it_was_read_is_not_claimed(meanwhile: Callable[..., None], state: str):
    row = message()
    meanwhile(state=state)
    assert claim_due() == []
    assert (reloaded(row).state, reloaded(row).attempts) == (state, 0)
    assert not SendAttempt.objects.exists()


def test_a_row_that_was_postponed_since_it_was_read_is_not_claimed(meanwhile: Callable[..., None], clock: FakeClock):
    row = message()
    meanwhile(next_at=clock.database().replace(year=2100))
    assert claim_due() == []
    assert reloaded(row).state == "queued"


def test_only_changed_rows_are_left_out_of_a_claim(monkeypatch: pytest.MonkeyPatch):
    rows = [message(f"number {n}") for n in range(3)]
    real = claiming._mark_claimed

    def take_after(*args):
        OutboundMessage.objects.filter(pk=rows[1].pk).update(state="cancelled")
        return real(*args)

    monkeypatch.setattr(claiming, "_mark_claimed", take_after)
    assert {job.message_id for job in claim_due()} == {rows[0].pk, rows[2].pk}


def test_a_claim_that_is_not_read_back_after_the_commit_is_not_sent(monkeypatch: pytest.MonkeyPatch):
    """After the commit, the sweep of another worker has rescued the message already."""
    rows = [message(f"number {n}") for n in range(2)]
    real = claiming._claim_due

    def claim_and_lose_one(*args):
        claimed = real(*args)
        OutboundMessage.objects.filter(pk=rows[0].pk).update(token="")
        return claimed

    monkeypatch.setattr(claiming, "_claim_due", claim_and_lose_one)
    assert [job.message_id for job in claiming.claim(slot(), 9, get_settings()).jobs] == [rows[1].pk]


def test_a_transition_is_applied_only_to_the_row_as_it_was_read():
    row = message()
    OutboundMessage.objects.filter(pk=row.pk).update(state="cancelled")
    assert apply([Transition(row, State.EXPIRED)]) == []
    assert reloaded(row).state == "cancelled"
    assert not Event.objects.exists()


def test_a_transition_is_not_applied_to_a_row_that_was_claimed_again():
    read = message()
    claim_one()
    read.state = "sending"
    read.token = "another"
    assert apply([Transition(read, State.UNCONFIRMED)]) == []
    assert reloaded(read).state == "sending"


def test_an_invalid_transition_is_refused_and_logged(caplog: pytest.LogCaptureFixture):
    message()
    row = attempt(accepted())
    assert apply([Transition(row, State.REJECTED)]) == []
    assert reloaded(row).state == "sent"
    assert "could not change from sent to rejected" in caplog.text


def test_the_event_of_a_transition_is_written_in_its_transaction_after_the_update():
    row = message()
    apply([Transition(row, State.CANCELLED)])
    assert reloaded(row).state == "cancelled"
    event = Event.objects.get()
    assert (event.kind, event.subject, event.data) == (
        "state_changed",
        f"out:{row.pk}",
        {"message": row.pk, "old": "queued", "new": "cancelled"},
    )


def test_a_late_answer_during_the_sweep_of_unconfirmed_messages_does_not_stop_the_sweep(
    settings, monkeypatch: pytest.MonkeyPatch
):
    """`ON_UNCONFIRMED = "resend"`: one of them is settled between the query and the decision."""
    configure(settings, DUPLICATE_FILTER=None)
    first, second = message("first"), message("second")
    jobs = {job.message_id: job for job in claim_due()}
    for job in jobs.values():
        record_answer(job, unclear())
    configure(settings, ON_UNCONFIRMED="resend")

    def settled_meanwhile(row: OutboundMessage) -> State:
        OutboundMessage.objects.filter(pk=first.pk).update(state="sent")
        return decisions.send_anyway(row)

    module = importlib.import_module("django_front_sms.outbox.sweep")  # its name is also the function's
    monkeypatch.setattr(module, "send_anyway", settled_meanwhile)
    sweep()
    assert (reloaded(first).state, reloaded(second).state) == ("sent", "queued")
    assert Decision.objects.count() == 1


def test_a_short_transaction_is_never_nested():
    """Messages must be committed before they are sent. (In the tests' own transaction one level is allowed.)"""

    @short_transaction
    def nothing() -> None: ...

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        nothing()


def test_rows_are_written_in_one_batch_with_every_kind_of_value(clock: FakeClock):
    rows = [message(f"number {n}") for n in range(3)]
    for number, row in enumerate(rows):
        row.gateway_id, row.sent_at, row.error_text, row.given_up = 2**60 + number, clock.database(), "æøå 🎄", True
    update_rows(rows, ("gateway_id", "sent_at", "error_text", "given_up", "duplicate_of"))
    for number, row in enumerate(map(reloaded, rows)):
        assert (row.gateway_id, row.sent_at, row.error_text, row.given_up) == (
            2**60 + number,
            clock.database(),
            "æøå 🎄",
            True,
        )


def test_a_late_not_sent_result_does_not_change_a_final_state():
    row = message()
    job = claim_one()
    OutboundMessage.objects.filter(pk=row.pk).update(state="delivered", gateway_id=5)
    assert record_answer(job, not_sent()).state == "delivered"
