"""An idempotency key is unique by its digest: MySQL's collations take "kunde-Å" and "kunde-a" for the same.

The keys of rows that are there already get theirs, so that a key asked for again after the upgrade still sends once.
"""

import hashlib
import json

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

BATCH = 1000


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rows = apps.get_model("front_sms", "OutboundMessage")._default_manager.using(schema_editor.connection.alias)
    keyed = rows.exclude(idempotency_key=None).filter(idempotency_digest=None).order_by("pk")
    done = 0
    while batch := list(keyed.filter(pk__gt=done).only("account", "idempotency_key")[:BATCH]):
        for row in batch:
            parts = json.dumps([row.account, row.idempotency_key])
            row.idempotency_digest = hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()
        rows.bulk_update(batch, ["idempotency_digest"])
        done = batch[-1].pk


class Migration(migrations.Migration):
    dependencies = [("front_sms", "0004_plain_index_of_missed_statuses_on_mysql")]
    operations = [
        migrations.RemoveConstraint(model_name="outboundmessage", name="front_sms_idempotent"),
        migrations.AddField(
            model_name="outboundmessage",
            name="idempotency_digest",
            field=models.CharField(editable=False, max_length=32, null=True, unique=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
