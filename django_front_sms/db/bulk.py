"""Writing many rows at once, where Django's own methods cost more than sending the messages.

`bulk_create` prepares each value by itself, and `bulk_update` builds one huge CASE, 20 times slower on a large table.

On PostgreSQL a batch is one statement. A value that is equal in all rows is one parameter; the others are sent as JSON,
which both sides read and write in C. Other databases get Django's INSERT, and one UPDATE for each row.

The statements contain only quoted names of tables and columns; every value is a parameter.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from django.db import models

from django_front_sms.db.routing import connection

Item = TypeVar("Item")
Row = Any  # a model's instance, or a plain object with a `pk`, its model's `_meta`, and an attribute for each field
_Column = Any  # a concrete field: django-stubs has no type for it


def in_chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield `items` in lists of at most `size`, because the parameters of a statement are limited."""
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk


def update_rows(rows: Sequence[Row], fields: Sequence[str]) -> None:
    """Write `fields` of each row. The rows are locked by the caller."""
    if rows:
        model = rows[0]._meta.model
        names = [model._meta.get_field(name).attname for name in fields]
        update_values(model, fields, [(row.pk, *(getattr(row, name) for name in names)) for row in rows])


def write_changes(model: type[models.Model], changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Write to each row, by its key, the fields named with it. The rows are locked by the caller."""
    alike: dict[frozenset[str], list[int]] = defaultdict(list)
    for key, change in changes.items():
        alike[frozenset(change)].append(key)
    for named, keys in alike.items():
        names = sorted(named)
        update_values(model, names, [(key, *(changes[key][name] for name in names)) for key in keys])


def update_values(model: type[models.Model], fields: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Like `update_rows`, from tuples: the primary key, then the values of `fields` (keys for foreign keys)."""
    if not rows:
        return
    meta: Any = model._meta
    keys, *values = zip(*rows, strict=True)
    columns = dict(zip(map(meta.get_field, fields), values, strict=True))
    if connection().vendor != "postgresql":
        _update_each(meta, keys, columns)
        return
    equal, differing = _equal_and_differing(columns)
    given, lists = _as_table({meta.pk: keys, **differing})
    settings = [f"{_name(column)} = %s" for column in equal]
    settings += [f"{_name(column)} = {_cast(column)}" for column in differing]
    table = _quoted(meta.db_table)
    with connection().cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {', '.join(settings)} FROM {given} "  # noqa: S608
            f"WHERE {table}.{_name(meta.pk)} = {_cast(meta.pk)}",
            [*equal.values(), *lists],
        )


def insert_rows(rows: Sequence[Row]) -> None:
    """Insert rows and set their primary keys, except on MySQL, which returns none."""
    if not rows:
        return
    meta = rows[0]._meta
    if connection().vendor != "postgresql":
        _insert_instances(rows, meta.model)
        return
    columns = [column for column in meta.concrete_fields if column is not meta.pk]
    equal, differing = _equal_and_differing(
        {column: [getattr(row, column.attname) for row in rows] for column in columns}
    )
    if not differing:  # the JSON needs one column, or there would be no rows
        first = next(iter(equal))
        differing = {first: [equal.pop(first)] * len(rows)}
    statement, parameters = _insertion(meta, equal, differing)
    with connection().cursor() as cursor:
        cursor.execute(f"{statement} RETURNING {_name(meta.pk)}", parameters)
        for row, (key,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = key
            if isinstance(row, models.Model):
                row._state.adding, row._state.db = False, connection().alias


def insert_values(
    model: type[models.Model], fields: Sequence[str], rows: Sequence[tuple[Any, ...]], **alike: Any
) -> None:
    """Insert rows in this order, from tuples of the values of `fields`. All other fields have the value that `alike`
    names, or their default."""
    if not rows:
        return
    if connection().vendor != "postgresql":
        model._default_manager.bulk_create(model(**dict(zip(fields, row, strict=True)), **alike) for row in rows)
        return
    meta: Any = model._meta
    columns = dict(zip(map(meta.get_field, fields), zip(*rows, strict=True), strict=True))
    equal = {
        column: column.get_db_prep_save(alike.get(column.attname, column.get_default()), connection())
        for column in meta.concrete_fields
        if column is not meta.pk and column not in columns
    }
    with connection().cursor() as cursor:
        cursor.execute(*_insertion(meta, equal, columns))


def _insert_instances(rows: Sequence[Row], model: type[models.Model]) -> None:
    if isinstance(rows[0], model):
        model._default_manager.bulk_create(rows)
        return
    columns = [column.attname for column in model._meta.concrete_fields if not column.primary_key]
    instances = [model(**{name: getattr(row, name) for name in columns}) for row in rows]
    for row, instance in zip(rows, model._default_manager.bulk_create(instances), strict=True):
        row.pk = instance.pk


def _update_each(meta: Any, keys: Sequence[Any], columns: Mapping[_Column, Sequence[Any]]) -> None:
    database = connection()
    prepared = [[column.get_db_prep_save(value, database) for value in values] for column, values in columns.items()]
    assignments = ", ".join(f"{_name(column)} = %s" for column in columns)
    statement = f"UPDATE {_quoted(meta.db_table)} SET {assignments} WHERE {_name(meta.pk)} = %s"  # noqa: S608
    rows = list(zip(*prepared, keys, strict=True))
    with database.cursor() as cursor:
        if len(rows) == 1:  # django-debug-toolbar 8 fails at executemany() on SQLite, and requests update single rows
            cursor.execute(statement, rows[0])
        else:
            cursor.executemany(statement, rows)


# ---- Statements for PostgreSQL. Each column is a JSON list: an object for each row would cost both sides more.


def _insertion(
    meta: Any, equal: Mapping[_Column, Any], differing: Mapping[_Column, Sequence[Any]]
) -> tuple[str, list[Any]]:
    given, lists = _as_table(differing)
    names = ", ".join(_name(column) for column in [*equal, *differing])
    values = ", ".join(["%s"] * len(equal) + [_cast(column) for column in differing])
    statement = f"INSERT INTO {_quoted(meta.db_table)} ({names}) SELECT {values} FROM {given} ORDER BY place"  # noqa: S608
    return statement, [*equal.values(), *lists]


def _as_table(columns: Mapping[_Column, Sequence[Any]]) -> tuple[str, list[str]]:
    """A table `given` of these columns with the `place` of each row; and its parameters."""
    names = ", ".join(_name(column) for column in columns)
    lists = ", ".join(f"json_array_elements{'' if _is_json(column) else '_text'}(%s::json)" for column in columns)
    table = f"ROWS FROM ({lists}) WITH ORDINALITY AS given ({names}, place)"
    # Only times need a form of their own; values of JSON columns are checked as on the other databases.
    return table, [
        json.dumps(values, default=None if _is_json(column) else datetime.isoformat)
        for column, values in columns.items()
    ]


def _cast(column: _Column) -> str:
    """A cast without a length: values that are too long must be refused where they are stored, not cut here."""
    return f"given.{_name(column)}::{column.rel_db_type(connection()).split('(')[0]}"


def _is_json(column: _Column) -> bool:
    return isinstance(column, models.JSONField)


def _quoted(name: Any) -> str:
    quoted: str = connection().ops.quote_name(name)
    return quoted


def _name(column: _Column) -> str:
    return _quoted(column.column)


def _equal_and_differing(
    values: Mapping[_Column, Sequence[Any]],
) -> tuple[dict[_Column, Any], dict[_Column, Sequence[Any]]]:
    """The columns that are equal in all rows, with their prepared value; and the others, with all values."""
    equal: dict[_Column, Any] = {}
    differing: dict[_Column, Sequence[Any]] = {}
    for column, of_all in values.items():
        if _is_json(column) and any(of_all):  # Python finds 1, 1.0 and True equal, also in nested values
            differing[column] = of_all
        elif of_all.count(of_all[0]) == len(of_all):
            equal[column] = column.get_db_prep_save(of_all[0], connection())
        else:
            differing[column] = of_all
    return equal, differing
