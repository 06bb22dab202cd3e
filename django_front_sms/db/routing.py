"""The one database that this app reads and writes: the one that `db_for_write` names for its models.

Replicas lag, and the rules of sending read what they have just written. So reads never follow `db_for_read`;
`models.primary` gives the same to every QuerySet.
"""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db import connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper


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
