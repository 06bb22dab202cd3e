"""Many rows written at once, where Django's own ways cost more than sending the message does: `bulk_create` prepares
each value of each row by itself, and `bulk_update` builds one huge CASE, 20 times slower on a large table.

PostgreSQL takes a batch as one statement: what is equal in all rows stands in it once, the rest comes as JSON, which
both sides read and write in C. The other databases get Django's INSERT, and an UPDATE for each row.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


def update_rows(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Write `fields` of each row. The rows are locked by the caller."""
    if not rows:
        return
    meta = rows[0]._meta
    columns = [meta.get_field(name) for name in fields]
    if connection.vendor != "postgresql":
        _update_one_by_one(rows, columns)
        return
    table, key = _quoted(meta.db_table), _quoted(meta.pk.column)
    equal, differing = _told_apart(rows, columns)
    settings = [f"{_name(column)} = %s" for column in equal]
    settings += [f"{_name(column)} = given.{_name(column)}" for column in differing]
    given = {meta.pk: [row.pk for row in rows], **differing}
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {', '.join(settings)} FROM {_GIVEN} AS given ({_typed(given)}) "  # noqa: S608
            f"WHERE {table}.{key} = given.{key}",
            [*equal.values(), _as_json(given)],
        )


def insert_rows(rows: Sequence[Row]) -> None:
    """Store new rows, and put their primary keys into them; MySQL gives none (`can_return_rows_from_bulk_insert`)."""
    if not rows:
        return
    if connection.vendor != "postgresql":
        type(rows[0])._default_manager.bulk_create(rows)
        return
    meta = rows[0]._meta
    columns = [column for column in meta.concrete_fields if column is not meta.pk]
    equal, differing = _told_apart(rows, columns)
    names = ", ".join(_name(column) for column in [*equal, *differing])
    values = ", ".join(["%s"] * len(equal) + [f"given.{_name(column)}" for column in differing])
    given = {meta.pk: range(len(rows)), **differing}
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_quoted(meta.db_table)} ({names}) SELECT {values} "  # noqa: S608
            f"FROM {_GIVEN} AS given ({_typed(given)}) ORDER BY given.{_name(meta.pk)} RETURNING {_name(meta.pk)}",
            [*equal.values(), _as_json(given)],
        )
        for row, (key,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = key
            row._state.adding, row._state.db = False, connection.alias


_GIVEN = "json_to_recordset(%s::json)"
_Column = Any  # a concrete field: Django's types know no such thing


def _quoted(name: Any) -> str:
    quoted: str = connection.ops.quote_name(name)
    return quoted


def _name(column: _Column) -> str:
    return _quoted(column.column)


def _told_apart(
    rows: Sequence[models.Model], columns: Sequence[_Column]
) -> tuple[dict[_Column, Any], dict[_Column, list[Any]]]:
    """Columns that are equal in all rows, with that value as the database takes it; and the others, with all values."""
    equal: dict[_Column, Any] = {}
    differing: dict[_Column, list[Any]] = {}
    for column in columns:
        values = [getattr(row, column.attname) for row in rows]
        if values.count(values[0]) == len(values):
            equal[column] = column.get_db_prep_save(values[0], connection)
        else:
            differing[column] = values
    return equal, differing


def _typed(columns: Iterable[_Column]) -> str:
    """Their definitions. Without a length: what is too long shall be refused where it is stored, not be cut here."""
    return ", ".join(f"{_name(column)} {column.rel_db_type(connection).split('(')[0]}" for column in columns)


def _as_json(columns: Mapping[_Column, Sequence[Any]]) -> str:
    names = [column.column for column in columns]
    lists = [
        [value.isoformat() if isinstance(value, datetime) else value for value in values] for values in columns.values()
    ]
    return json.dumps([dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)])


def _update_one_by_one(rows: Sequence[models.Model], columns: Sequence[_Column]) -> None:
    values = [
        [column.get_db_prep_save(getattr(row, column.attname), connection) for column in columns] + [row.pk]
        for row in rows
    ]
    meta = rows[0]._meta
    assignments = ", ".join(f"{_name(column)} = %s" for column in columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {_quoted(meta.db_table)} SET {assignments} WHERE {_name(meta.pk)} = %s",  # noqa: S608
            values,
        )
