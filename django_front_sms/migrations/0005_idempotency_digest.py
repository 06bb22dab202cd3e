"""An idempotency key is unique by its digest: MySQL's collations take "kunde-Å" and "kunde-a" for the same."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("front_sms", "0004_plain_index_of_missed_statuses_on_mysql")]
    operations = [
        migrations.RemoveConstraint(model_name="outboundmessage", name="front_sms_idempotent"),
        migrations.AddField(
            model_name="outboundmessage",
            name="idempotency_digest",
            field=models.CharField(editable=False, max_length=32, null=True, unique=True),
        ),
    ]
