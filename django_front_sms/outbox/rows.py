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
from django.db.models.expressions import RawSQL

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


# ---- Rows that are nothing but values: where there are thousands, an instance for each costs more than writing it.
# Here each column comes as a JSON list of its own, which costs both sides less than an object for each row.


def among(keys: Iterable[int]) -> Any:
    """Whole numbers, as `__in` takes them. With PostgreSQL, Django and the driver handle one value, not thousands; and
    since it takes any such list for a hundred long, it looks each up in the index, and never reads the whole table."""
    if connection.vendor != "postgresql":
        return list(keys)
    return RawSQL("SELECT json_array_elements_text(%s::json)::bigint", [json.dumps(list(keys))])


def update_alike(model: type[models.Model], keys: Sequence[int], **values: Any) -> None:
    """Write the same into these rows, which the caller has locked; in the order given, which is quickest if theirs."""
    if connection.vendor == "postgresql":
        update_values(model, tuple(values), [(key, *values.values()) for key in keys])
    else:
        model._default_manager.filter(pk__in=keys).update(**values)


def update_values(model: type[models.Model], fields: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Like `update_rows`. A row: its primary key, then the values of `fields`; of a foreign key, the key."""
    if not rows:
        return
    meta = model._meta
    keys, *values = zip(*rows, strict=True)
    columns = dict(zip(map(meta.get_field, fields), values, strict=True))
    if connection.vendor != "postgresql":
        _update_each(meta, keys, columns)
        return
    equal, differing = _split(columns)
    given, lists = _as_table({meta.pk: keys, **differing})
    settings = [f"{_name(column)} = %s" for column in equal]
    settings += [f"{_name(column)} = {_cast(column)}" for column in differing]
    table = _quoted(meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {', '.join(settings)} FROM {given} "  # noqa: S608
            f"WHERE {table}.{_name(meta.pk)} = {_cast(meta.pk)}",
            [*equal.values(), *lists],
        )


def insert_values(
    model: type[models.Model], fields: Sequence[str], rows: Sequence[tuple[Any, ...]], **alike: Any
) -> None:
    """Store new rows in this order. A row: the values of `fields`; all else is the same in each, `alike` or default."""
    if not rows:
        return
    if connection.vendor != "postgresql":
        model._default_manager.bulk_create(model(**dict(zip(fields, row, strict=True)), **alike) for row in rows)
        return
    meta = model._meta
    columns = dict(zip(map(meta.get_field, fields), zip(*rows, strict=True), strict=True))
    others = [column for column in meta.concrete_fields if column is not meta.pk and column not in columns]
    equal = {
        column: column.get_db_prep_save(alike.get(column.attname, column.get_default()), connection)
        for column in others
    }
    given, lists = _as_table(columns)
    names = ", ".join(_name(column) for column in [*equal, *columns])
    values = ", ".join(["%s"] * len(equal) + [_cast(column) for column in columns])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_quoted(meta.db_table)} ({names}) SELECT {values} FROM {given} ORDER BY place",  # noqa: S608
            [*equal.values(), *lists],
        )


def _split(columns: Mapping[_Column, Sequence[Any]]) -> tuple[dict[_Column, Any], dict[_Column, Sequence[Any]]]:
    """As `_told_apart`."""
    equal = {c: c.get_db_prep_save(v[0], connection) for c, v in columns.items() if v.count(v[0]) == len(v)}
    return equal, {c: v for c, v in columns.items() if c not in equal}


def _as_table(columns: Mapping[_Column, Sequence[Any]]) -> tuple[str, list[str]]:
    """A table `given` of these columns, as text, with the `place` of each row; and its parameters."""
    names = ", ".join(_name(column) for column in columns)
    lists = ", ".join(["json_array_elements_text(%s::json)"] * len(columns))
    table = f"ROWS FROM ({lists}) WITH ORDINALITY AS given ({names}, place)"
    return table, [json.dumps(values, default=datetime.isoformat) for values in columns.values()]


def _cast(column: _Column) -> str:
    """Without a length, as in `_typed`."""
    return f"given.{_name(column)}::{column.rel_db_type(connection).split('(')[0]}"


def _update_each(meta: Any, keys: Sequence[Any], columns: Mapping[_Column, Sequence[Any]]) -> None:
    prepared = [[column.get_db_prep_save(value, connection) for value in values] for column, values in columns.items()]
    assignments = ", ".join(f"{_name(column)} = %s" for column in columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {_quoted(meta.db_table)} SET {assignments} WHERE {_name(meta.pk)} = %s",  # noqa: S608
            list(zip(*prepared, keys, strict=True)),
        )
