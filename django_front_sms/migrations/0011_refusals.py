"""An index on the few messages that were rejected: no other message pays for it.

MySQL and MariaDB have no partial indexes, and Django leaves the condition out: there every message would, and none is made.
"""

from typing import ClassVar

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

INDEX = models.Index(
    condition=models.Q(("state", "rejected")),
    fields=["account", "created_at", "error_code"],
    name="front_sms_out_refused",
)


def add(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "mysql":
        schema_editor.add_index(apps.get_model("front_sms", "OutboundMessage"), INDEX)


def remove(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "mysql":
        schema_editor.remove_index(apps.get_model("front_sms", "OutboundMessage"), INDEX)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("front_sms", "0010_lighter_indexes")]

    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(add, remove)],
            state_operations=[migrations.AddIndex(model_name="outboundmessage", index=INDEX)],
        ),
    ]
