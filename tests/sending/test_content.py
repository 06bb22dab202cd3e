"""Messages that cannot be stored, or would never be sent, are refused before anything is written."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from django_front_sms import send_bulk_sms, send_many_sms, send_sms
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import BulkSend, OutboundMessage
from tests.isolation import isolate

NUMBER = "+4799999999"


def deep(levels: int) -> Any:
    return {"a": deep(levels - 1)} if levels > 1 else {}


class Unknown:
    pass


class TestMetadata:
    @pytest.mark.parametrize(
        "metadata",
        [
            {"a": "NUL \0"},
            {"NUL \0": 1},
            {"a": float("nan")},
            {"a": [float("inf")]},
            {"a": "half \ud83d"},
            {"half \udc00": 1},
            {1: "a"},
            {"a": 2**63},
            {"a": -(2**63) - 1},
            {"a": Unknown()},
            {"a": timezone.now()},
            {"a": (1, {"b": b"bytes"})},
            deep(11),
        ],
    )
    @pytest.mark.django_db
    def test_a_value_that_some_database_refuses_is_refused_on_all(self, metadata):
        for send in (send_sms, lambda to, text, **options: send_bulk_sms([to], text, **options)):
            with pytest.raises(InvalidMessage) as caught:
                send(NUMBER, "Hei", metadata=metadata)
            assert caught.value.code == "invalid_metadata"
        assert not OutboundMessage.objects.exists()

    @pytest.mark.parametrize(
        "metadata",
        [
            None,
            {},
            {"order": 7, "big": 2**63 - 1, "small": -(2**63), "price": 1.5, "ok": True, "none": None, "é😀": ["a", {}]},
            deep(10),
        ],
    )
    @pytest.mark.django_db
    def test_all_other_values_are_stored_unchanged(self, metadata):
        message = send_sms(NUMBER, "Hei", metadata=metadata)
        message.refresh_from_db()
        assert message.metadata == (metadata or {})


class TestExpiry:
    @pytest.mark.django_db
    def test_a_message_that_would_expire_before_it_is_sent_is_refused(self):
        now = timezone.now()
        past = {"expires_at": now - timedelta(seconds=1)}
        too_early = {"scheduled_at": now + timedelta(hours=2), "expires_at": now + timedelta(hours=1)}
        for times in (past, too_early):
            with pytest.raises(InvalidMessage) as caught:
                send_sms(NUMBER, "Hei", **times)
            assert (caught.value.code, caught.value.index) == ("invalid_expiry", None)
            with pytest.raises(InvalidMessage) as caught:
                send_many_sms([{"to": NUMBER, "text": "1"}, {"to": NUMBER, "text": "2", **times}])
            assert (caught.value.code, caught.value.index) == ("invalid_expiry", 1)
        assert not OutboundMessage.objects.exists()

    @pytest.mark.django_db
    def test_a_repeated_key_gives_its_row_after_the_time_has_passed(self, clock):
        expires = timezone.now() + timedelta(seconds=30)
        first = send_sms(NUMBER, "Hei", expires_at=expires, idempotency_key="a")
        again = timezone.now() - timedelta(seconds=1)
        assert send_sms(NUMBER, "Hei", expires_at=again, idempotency_key="a") == first


@pytest.mark.django_db(transaction=True)
class TestTheDatabase:
    @pytest.fixture
    def three_bytes(self, db: None) -> Any:
        """Text columns as they are on sites that are not utf8mb4."""
        tables = [model._meta.db_table for model in (OutboundMessage, BulkSend)]
        alter = "ALTER TABLE {} MODIFY text longtext CHARACTER SET {} NOT NULL"
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(alter.format(table, "utf8mb3"))
            yield
            for table in tables:
                cursor.execute(alter.format(table, "utf8mb4"))

    @pytest.mark.mysql
    def test_an_emoji_in_a_column_of_three_bytes_is_an_invalid_message(self, three_bytes):
        calls = (
            lambda: send_sms(NUMBER, "Hei 😀"),
            lambda: send_many_sms([{"to": NUMBER, "text": "Hei 😀"}] * 2),
            lambda: send_bulk_sms([NUMBER], "Hei 😀"),
        )
        for call in calls:
            with pytest.raises(InvalidMessage) as caught:
                call()
            assert caught.value.code == "unstorable"
            assert "😀" not in str(caught.value)
            assert caught.value.__suppress_context__
        assert not OutboundMessage.objects.exists()
        assert send_sms(NUMBER, "Hei på deg").pk

    @pytest.mark.mysql
    @pytest.mark.postgresql
    @pytest.mark.parametrize("isolation", ["repeatable", "snapshot"])
    @pytest.mark.parametrize("bulk", [False, True])
    def test_a_key_that_another_process_stores_during_the_callers_transaction_gives_its_row(self, bulk, isolation):
        def send() -> Any:
            if bulk:
                return send_bulk_sms([NUMBER], "Hei", idempotency_key="a")
            return send_sms(NUMBER, "Hei", idempotency_key="a")

        def elsewhere() -> None:
            rows.append(send())
            connection.close()

        rows: list[Any] = []
        try:
            isolate(isolation)
            with transaction.atomic():
                mine = send_sms(NUMBER, "Hallo")
                assert OutboundMessage.objects.count() == 1  # from here on, it reads what there was now
                thread = threading.Thread(target=elsewhere)
                thread.start()
                thread.join(30)
                assert send() == rows[0]
                assert send_sms(NUMBER, "Hei igjen").pk  # the transaction goes on
            assert OutboundMessage.objects.filter(pk=mine.pk).exists()
        finally:
            connection.close()
