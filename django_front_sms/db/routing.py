"""The one database that this app reads and writes: the one that `db_for_write` names for its models.

Replicas lag, and the rules of sending read rows that they have just written. Reads therefore never follow
`db_for_read`; `models.primary` does the same for every QuerySet.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.apps import apps
from django.db import connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

R = TypeVar("R")


def write_alias() -> str:
    """The alias of this app's database in `DATABASES`."""
    return router.db_for_write(apps.get_model("front_sms", "OutboundMessage"))


def connection() -> BaseDatabaseWrapper:
    """This thread's connection to this app's database."""
    return connections[write_alias()]


def atomic(*, durable: bool = False) -> "transaction.Atomic":
    """`transaction.atomic` on this app's database."""
    return transaction.atomic(using=write_alias(), durable=durable)


def on_commit(function: Callable[[], Any]) -> None:
    """`transaction.on_commit` on this app's database."""
    transaction.on_commit(function, using=write_alias())


def committed(read: Callable[[], R]) -> R:
    """Call `read` over a separate connection, which sees all committed rows.

    In the caller's transaction, REPEATABLE READ hides rows that were committed since it began. A locking read would
    show them, but with `innodb_snapshot_isolation`, the default since MariaDB 11.6, it raises error 1020.
    """

    def work() -> R:
        try:
            return read()
        finally:
            connection().close()

    with ThreadPoolExecutor(1, "front-sms-read") as thread:
        return thread.submit(work).result()
