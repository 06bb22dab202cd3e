"""MySQL and MariaDB have no partial indexes: they get plain ones in their place, so that a claim never reads the table."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

INDEXES = {
    "OutboundMessage": [
        ("front_sms_due", ["account", "state", "priority", "next_at", "id"]),
        ("front_sms_leased", ["state", "lease_until"]),
        ("front_sms_expiring", ["state", "expires_at"]),
        ("front_sms_at_risk", ["state", "risk_at"]),
    ],
    "DeliveryStatus": [("front_sms_to_fold", ["look_at"])],
    "InboundMessage": [("front_sms_to_process", ["look_at"])],
    "Event": [("front_sms_event_due", ["next_at", "id"]), ("front_sms_event_failed", ["failed", "id"])],
}


def _run(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor, statement: str) -> None:
    if schema_editor.connection.vendor != "mysql":
        return
    for model, indexes in INDEXES.items():
        table = apps.get_model("front_sms", model)._meta.db_table
        for name, columns in indexes:
            schema_editor.execute(statement.format(name=name, table=table, columns=", ".join(columns)))


def create(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _run(apps, schema_editor, "CREATE INDEX {name} ON {table} ({columns})")


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _run(apps, schema_editor, "DROP INDEX {name} ON {table}")


class Migration(migrations.Migration):
    atomic = False  # MySQL cannot roll back a change of the schema, and Django refuses one inside a transaction
    dependencies = [("front_sms", "0001_initial")]
    operations = [migrations.RunPython(create, drop, atomic=False)]  # MySQL takes no DDL in a transaction
