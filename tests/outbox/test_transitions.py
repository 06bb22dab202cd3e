"""A transition of many messages in one statement equals one transition each."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from django_front_sms.conf import get_settings
from django_front_sms.db.bulk import insert_values
from django_front_sms.events import records
from django_front_sms.models import Event, OutboundMessage
from django_front_sms.outbox.settle import AttemptResult, settle
from django_front_sms.outbox.transitions import (
    Transition,
    accept_all,
    apply,
    locked_targets,
)
from django_front_sms.states import ACCEPTED, State, may_change
from tests.factories import OutboundMessageFactory
from tests.outbox.exchange_results import accepted
from tests.outbox.rows import message
from tests.outbox.worker_steps import claim_due

pytestmark = pytest.mark.django_db

CHANGED = (
    "state", "next_at", "waits_for", "gateway_id", "error_code", "error_text", "risk_at", "lease_until", "token",
    "delivered_at", "duplicate_of", "given_up",
)  # fmt: skip
TRANSITIONS = [(old, new) for old in State for new in State if new in ACCEPTED and may_change(old, new)]


def untidy(state: str) -> OutboundMessage:
    """A message with a value in every field that a transition may clear."""
    now = timezone.now()
    return OutboundMessageFactory(
        state=state, gateway_id=145099, token="t", lease_until=now, next_at=now, waits_for="retry", risk_at=now,
        error_code=17, error_text="Duplicate", sent_at=now - timedelta(hours=1), given_up=True,
    )  # fmt: skip


@pytest.mark.parametrize(("old", "new"), TRANSITIONS)
def test_many_transitions_in_one_statement_equal_one_each(old: State, new: State):
    changes = {"delivered_at": timezone.now()} if new == State.DELIVERED else {}
    rows = [untidy(old) for _ in range(3)]
    event_values = accept_all([row.pk for row in rows[1:]], old, new, **changes)
    insert_values(Event, records.FIELDS, event_values, next_at=records.due_at_once())
    apply([Transition(rows[0], new, changes)], are_locked=True)
    stand = list(OutboundMessage.objects.order_by("pk").values(*CHANGED))
    assert stand[1:] == [stand[0] | {}] * 2
    assert stand[0]["state"] == new and stand[0]["token"] == ""
    for row in rows:
        (event,) = Event.objects.filter(subject=f"out:{row.pk}")
        assert (event.kind, event.data) == ("state_changed", {"message": row.pk, "old": old, "new": new})


@pytest.mark.parametrize(("old", "new"), [("delivered", "sent"), ("rejected", "delivered"), ("sent", "rejected")])
def test_a_transition_that_the_table_lacks_is_not_made(old: str, new: str):
    row = untidy(old)
    with pytest.raises(ValueError, match="cannot change"):
        accept_all([row.pk], State(old), State(new))
    row.refresh_from_db()
    assert (row.state, row.token) == (old, "t")


def test_an_empty_list_of_transitions_does_nothing():
    assert locked_targets([]) == []
    assert accept_all([], State.SENT, State.DELIVERED) == []
    insert_values(Event, records.FIELDS, [])


def test_events_of_many_messages_equal_those_of_one():
    one = records.state_changed(7, "sent", "delivered")
    one.save()
    insert_values(Event, records.FIELDS, records.states_changed([7, 8], "sent", "delivered"), next_at=one.next_at)
    rows = list(Event.objects.order_by("pk"))
    assert len({row.event_id for row in rows}) == 3 and {len(row.event_id) for row in rows} == {32}
    assert [row.subject for row in rows] == ["out:7", "out:7", "out:8"]
    for row in rows:
        assert (row.attempts, row.delivered_to, row.failed, row.traceback, row.next_at) == (
            0,
            [],
            False,
            "",
            one.next_at,
        )
        assert abs(row.created_at - one.created_at) < timedelta(minutes=1)


@pytest.mark.postgresql
@pytest.mark.sqlite
@pytest.mark.parametrize("field", ["bulk", "reply_to", "duplicate_of", "created_by"])
def test_filters_on_rare_columns_use_an_index(field: str):
    if connection.vendor == "postgresql":  # which reads a table of a few rows whole, if it may
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    for wanted in ({field: 7}, {f"{field}__in": [7, 8]}):
        assert f"front_sms_out_{field}" in OutboundMessage.objects.filter(**wanted).explain()


@pytest.mark.postgresql
def test_an_outcome_is_written_to_the_page_that_has_its_attempt():
    """Otherwise each outcome would cost an entry in every index."""

    def pages() -> dict[int, int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, (ctid::text::point)[0]::int FROM front_sms_sendattempt")
            return dict(cursor.fetchall())

    for number in range(100):
        message(f"Test {number}")
    jobs = claim_due(100)
    before = pages()
    settle([AttemptResult(job, accepted(job.message_id), 0.1) for job in jobs], get_settings())
    assert len(before) == 100
    assert len(set(before.values())) > 1
    moved = [pk for pk, page in pages().items() if page != before[pk]]
    assert len(moved) < 10
