"""Content that a database refuses is stored in a simpler form, with its body whole, and acknowledged."""

import contextlib
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import DataError, connection

from django_front_sms import inbox
from django_front_sms.conversations import threads
from django_front_sms.db import content
from django_front_sms.exceptions import NotPossible
from django_front_sms.inbox import insert
from django_front_sms.models import DeliveryStatus, InboundMessage, MmsFile
from tests.inbox.storages import DOWN
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


PACKET = 2_097_152
OTHERS = 16_384  # bytes of a statement that are kept for other columns


@pytest.fixture
def small_packets() -> Iterator[None]:
    """`max_allowed_packet` of `PACKET` bytes, for connections that are opened meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@global.max_allowed_packet")
        (before,) = cursor.fetchone()
        cursor.execute(f"SET GLOBAL max_allowed_packet = {PACKET}")
    connection.close()
    yield
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(f"SET GLOBAL max_allowed_packet = {int(before)}")
    connection.close()


@pytest.mark.mysql
@pytest.mark.parametrize("filler", [b"x", b"'", b"\0\x01", "æ".encode()])
def test_a_body_longer_than_a_packet_is_stored_as_far_as_it_fits(small_packets, filler):
    body = b'{"id": 1, ' + filler * (3_000_000 // len(filler))
    assert (by_post(body).status_code, by_post(body).content) == (200, b"true")
    message = InboundMessage.objects.get()
    assert body.startswith(bytes(message.raw))
    assert 0 <= PACKET - OTHERS - content.statement_size(bytes(message.raw)) < 100
    assert f"only the first {len(message.raw)} of {len(body)} bytes could be stored" in message.problem


@pytest.mark.mysql
@pytest.mark.parametrize("beyond", [-1, 0, 1, 5_000])
def test_a_body_that_just_fits_is_stored_whole(small_packets, beyond):
    least = 2 if content.statement_size(b"xx") - content.statement_size(b"x") == 2 else 1  # in hexadecimal, or as it is
    most = (PACKET - OTHERS - content.statement_size(b"") - content.statement_size("")) // least
    body = b"x" * (most + beyond)
    assert by_post(body).content == by_post(body).content == b"true"
    message = InboundMessage.objects.get()
    assert len(message.raw) == min(most, len(body))
    assert ("could be stored" in message.problem) == (beyond > 0)


@pytest.mark.mysql
@pytest.mark.parametrize("size", [600_000, 1_000_000, 1_020_000, 1_900_000])
def test_a_text_longer_than_a_packet_is_acknowledged_and_its_beginning_is_kept(small_packets, size):
    body = sms(text="x" * size)
    assert by_post(body).content == b"true"
    message = InboundMessage.objects.get()
    assert message.sender and len(message.text) > 60_000
    fits = content.statement_size(body) + content.statement_size("x" * size) <= PACKET - OTHERS
    assert (message.text == "x" * size, message.problem == "") == (fits, fits)
    if len(message.raw) < len(body):
        with pytest.raises(NotPossible):
            inbox.read_again(message)
    elif message.problem:
        assert inbox.read_again(message).problem == message.problem


@pytest.mark.mysql
def test_an_mms_that_no_storage_takes_is_acknowledged_though_it_is_longer_than_a_packet(small_packets, settings):
    settings.STORAGES = DOWN
    body = sms(text=TEXT, files=[file(JPEG * 1500)])
    assert by_post(body).content == by_post(body).content == b"true"
    message = InboundMessage.objects.get()
    assert message.text == TEXT and "could be stored" in message.problem
    assert [(bool(part.file), part.sha256, part.name) for part in message.files.all()] == [(False, "", "image01.jpg")]
    inbox.process()
    message.refresh_from_db()
    assert message.process_at is None  # no worker tries to store what is lost


@pytest.mark.mysql
def test_a_status_longer_than_a_packet_is_acknowledged(small_packets):
    answer = by_post(b"status=4&origid=1&" + b"x" * 3_000_000, "status", "application/x-www-form-urlencoded")
    assert answer.content == b"true"
    status = DeliveryStatus.objects.get()
    assert (status.status, status.gateway_id) == (4, 1) and "could be stored" in status.problem


@pytest.mark.mysql
def test_a_large_body_comes_over_a_connection_that_the_server_has_closed(small_packets):
    with connection.cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        (own,) = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute(f"KILL {int(own)}")
    other.close()
    assert by_post(b"x" * 3_000_000).content == b"true"


def test_a_push_that_no_simpler_form_can_store_is_refused_so_that_front_retries(monkeypatch):
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
