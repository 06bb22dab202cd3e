"""One entry of `DATABASES` from an address such as `postgres://user@host/name`, set up as the documentation advises."""

from typing import Any

import dj_database_url

SQLITE = {
    "transaction_mode": "IMMEDIATE",  # a claim must not fail because another process began to write
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}
MYSQL = {"charset": "utf8mb4"}


def database(url: str) -> dict[str, Any]:
    """The settings of the database at `url`: SQLite, PostgreSQL, MariaDB or MySQL."""
    entry: dict[str, Any] = {**dj_database_url.parse(url)}
    match entry["ENGINE"].rsplit(".", 1)[-1]:
        case "sqlite3":
            entry["OPTIONS"] = {**SQLITE, **entry.get("OPTIONS", {})}
        case "mysql":
            import pymysql

            pymysql.install_as_MySQLdb()  # pure Python, without a compiler
            entry["OPTIONS"] = {**MYSQL, **entry.get("OPTIONS", {})}
            entry["TEST"] = {"CHARSET": "utf8mb4"}
    return entry
