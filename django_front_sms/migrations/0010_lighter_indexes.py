"""Indexes of messages leave out what most messages have not: each step that a message takes writes to all of them.

The new ones come first, so that no key is ever without one: MySQL needs an index for each foreign key, and drops its own.
"""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TO: dict[str, dict[str, Any]] = {
    "duplicate_of": {"to": "front_sms.outboundmessage", "related_name": "duplicates", "verbose_name": "duplicate of"},
    "reply_to": {"to": "front_sms.inboundmessage", "related_name": "answers", "verbose_name": "reply to"},
    "bulk": {"to": "front_sms.bulksend", "related_name": "messages", "verbose_name": "bulk send"},
    "created_by": {"to": settings.AUTH_USER_MODEL, "related_name": "+", "verbose_name": "created by"},
}


def without_nulls(name: str) -> migrations.AddIndex:
    condition = models.Q((f"{name}__isnull", False))
    index = models.Index(fields=[name], name=f"front_sms_out_{name}", condition=condition)
    return migrations.AddIndex("outboundmessage", index)


def without_its_own(name: str) -> migrations.AlterField:
    key: Any = models.ForeignKey
    kept = {"blank": True, "null": True, "on_delete": django.db.models.deletion.SET_NULL}
    return migrations.AlterField("outboundmessage", name, key(db_index=False, **kept, **TO[name]))


class Migration(migrations.Migration):
    dependencies = [
        ("front_sms", "0009_looking"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        *map(without_nulls, TO),
        *map(without_its_own, TO),
        migrations.AddConstraint(
            "outboundmessage",
            models.UniqueConstraint(fields=("idempotency_digest",), name="front_sms_out_idempotency"),
        ),
        migrations.AlterField(
            "outboundmessage", "idempotency_digest", models.CharField(editable=False, max_length=32, null=True)
        ),
    ]
