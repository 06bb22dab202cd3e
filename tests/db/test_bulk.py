"""Writing many rows at once stores the given values on each database."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from django_front_sms.db.bulk import insert_rows, update_rows
from django_front_sms.models import Event, OutboundMessage, SendAttempt
from tests.outbox.rows import message

pytestmark = pytest.mark.django_db

AT = datetime(2026, 10, 25, 1, 30, 0, 123456, tzinfo=UTC)  # within the hour that comes twice in Oslo
TEXT = "æøå € 😀 \"'\\ {},% %s null"


def rows(count: int) -> list[OutboundMessage]:
    return [
        OutboundMessage(
            account="default",
            recipient=f"+479999{n:04}",
            sender="x",
            text=f"{TEXT} {n}",
            next_at=AT + timedelta(microseconds=n),
            price=None if n % 2 else 100,
            metadata={"n": n, "text": TEXT, "deep": [None, {"a": 1.5}]},
            unicode=bool(n % 2),
        )
        for n in range(count)
    ]


def values(row: OutboundMessage) -> dict:
    return {field.attname: getattr(row, field.attname) for field in OutboundMessage._meta.concrete_fields}


@pytest.mark.parametrize("count", [1, 2, 30])
def test_inserted_rows_have_the_given_values(count: int):
    asked = rows(count)
    wanted = [{**values(row), "id": None} for row in asked]
    insert_rows(asked)
    kept = OutboundMessage.objects.order_by("recipient")
    assert [{**values(row), "id": None} for row in kept] == wanted


def test_values_that_are_equal_in_python_stay_different_in_json():
    asked = rows(3)
    for row, value in zip(asked, (1, True, 1.0), strict=True):
        row.metadata = {"deep": [value]}
    insert_rows(asked)
    kept = OutboundMessage.objects.order_by("recipient").values_list("metadata", flat=True)
    assert [repr(metadata["deep"]) for metadata in kept] == ["[1]", "[True]", "[1.0]"]


@pytest.mark.parametrize("count", [1, 2])
def test_values_that_are_not_json_are_refused_on_each_database(count: int):
    asked = rows(count)
    for row in asked:
        row.metadata = {"n": row.recipient, "at": AT}
    with pytest.raises(TypeError, match="not JSON serializable"):
        insert_rows(asked)


@pytest.mark.skipif("not connection.features.can_return_rows_from_bulk_insert")
def test_each_row_gets_its_own_key():
    asked = rows(50)
    insert_rows(asked)
    assert {row.pk: row.recipient for row in asked} == dict(OutboundMessage.objects.values_list("pk", "recipient"))
    assert not any(row._state.adding for row in asked)


def test_each_row_is_written_its_own_values_and_no_other_row_is_touched():
    insert_rows(rows(6))
    *some, other = OutboundMessage.objects.order_by("recipient")
    before = values(other)
    for n, row in enumerate(some):
        row.gateway_id = 2**40 + n if n else None
        row.error_text = f"{TEXT} {n}"
        row.sent_at = AT + timedelta(seconds=n)
        row.waits_for = "retry"
        row.price = 500
    update_rows(some, ("gateway_id", "error_text", "sent_at", "waits_for"))
    kept = list(OutboundMessage.objects.order_by("recipient"))
    for written, row in zip(kept, some, strict=False):
        assert {**values(written), "price": 500} == values(row)
        assert written.price != 500
    assert values(kept[-1]) == before


def test_a_row_that_refers_to_another_keeps_its_reference():
    insert_rows(rows(2))
    one, other = OutboundMessage.objects.order_by("recipient")
    one.duplicate_of = other
    update_rows([one, other], ("duplicate_of",))
    one.refresh_from_db()
    assert one.duplicate_of == other


def test_equal_and_different_json_values_are_written():
    insert_rows([Event(kind="k", subject=f"s{n}", data={"n": n}, delivered_to=["a"]) for n in range(3)])
    insert_rows([Event(kind="k", subject=f"t{n}", data={"n": TEXT}, delivered_to=[]) for n in range(3)])
    assert list(Event.objects.order_by("subject").values_list("data", "delivered_to")) == [
        *[({"n": n}, ["a"]) for n in range(3)],
        *[({"n": TEXT}, [])] * 3,
    ]


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite stores what is too long, and any number")
@pytest.mark.parametrize("wrong", [{"error_text": "x" * 301}, {"gateway_id": 2**70}])
def test_a_value_that_does_not_fit_is_refused_and_nothing_is_written(wrong: dict):
    row = message()
    other = message("other")
    for name, value in wrong.items():
        setattr(row, name, value)
    with pytest.raises(DatabaseError), transaction.atomic():
        update_rows([row, other], tuple(wrong))
    row.refresh_from_db()
    assert (row.error_text, row.gateway_id) == ("", None)


def test_no_rows_execute_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert_rows([])
        update_rows([], ("state",))


@pytest.mark.postgresql
def test_many_rows_are_one_statement(django_assert_num_queries):
    assert connection.vendor == "postgresql"
    first = message()
    with django_assert_num_queries(1):
        insert_rows([SendAttempt(message=first, number=n, token="", claimed_at=AT) for n in range(200)])
    attempts = list(SendAttempt.objects.all())
    with django_assert_num_queries(1):
        update_rows(attempts, ("outcome", "duration"))
