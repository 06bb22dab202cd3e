"""Databases that lose commits, or lock too late, are found; and only those."""

import pytest
from django.core.checks import run_checks
from django.db import connection

from django_front_sms.checks import TAG, databases
from django_front_sms.db import content


def of(look, values: dict[str, str], **options: str) -> list[str]:
    return [str(message.id).removeprefix("front_sms.") for message in look(values.__getitem__, options)]


@pytest.mark.parametrize(
    ("journal", "synchronous", "mode", "expected"),
    [
        ("wal", "2", "IMMEDIATE", []),
        ("wal", "3", "exclusive", []),
        ("wal", "2", None, ["W010"]),
        ("wal", "2", "DEFERRED", ["W010"]),
        ("delete", "2", "IMMEDIATE", ["W011"]),
        ("delete", "1", "IMMEDIATE", ["W011"]),
        ("delete", "0", "IMMEDIATE", ["W011", "W012"]),
        ("wal", "1", "IMMEDIATE", ["W012"]),
        ("wal", "0", "IMMEDIATE", ["W012"]),
        ("memory", "0", "IMMEDIATE", []),
    ],
)
def test_sqlite_that_loses_commits_or_locks_late_is_found(journal, synchronous, mode, expected):
    values = {"PRAGMA journal_mode": journal, "PRAGMA synchronous": synchronous}
    assert of(databases.sqlite, values, **({"transaction_mode": mode} if mode else {})) == expected


@pytest.mark.parametrize(("value", "expected"), [("1", []), ("2", ["W013"]), ("0", ["W013"])])
def test_innodb_that_loses_commits_is_found(value, expected):
    assert of(databases.mysql, {**MYSQL, "SELECT @@innodb_flush_log_at_trx_commit": value}) == expected


MYSQL = {
    "SELECT @@innodb_flush_log_at_trx_commit": "1",
    databases._OTHER_CHARACTER_SETS: "none",
    "SELECT @@max_allowed_packet": "67108864",
}
POSTGRESQL = {"SHOW fsync": "on", "SHOW synchronous_commit": "on", "SHOW server_encoding": "utf8"}


def test_columns_and_databases_that_cannot_hold_every_character_are_found():
    assert of(databases.mysql, {**MYSQL, databases._OTHER_CHARACTER_SETS: "latin1,utf8mb3"}) == ["W021"]
    assert of(databases.postgresql, {**POSTGRESQL, "SHOW server_encoding": "latin1"}) == ["W021"]


def test_a_packet_that_no_large_mms_fits_into_is_found(settings):
    small = {**MYSQL, "SELECT @@max_allowed_packet": "16777216"}
    assert of(databases.mysql, small) == ["W022"]
    settings.FRONT_SMS = {**settings.FRONT_SMS, "MAX_INBOUND_BYTES": 8_388_608}
    assert of(databases.mysql, small) == []


@pytest.mark.parametrize(
    ("fsync", "commit", "expected"),
    [("on", "on", []), ("on", "local", []), ("off", "on", ["W014"]), ("on", "off", ["W015"])],
)
def test_postgresql_that_loses_commits_is_found(fsync, commit, expected):
    values = {**POSTGRESQL, "SHOW fsync": fsync, "SHOW synchronous_commit": commit}
    assert of(databases.postgresql, values) == expected


def of_database() -> set[str]:
    """The checks that fail only with the running database."""
    found = {str(message.id) for message in run_checks(tags=[TAG], databases=["default"])}
    return found - {str(message.id) for message in run_checks(tags=[TAG], databases=[])}


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_the_pragmas_of_the_running_sqlite_are_read():
    assert of_database() == {"front_sms.W012"}  # the tests themselves do not wait for the disk
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=FULL")
        try:
            assert of_database() == set()
        finally:
            cursor.execute("PRAGMA synchronous=OFF")


@pytest.mark.postgresql
@pytest.mark.django_db
def test_the_settings_of_the_running_postgresql_are_read():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")
        before = of_database()
        cursor.execute("SET LOCAL synchronous_commit = off")
        assert of_database() == before | {"front_sms.W015"}
        assert "front_sms.W015" not in before


@pytest.mark.mysql
@pytest.mark.django_db
def test_the_settings_of_the_running_mysql_are_read():
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@innodb_flush_log_at_trx_commit")
        lossy = cursor.fetchone()[0] != 1
    small = {"front_sms.W022"} if content.packet_size() < 2 * 26_214_400 else set()
    assert of_database() == ({"front_sms.W013"} if lossy else set()) | small


@pytest.mark.mysql
@pytest.mark.django_db(transaction=True)
def test_the_character_sets_of_the_running_mysql_are_read():
    alter = "ALTER TABLE front_sms_savedtext MODIFY text longtext CHARACTER SET {} NOT NULL"
    assert "front_sms.W021" not in of_database()
    with connection.cursor() as cursor:
        cursor.execute(alter.format("utf8mb3"))
        try:
            assert "front_sms.W021" in of_database()
        finally:
            cursor.execute(alter.format("utf8mb4"))


def test_a_database_is_asked_only_when_it_is_checked():
    # Without the django_db mark, a query would fail this test.
    assert not databases.check_databases(databases=None)
    assert not databases.check_databases(databases=["other"])
