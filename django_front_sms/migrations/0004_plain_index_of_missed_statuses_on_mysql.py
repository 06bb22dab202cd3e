"""MySQL and MariaDB have no partial indexes, and Django leaves the condition out: one with its columns first finds the messages whose status is missing."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

NAME, COLUMNS = "front_sms_no_status_yet", "account, state, status_missed_at, sent_at"


def _run(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor, statement: str) -> None:
    if schema_editor.connection.vendor == "mysql":
        table = apps.get_model("front_sms", "OutboundMessage")._meta.db_table
        schema_editor.execute(statement.format(name=NAME, table=table, columns=COLUMNS))


def create(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _run(apps, schema_editor, "ALTER TABLE {table} DROP INDEX {name}, ADD INDEX {name} ({columns})")


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _run(apps, schema_editor, "ALTER TABLE {table} DROP INDEX {name}, ADD INDEX {name} (sent_at)")


class Migration(migrations.Migration):
    dependencies = [("front_sms", "0003_receiving")]
    operations = [migrations.RunPython(create, drop, atomic=False)]  # MySQL takes no DDL in a transaction
