"""Settings of a database that lose commits, or let them fail. Only with `check --database …`, and before `migrate`."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from django.core.checks import CheckMessage, Tags, register
from django.db import Error

from django_front_sms.checks import messages
from django_front_sms.db.routing import connection, write_alias

Read = Callable[[str], str]
"""Gives the one value that a statement reads, as text in lower case."""

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
    except Error:  # it cannot be reached, or asked: whoever needs it will say so
        return []


def sqlite(read: Read, options: dict[str, Any]) -> Iterator[CheckMessage]:
    if str(options.get("transaction_mode") or "").upper() not in ("IMMEDIATE", "EXCLUSIVE"):
        yield messages.SQLITE_MODE.found(alias=write_alias())
    journal, synchronous = read("PRAGMA journal_mode"), int(read("PRAGMA synchronous"))
    if journal == "memory":  # the whole database is, as in tests: nothing of it outlives the process
        return
    if journal != "wal":
        yield messages.SQLITE_JOURNAL.found(alias=write_alias(), mode=journal)
    # With a write-ahead log, NORMAL leaves the last commits to the operating system.
    if synchronous < (_FULL if journal == "wal" else _NORMAL):
        yield messages.SQLITE_SYNCHRONOUS.found(alias=write_alias())


def mysql(read: Read, options: dict[str, Any]) -> Iterator[CheckMessage]:
    value = read("SELECT @@innodb_flush_log_at_trx_commit")
    if value != "1":
        yield messages.INNODB_FLUSH.found(alias=write_alias(), value=value)


def postgresql(read: Read, options: dict[str, Any]) -> Iterator[CheckMessage]:
    if read("SHOW fsync") == "off":
        yield messages.PG_FSYNC.found(alias=write_alias())
    if read("SHOW synchronous_commit") == "off":
        yield messages.PG_COMMIT.found(alias=write_alias())
