"""Short transactions, retried as a whole on a deadlock or serialization failure.

They run under READ COMMITTED whatever isolation the site has chosen for its own: they lock what they decide on, and a
stricter level only adds failures where several workers meet (error 1020 of MariaDB, 40001 of PostgreSQL). On PostgreSQL
they read by indexes only.
"""

import functools
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError

from django_front_sms.db.routing import atomic, connection

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 6
# Deadlock, serialization failure and busy: errors after which the same transaction may succeed when retried.
_PG_STATES = {"40001", "40P01", "55P03"}
_MYSQL_CODES = {1205, 1213}

_POSTGRESQL_SETTINGS = (
    "SET LOCAL synchronous_commit = on",
    # Every statement of the engine reads some rows by an index. Before the first ANALYZE of a table, as after an
    # upgrade of the server, PostgreSQL expects so many rows that it reads the whole table, with parallel workers or
    # compiled.
    "SET LOCAL enable_seqscan = off",
    "SET LOCAL max_parallel_workers_per_gather = 0",
    "SET LOCAL jit = off",
)


def _is_transient(error: OperationalError) -> bool:
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) in _PG_STATES:
        return True
    if error.args and error.args[0] in _MYSQL_CODES:
        return True
    return "database is locked" in str(error) or "database table is locked" in str(error)


def short_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """Run `function` in a durable transaction, retried as a whole on a deadlock.

    Raises `RuntimeError` inside a transaction of the caller's: messages must be committed before they are sent.
    """

    @functools.wraps(function)
    def durable(*args: P.args, **kwargs: P.kwargs) -> R:
        return _with_retries(function, args, kwargs)

    return durable


def nested_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """Like `short_transaction`, but a savepoint inside a transaction of the caller's."""

    @functools.wraps(function)
    def nested(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection().in_atomic_block:
            with atomic():
                return function(*args, **kwargs)
        return _with_retries(function, args, kwargs)

    return nested


def _with_retries(function: Callable[..., R], args: Sequence[Any], kwargs: Mapping[str, Any]) -> R:
    for attempt in range(TRIES):
        try:
            with _committed_and_current():
                return function(*args, **kwargs)
        except OperationalError as error:
            if attempt == TRIES - 1 or not _is_transient(error):
                raise
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)  # noqa: S311  (spreads contenders, no secret)
    raise AssertionError("the last try returns or raises")


@contextmanager
def _committed_and_current() -> Iterator[None]:
    """A transaction that reads what others have committed meanwhile, and whose own commit is on disk when it ends."""
    nested = connection().in_atomic_block  # only by the `TestCase` of a site: its isolation cannot change any more
    with atomic(durable=True):
        statements = []
        if not nested and _may_be_stricter():
            statements.append("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        if connection().vendor == "postgresql":
            statements += _POSTGRESQL_SETTINGS
        if statements:
            with connection().cursor() as cursor:
                cursor.execute("; ".join(statements))
        yield


def _may_be_stricter() -> bool:
    if connection().vendor == "mysql":  # Django itself sets READ COMMITTED there, unless told otherwise
        return getattr(connection(), "isolation_level", None) != "read committed"
    return connection().vendor == "postgresql"
