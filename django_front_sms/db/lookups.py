"""Queries that work on every database: numbers by prefix, rows by many keys, the start of texts, and counts."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Left
from django.db.models.lookups import In

from django_front_sms.db.routing import connection

LONGEST = 20  # characters of the longest number


def prefix_q(field: str, prefixes: Iterable[str]) -> Q:
    """A condition for rows whose `field` begins with one of `prefixes`, such as `+47999`; without any, no rows."""
    condition = Q(pk__in=[])
    for prefix in sorted(prefixes):
        # Between "+47999" and "+4799999999999999999" lie all numbers that begin so, in the order of any collation.
        last = prefix.ljust(LONGEST, "9")
        condition |= Q(**{f"{field}__gte": prefix, f"{field}__lte": last, f"{field}__startswith": prefix})
    return condition


def text_start(field: str, length: int) -> Any:
    """The first `length` characters of a text column; the whole text in a database of PostgreSQL without an encoding.

    Such a database counts bytes, and could cut within a character."""
    return F(field) if _counts_bytes() else Left(field, length)


def _counts_bytes() -> bool:
    database = connection()
    if database.vendor != "postgresql":
        return False
    database.ensure_connection()
    return bool(database.connection.info.parameter_status("server_encoding") == "SQL_ASCII")


def count_each(rows: "Sequence[QuerySet[Any]]", most: int) -> list[int]:
    """The number of rows of each query, counted up to `most`; one query for all of them."""
    database = connection()
    counts: list[str] = []
    parameters: list[Any] = []
    for number, each in enumerate(rows):
        try:
            sql, values = each.order_by().values("pk")[:most].query.get_compiler(database.alias).as_sql()
        except EmptyResultSet:
            counts.append("0")
        else:
            counts.append(f"(SELECT COUNT(*) FROM ({sql}) rows_{number})")  # noqa: S608  (Django's own statement)
            parameters += values
    with database.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}", parameters)
        return list(cursor.fetchone())


class AnyOf(In):
    """`AnyOf(F("pk"), keys)` is `pk__in=keys`; PostgreSQL takes the keys, whole numbers or texts, as one array, where
    Django would prepare each by itself and psycopg look for each one's place in the statement."""

    def get_prep_lookup(self) -> Any:
        return self.rhs if connection().vendor == "postgresql" else super().get_prep_lookup()

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        if isinstance(next(iter(self.rhs), 0), int):
            return f"{column} = ANY(%s::bigint[])", [*parameters, f"{{{','.join(map(str, map(int, self.rhs)))}}}"]
        return f"{column} = ANY(%s::text[])", [*parameters, list(self.rhs)]
