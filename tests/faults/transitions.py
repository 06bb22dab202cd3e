"""Each change of a message's state, recorded by a database trigger, to compare the events with."""

from typing import Any

_TABLE = "faults_transition"
_MESSAGES = "front_sms_outboundmessage"
_INSERT = f"INSERT INTO {_TABLE} (message, old, new) VALUES (OLD.id, OLD.state, NEW.state);"
_ID = {
    "postgresql": "bigserial PRIMARY KEY",
    "sqlite": "integer PRIMARY KEY AUTOINCREMENT",
    "mysql": "bigint AUTO_INCREMENT PRIMARY KEY",
}
_TRIGGER = {
    "postgresql": [
        f"CREATE FUNCTION {_TABLE}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {_INSERT} RETURN NULL; END $$",
        f"CREATE TRIGGER {_TABLE} AFTER UPDATE OF state ON {_MESSAGES} FOR EACH ROW "
        f"WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION {_TABLE}()",
    ],
    "sqlite": [
        f"CREATE TRIGGER {_TABLE}_after AFTER UPDATE OF state ON {_MESSAGES} FOR EACH ROW "
        f"WHEN OLD.state <> NEW.state BEGIN {_INSERT} END"
    ],
    "mysql": [
        f"CREATE TRIGGER {_TABLE} AFTER UPDATE ON {_MESSAGES} FOR EACH ROW "
        f"BEGIN IF OLD.state <> NEW.state THEN {_INSERT} END IF; END"
    ],
}


def create_trigger() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE {_TABLE} (id {_ID[connection.vendor]}, "
            "message bigint NOT NULL, old varchar(20) NOT NULL, new varchar(20) NOT NULL)"
        )
        for statement in _TRIGGER[connection.vendor]:
            cursor.execute(statement)


def recorded() -> list[dict[str, Any]]:
    """Return the changes in their order."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT message, old, new FROM {_TABLE} ORDER BY id")
        return [{"message": message, "old": old, "new": new} for message, old, new in cursor.fetchall()]
