"""The desk has a place in the admin, and what staff look for among millions of rows has indexes.

MySQL and MariaDB have no partial indexes, and Django leaves the condition out: there its column comes first instead.
"""

from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# Model, index, and the columns that it has on MySQL. The first character of a problem tells whether there is one.
INDEXES = [
    ("OutboundMessage", "front_sms_out_urgent", "priority, id"),
    ("DeliveryStatus", "front_sms_status_problem", "problem(1), id"),
    ("InboundMessage", "front_sms_in_problem", "problem(1), id"),
]


def replace(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "mysql":
        return
    for model, name, columns in INDEXES:
        table = apps.get_model("front_sms", model)._meta.db_table
        schema_editor.execute(f"ALTER TABLE {table} DROP INDEX {name}, ADD INDEX {name} ({columns})")


class Migration(migrations.Migration):
    dependencies = [
        ("front_sms", "0008_conversations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Desk",
            fields=[],
            options={
                "verbose_name": "desk",
                "verbose_name_plural": "desk",
                "ordering": ["-pk"],
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("front_sms.outboundmessage",),
        ),
        migrations.RemoveIndex(model_name="outboundmessage", name="front_sms_out_created"),
        migrations.AddIndex(
            model_name="outboundmessage",
            index=models.Index(fields=["account", "created_at", "state", "segments"], name="front_sms_out_created"),
        ),
        migrations.AddIndex(
            model_name="outboundmessage",
            index=models.Index(condition=models.Q(("priority", 1)), fields=["id"], name="front_sms_out_urgent"),
        ),
        migrations.AddIndex(
            model_name="deliverystatus",
            index=models.Index(fields=["received_at"], name="front_sms_status_received"),
        ),
        migrations.AddIndex(
            model_name="deliverystatus",
            index=models.Index(
                condition=models.Q(("problem", ""), _negated=True), fields=["id"], name="front_sms_status_problem"
            ),
        ),
        migrations.AddIndex(
            model_name="inboundmessage",
            index=models.Index(fields=["received_at"], name="front_sms_in_received"),
        ),
        migrations.AddIndex(
            model_name="inboundmessage",
            index=models.Index(
                condition=models.Q(("problem", ""), _negated=True), fields=["id"], name="front_sms_in_problem"
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("kind", "state_changed"), _negated=True),
                fields=["kind", "id"],
                name="front_sms_event_kind",
            ),
        ),
        migrations.RunPython(replace, migrations.RunPython.noop, atomic=False),  # MySQL takes no DDL in a transaction
    ]
