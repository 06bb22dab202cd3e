"""Short transactions that lock in one order, and are repeated whole where the database asks for it."""

import functools
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError, connection, models, transaction

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 6
# Deadlock, serialization failure and busy: what a database says when the same transaction may well pass a moment later.
_PG_STATES = {"40001", "40P01", "55P03"}
_MYSQL_CODES = {1205, 1213, 1020}


def _worth_repeating(error: OperationalError) -> bool:
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) in _PG_STATES:
        return True
    if error.args and error.args[0] in _MYSQL_CODES:
        return True
    return "database is locked" in str(error) or "database table is locked" in str(error)


def short_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """Run `function` in a transaction of its own that is durable when it returns; whole again on a deadlock.

    Raises `RuntimeError` inside a transaction of the caller's: what is sent must be committed first.
    """

    @functools.wraps(function)
    def durable(*args: P.args, **kwargs: P.kwargs) -> R:
        return _repeated(function, args, kwargs)

    return durable


def nested_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """Like `short_transaction`, but inside a transaction of the caller's it becomes a part of that."""

    @functools.wraps(function)
    def nested(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            with transaction.atomic():
                return function(*args, **kwargs)
        return _repeated(function, args, kwargs)

    return nested


def _repeated(function: Callable[..., R], args: Sequence[Any], kwargs: Mapping[str, Any]) -> R:
    for attempt in range(TRIES):
        try:
            with transaction.atomic(durable=True):
                if connection.vendor == "postgresql":
                    with connection.cursor() as cursor:
                        cursor.execute("SET LOCAL synchronous_commit = on")
                return function(*args, **kwargs)
        except OperationalError as error:
            if attempt == TRIES - 1 or not _worth_repeating(error):
                raise
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)  # noqa: S311  (spreads contenders, no secret)
    raise AssertionError("the last try returns or raises")


def update_rows(rows: Iterable[models.Model], fields: Sequence[str]) -> None:
    """Write `fields` of each row in one batch. `bulk_update` builds one huge CASE, and is 20 times slower on a large
    table. The rows are locked by the caller."""
    batch = list(rows)
    if not batch:
        return
    meta = batch[0]._meta
    columns: list[Any] = [meta.pk, *(meta.get_field(name) for name in fields)]
    values = [
        [column.get_db_prep_save(getattr(row, column.attname), connection) for row in batch] for column in columns
    ]
    write = _write_at_once if connection.vendor == "postgresql" else _write_one_by_one
    write(meta.db_table, columns, values)


def _write_at_once(table: str, columns: Sequence[Any], values: Sequence[Sequence[Any]]) -> None:
    """One statement. `columns`: the primary key, and those to set; `values`: a list for each."""
    quote = connection.ops.quote_name
    names = [quote(column.column) for column in columns]
    assignments = ", ".join(f"{name} = given.{name}" for name in names[1:])
    # Without a length: a cast to varchar(300) would cut what is too long, where an assignment refuses it.
    arrays = ", ".join(f"%s::{column.rel_db_type(connection).split('(')[0]}[]" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(table)} SET {assignments} FROM unnest({arrays}) AS given ({', '.join(names)}) "  # noqa: S608
            f"WHERE {quote(table)}.{names[0]} = given.{names[0]}",
            values,
        )


def _write_one_by_one(table: str, columns: Sequence[Any], values: Sequence[Sequence[Any]]) -> None:
    quote = connection.ops.quote_name
    key, *names = (quote(column.column) for column in columns)
    assignments = ", ".join(f"{name} = %s" for name in names)
    keys, *rest = values
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {quote(table)} SET {assignments} WHERE {key} = %s",  # noqa: S608
            list(zip(*rest, keys, strict=True)),
        )
