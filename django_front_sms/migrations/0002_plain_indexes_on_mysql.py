"""MySQL and MariaDB have no partial indexes: Django leaves the condition out, and so the column that it is about. Here
that column comes first, so that a claim never reads the table."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# Model, index, the column of its condition, and the columns that Django gave it.
INDEXES = [
    ("OutboundMessage", "front_sms_due", "state", "account, priority, next_at, id"),
    ("OutboundMessage", "front_sms_leased", "state", "lease_until"),
    ("OutboundMessage", "front_sms_expiring", "state", "expires_at"),
    ("OutboundMessage", "front_sms_at_risk", "state", "risk_at"),
    ("Event", "front_sms_event_failed", "failed", "id"),
]


def _replace(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor, *, with_condition: bool) -> None:
    if schema_editor.connection.vendor != "mysql":
        return
    for model, name, condition, columns in INDEXES:
        table = apps.get_model("front_sms", model)._meta.db_table
        wanted = f"{condition}, {columns}" if with_condition else columns
        schema_editor.execute(f"ALTER TABLE {table} DROP INDEX {name}, ADD INDEX {name} ({wanted})")


def replace(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _replace(apps, schema_editor, with_condition=True)


def restore(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _replace(apps, schema_editor, with_condition=False)


class Migration(migrations.Migration):
    dependencies = [("front_sms", "0001_initial")]
    operations = [migrations.RunPython(replace, restore, atomic=False)]  # MySQL takes no DDL in a transaction
