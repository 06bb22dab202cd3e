"""Content that a database refuses is distinguished from a database that is unavailable."""

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection

from django_front_sms.db import content
from django_front_sms.models import InboundMessage
from tests.factories import InboundMessageFactory


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (DataError("value too long"), True),
        (OperationalError(1366, "Incorrect string value"), True),
        (OperationalError(1153, "Got a packet bigger than 'max_allowed_packet' bytes"), True),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), True),
        (OverflowError("Python int too large to convert to SQLite INTEGER"), True),
        (OperationalError(2006, "MySQL server has gone away"), False),
        (OperationalError("database is locked"), False),
        (IntegrityError(1062, "Duplicate entry"), False),
        (RuntimeError("1366"), False),
    ],
)
def test_refused_content_is_recognised_by_its_error(error, refused):
    assert content.is_refused_content(error) is refused


def test_characters_of_three_bytes_are_kept_and_longer_ones_are_replaced_by_a_mark():
    assert content.basic_plane("Hei 😀 på\0 deg \ud83d €") == "Hei \ufffd på\ufffd deg \ufffd €"


def test_every_character_set_takes_ascii():
    assert content.ascii_only("Hei 😀 på\0 \ud83d") == "Hei ? p?? ?"


@pytest.mark.mysql
@pytest.mark.django_db(transaction=True)
def test_a_column_of_three_bytes_refuses_an_emoji_and_takes_the_simpler_form():
    table = InboundMessage._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} MODIFY text longtext CHARACTER SET utf8mb3 NOT NULL")
    try:
        with pytest.raises(Exception) as caught:
            InboundMessageFactory(text="Hei 😀")
        assert content.is_refused_content(caught.value)
        InboundMessageFactory(text=content.basic_plane("Hei 😀"))
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} MODIFY text longtext CHARACTER SET utf8mb4 NOT NULL")
