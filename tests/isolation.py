"""Stricter isolation than Django's default, for the connection of one thread."""

import pytest
from django.db import connection


def isolate(level: str) -> None:
    """Isolate the transactions of this connection: `repeatable` is REPEATABLE READ; `snapshot` is that with
    `innodb_snapshot_isolation`, the default since MariaDB 11.6. Other databases have no such variable."""
    statements = ["SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"]
    if connection.vendor == "postgresql":
        statements = ["SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ"]
    with connection.cursor() as cursor:
        if level == "snapshot":
            if connection.vendor != "mysql" or not has_snapshot_isolation():
                pytest.skip("needs MariaDB with innodb_snapshot_isolation")
            statements.append("SET SESSION innodb_snapshot_isolation = ON")
        for statement in statements:
            cursor.execute(statement)


def has_snapshot_isolation() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'")
        return cursor.fetchone() is not None
