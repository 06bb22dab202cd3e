"""Content that a database refuses is stored in a simpler form, with its body whole, and acknowledged."""

import contextlib
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import DataError, connection

from django_front_sms import inbox
from django_front_sms.conversations import threads
from django_front_sms.inbox import insert
from django_front_sms.models import DeliveryStatus, InboundMessage, MmsFile
from tests.webhooks.pushes import JPEG, by_post, file, sms

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hints")]

TEXT = "Blåbær 😀 и 漢"
TABLES = ("front_sms_inboundmessage", "front_sms_mmsfile")


@contextlib.contextmanager
def tables_in(charset: str) -> Iterator[None]:
    """The tables of inbound messages in another character set of MySQL."""

    def convert(to: str) -> None:
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET {to}")

    convert(charset)
    try:
        yield
    finally:
        InboundMessage.objects.all().delete()
        convert("utf8mb4")


@contextlib.contextmanager
def database_in(encoding: str) -> Iterator[None]:
    """A database of PostgreSQL in another encoding, instead of the test's."""
    settings, own = connection.settings_dict, connection.settings_dict["NAME"]
    other = f"{own}_{encoding.lower()}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{other}"')
        cursor.execute(
            f"CREATE DATABASE \"{other}\" TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    connection.close()
    settings["NAME"] = other
    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        connection.close()
        settings["NAME"] = own
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{other}" WITH (FORCE)')


def push_everything() -> list[InboundMessage]:
    """Push, twice each, an SMS, an MMS, and an SMS whose sender is long; then process them and read them again."""
    bodies = [
        sms(id=1, text=TEXT, keyword="BLÅBÆR"),
        sms(id=2, text=TEXT, files=[file(JPEG, "image/jpeg", "bilde 😀.jpg")]),
        sms(id=3, text="æ" * 300, **{"from": "æ" * 100, "keyword": "å" * 200}),
    ]
    for body in bodies * 2:
        assert (by_post(body).status_code, by_post(body).content) == (200, b"true")
    assert inbox.process() == 3
    messages = list(InboundMessage.objects.order_by("pk"))
    assert [bytes(message.raw) for message in messages if message.gateway_id != 2] == [bodies[0], bodies[2]]
    assert MmsFile.objects.get().file.read() == JPEG
    for message in messages:
        if message.problem:
            assert inbox.read_again(message).problem == message.problem
    return messages


@pytest.mark.mysql
@pytest.mark.parametrize(("charset", "text"), [("utf8mb3", "Blåbær \ufffd и 漢"), ("latin1", "Blåbær ? ? ?")])
def test_a_table_that_holds_less_than_unicode_takes_a_simpler_text(charset, text):
    with tables_in(charset):
        short, mms, long = push_everything()
        assert (short.text, mms.text) == (text, text)
        assert short.problem == mms.problem == "the database cannot store some characters"
        assert (long.text, long.sender, long.problem) == ("æ" * 300, "æ" * 100, "")
        assert MmsFile.objects.get().name in ("bilde \ufffd.jpg", "bilde ?.jpg")


@pytest.mark.postgresql
def test_a_database_in_latin_1_takes_a_simpler_text():
    with database_in("LATIN1"):
        short, mms, long = push_everything()
        assert (short.text, mms.text) == ("Blåbær ? ? ?", "Blåbær ? ? ?")
        assert short.problem == "the database cannot store some characters"
        assert (long.sender, long.problem) == ("æ" * 100, "")


@pytest.mark.postgresql
def test_a_database_without_an_encoding_keeps_every_character_and_cuts_by_bytes():
    with database_in("SQL_ASCII"):
        short, mms, long = push_everything()
        assert (short.text, short.problem, mms.text, mms.problem) == (TEXT, "", TEXT, "")
        assert MmsFile.objects.get().name == "bilde 😀.jpg"
        assert (long.text, long.sender, long.keyword) == ("æ" * 300, "æ" * 50, "å" * 100)
        assert long.problem == "the database cannot store some characters"
        assert [each.latest.text for each in threads(brief=True).rows] == ["æ" * 200, TEXT]


@pytest.fixture
def small_packets() -> Iterator[int]:
    """`max_allowed_packet` of two million bytes, for connections that are opened meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@global.max_allowed_packet")
        (before,) = cursor.fetchone()
        cursor.execute("SET GLOBAL max_allowed_packet = 2097152")
    connection.close()
    yield 2_097_152
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(f"SET GLOBAL max_allowed_packet = {int(before)}")
    connection.close()


@pytest.mark.mysql
@pytest.mark.parametrize("filler", [b"x", b"'", b"\0\x01"])
def test_a_body_longer_than_a_packet_is_stored_as_far_as_it_fits(small_packets, filler):
    body = b'{"id": 1, ' + filler * (3_000_000 // len(filler))
    assert (by_post(body).status_code, by_post(body).content) == (200, b"true")
    message = InboundMessage.objects.get()
    assert body.startswith(bytes(message.raw)) and len(message.raw) > small_packets // 4 - 100_000
    assert "could be stored (max_allowed_packet)" in message.problem


@pytest.mark.mysql
def test_a_text_and_a_status_longer_than_a_packet_are_acknowledged(small_packets):
    body = sms(text="x" * 1_900_000)
    assert by_post(body).content == b"true"
    message = InboundMessage.objects.get()
    assert message.text and "the text was cut" in message.problem
    assert by_post(b"status=4&origid=1&" + b"x" * 3_000_000, "status", "application/x-www-form-urlencoded").content
    status = DeliveryStatus.objects.get()
    assert (status.status, status.gateway_id) == (4, 1) and "could be stored" in status.problem


def test_what_no_simpler_form_helps_is_for_front_to_try_again(monkeypatch):
    def refuse(*args: object) -> None:
        raise DataError("refused")

    monkeypatch.setattr(insert, "_insert", refuse)
    assert by_post(sms(text=TEXT)).status_code == 503


def test_a_long_first_word_is_no_problem_and_a_long_keyword_of_another_kind_is():
    link = "https://example.com/" + "x" * 300
    by_post(sms(id=1, text=link, keyword=link.upper()))
    by_post(sms(id=2, text="hei", keyword="K" * 300))
    first, second = InboundMessage.objects.order_by("pk")
    assert (first.problem, len(first.keyword)) == ("", 200)
    assert second.problem == "keyword was cut to 200 characters"
