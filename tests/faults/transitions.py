"""Each change of a message's state, noted by a trigger of the database itself: what the events are held against."""

from typing import Any

_TABLE = "faults_transition"
_MESSAGES = "front_sms_outboundmessage"
_NOTE = f"INSERT INTO {_TABLE} (message, old, new) VALUES (OLD.id, OLD.state, NEW.state);"
_ID = {
    "postgresql": "bigserial PRIMARY KEY",
    "sqlite": "integer PRIMARY KEY AUTOINCREMENT",
    "mysql": "bigint AUTO_INCREMENT PRIMARY KEY",
}
_TRIGGER = {
    "postgresql": [
        f"CREATE FUNCTION {_TABLE}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {_NOTE} RETURN NULL; END $$",
        f"CREATE TRIGGER {_TABLE} AFTER UPDATE OF state ON {_MESSAGES} FOR EACH ROW "
        f"WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION {_TABLE}()",
    ],
    "sqlite": [
        f"CREATE TRIGGER {_TABLE}_after AFTER UPDATE OF state ON {_MESSAGES} FOR EACH ROW "
        f"WHEN OLD.state <> NEW.state BEGIN {_NOTE} END"
    ],
    "mysql": [
        f"CREATE TRIGGER {_TABLE} AFTER UPDATE ON {_MESSAGES} FOR EACH ROW "
        f"BEGIN IF OLD.state <> NEW.state THEN {_NOTE} END IF; END"
    ],
}


def note_transitions() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE {_TABLE} (id {_ID[connection.vendor]}, "
            "message bigint NOT NULL, old varchar(20) NOT NULL, new varchar(20) NOT NULL)"
        )
        for statement in _TRIGGER[connection.vendor]:
            cursor.execute(statement)


def noted() -> list[dict[str, Any]]:
    """In the order in which they were made."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT message, old, new FROM {_TABLE} ORDER BY id")
        return [{"message": message, "old": old, "new": new} for message, old, new in cursor.fetchall()]
