"""Many rows written at once, where Django's own ways cost more than sending the message does: `bulk_create` prepares
each value of each row by itself, and `bulk_update` builds one huge CASE, 20 times slower on a large table.

PostgreSQL takes a batch as one statement: what is equal in all rows stands in it once, the rest comes as JSON, which
both sides read and write in C. The other databases get Django's INSERT, and an UPDATE for each row.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, models
from django.db.models.lookups import In

Row = Any  # a model's instance, or a plain object with a `pk`, its model's `_meta`, and an attribute for each field
_Column = Any  # a concrete field: Django's types know no such thing


class Among(In):
    """`Among(F("pk"), keys)` is `pk__in=keys`; PostgreSQL takes the keys, whole numbers or texts, as one array, where
    Django would prepare each by itself and psycopg look for each one's place in the statement."""

    def get_prep_lookup(self) -> Any:
        return self.rhs if connection.vendor == "postgresql" else super().get_prep_lookup()

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        if isinstance(next(iter(self.rhs), 0), int):
            return f"{column} = ANY(%s::bigint[])", [*parameters, f"{{{','.join(map(str, map(int, self.rhs)))}}}"]
        return f"{column} = ANY(%s::text[])", [*parameters, list(self.rhs)]


def update_rows(rows: Sequence[Row], fields: Sequence[str]) -> None:
    """Write `fields` of each row. The rows are locked by the caller."""
    if rows:
        columns = [rows[0]._meta.get_field(name) for name in fields]
        values = {column: [getattr(row, column.attname) for row in rows] for column in columns}
        _update(rows[0]._meta, [row.pk for row in rows], values)


def write_changes(model: type[models.Model], changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Write to each row, by its key, the fields named with it. The rows are locked by the caller."""
    alike: dict[frozenset[str], list[int]] = defaultdict(list)
    for key, change in changes.items():
        alike[frozenset(change)].append(key)
    for names, keys in alike.items():
        columns = {model._meta.get_field(name): name for name in sorted(names)}
        values = {column: [changes[key][name] for key in keys] for column, name in columns.items()}
        _update(model._meta, keys, values)


def insert_rows(rows: Sequence[Row]) -> None:
    """Store new rows, and put their primary keys into them; MySQL gives none (`can_return_rows_from_bulk_insert`)."""
    if not rows:
        return
    meta = rows[0]._meta
    if connection.vendor != "postgresql":
        _insert_instances(rows, meta.model)
        return
    columns = [column for column in meta.concrete_fields if column is not meta.pk]
    equal, differing = _told_apart({column: [getattr(row, column.attname) for row in rows] for column in columns})
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
            if isinstance(row, models.Model):
                row._state.adding, row._state.db = False, connection.alias


def _insert_instances(rows: Sequence[Row], model: type[models.Model]) -> None:
    if isinstance(rows[0], model):
        model._default_manager.bulk_create(rows)
        return
    columns = [column.attname for column in model._meta.concrete_fields if not column.primary_key]
    instances = [model(**{name: getattr(row, name) for name in columns}) for row in rows]
    for row, instance in zip(rows, model._default_manager.bulk_create(instances), strict=True):
        row.pk = instance.pk


def _update(meta: Any, keys: Sequence[int], values: Mapping[_Column, Sequence[Any]]) -> None:
    if connection.vendor != "postgresql":
        _update_one_by_one(meta, keys, values)
        return
    table, key = _quoted(meta.db_table), _quoted(meta.pk.column)
    equal, differing = _told_apart(values)
    settings = [f"{_name(column)} = %s" for column in equal]
    settings += [f"{_name(column)} = given.{_name(column)}" for column in differing]
    given = {meta.pk: keys, **differing}
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {', '.join(settings)} FROM {_GIVEN} AS given ({_typed(given)}) "  # noqa: S608
            f"WHERE {table}.{key} = given.{key}",
            [*equal.values(), _as_json(given)],
        )


def _update_one_by_one(meta: Any, keys: Sequence[int], values: Mapping[_Column, Sequence[Any]]) -> None:
    prepared = [[column.get_db_prep_save(value, connection) for value in of_all] for column, of_all in values.items()]
    assignments = ", ".join(f"{_name(column)} = %s" for column in values)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {_quoted(meta.db_table)} SET {assignments} WHERE {_name(meta.pk)} = %s",  # noqa: S608
            list(zip(*prepared, keys, strict=True)),
        )


_GIVEN = "json_to_recordset(%s::json)"


def _quoted(name: Any) -> str:
    quoted: str = connection.ops.quote_name(name)
    return quoted


def _name(column: _Column) -> str:
    return _quoted(column.column)


def _told_apart(
    values: Mapping[_Column, Sequence[Any]],
) -> tuple[dict[_Column, Any], dict[_Column, Sequence[Any]]]:
    """Columns that are equal in all rows, with that value as the database takes it; and the others, with all values."""
    equal: dict[_Column, Any] = {}
    differing: dict[_Column, Sequence[Any]] = {}
    for column, of_all in values.items():
        if of_all.count(of_all[0]) == len(of_all):
            equal[column] = column.get_db_prep_save(of_all[0], connection)
        else:
            differing[column] = of_all
    return equal, differing


def _typed(columns: Iterable[_Column]) -> str:
    """Their definitions. Without a length: what is too long shall be refused where it is stored, not be cut here."""
    return ", ".join(f"{_name(column)} {column.rel_db_type(connection).split('(')[0]}" for column in columns)


def _as_json(columns: Mapping[_Column, Sequence[Any]]) -> str:
    names = [column.column for column in columns]
    lists = [
        [value and value.isoformat() for value in values] if isinstance(column, models.DateTimeField) else values
        for column, values in columns.items()
    ]
    return json.dumps([dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)])
