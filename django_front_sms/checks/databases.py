"""Database settings that lose commits, let them fail, or refuse content: only with `check --database` and `migrate`."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from django.core.checks import CheckMessage, Tags, register
from django.db import Error
from django.utils.translation import gettext as _

from django_front_sms.checks import messages
from django_front_sms.checks.values import effective
from django_front_sms.db.routing import connection, write_alias

Read = Callable[[str], str]
"""Returns the single value of a statement, as text in lower case."""

# Of this app's columns that hold texts; "none" also before the tables exist.
_OTHER_CHARACTER_SETS = """
    SELECT COALESCE(GROUP_CONCAT(DISTINCT character_set_name ORDER BY character_set_name), 'none')
    FROM information_schema.columns
    WHERE table_schema = DATABASE() AND LEFT(table_name, 10) = 'front_sms_' AND character_set_name <> 'utf8mb4'"""
_NORMAL, _FULL = 1, 2  # of SQLite's "PRAGMA synchronous"


@register(messages.TAG, Tags.database)
def check_databases(databases: Collection[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    if write_alias() not in (databases or ()):
        return []
    database = connection()
    look = {"sqlite": sqlite, "mysql": mysql, "postgresql": postgresql}.get(database.vendor)
    options = database.settings_dict.get("OPTIONS") or {}

    def read(statement: str) -> str:
        with database.cursor() as cursor:
            cursor.execute(statement)
            return str(cursor.fetchone()[0]).lower()

    try:
        return list(look(read, options)) if look else []
    except Error:  # the database cannot be reached, which Django reports itself
        return []


def sqlite(read: Read, options: dict[str, Any]) -> Iterator[CheckMessage]:
    if str(options.get("transaction_mode") or "").upper() not in ("IMMEDIATE", "EXCLUSIVE"):
        yield messages.SQLITE_MODE.as_message(alias=write_alias())
    journal, synchronous = read("PRAGMA journal_mode"), int(read("PRAGMA synchronous"))
    if journal == "memory":  # the whole database is in memory, as in tests
        return
    if journal != "wal":
        yield messages.SQLITE_JOURNAL.as_message(alias=write_alias(), mode=journal)
    # With a write-ahead log, NORMAL leaves the last commits to the operating system.
    if synchronous < (_FULL if journal == "wal" else _NORMAL):
        yield messages.SQLITE_SYNCHRONOUS.as_message(alias=write_alias())


def mysql(read: Read, options: dict[str, Any]) -> Iterator[CheckMessage]:
    value = read("SELECT @@innodb_flush_log_at_trx_commit")
    if value != "1":
        yield messages.INNODB_FLUSH.as_message(alias=write_alias(), value=value)
    others = read(_OTHER_CHARACTER_SETS)
    if others != "none":
        yield messages.CHARACTER_SET.as_message(alias=write_alias(), reason=_("columns are %s") % others)
    packet = int(read("SELECT @@max_allowed_packet"))
    if packet < 2 * effective("MAX_INBOUND_BYTES"):  # drivers write bytes escaped, or in hexadecimal
        yield messages.PACKET.as_message(alias=write_alias(), size=packet)


def postgresql(read: Read, options: dict[str, Any]) -> Iterator[CheckMessage]:
    if read("SHOW fsync") == "off":
        yield messages.PG_FSYNC.as_message(alias=write_alias())
    if read("SHOW synchronous_commit") == "off":
        yield messages.PG_COMMIT.as_message(alias=write_alias())
    encoding = read("SHOW server_encoding")
    if encoding != "utf8":
        yield messages.CHARACTER_SET.as_message(alias=write_alias(), reason=_("its encoding is %s") % encoding)
