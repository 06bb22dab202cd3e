"""The tables. MySQL and MariaDB have no partial indexes: Django leaves the condition out, and with it the column that the
condition tests. There that column comes first in the index, so that a claim reads no more rows than elsewhere.
"""

import django.db.models.deletion
import django.utils.timezone
import django_front_sms.models.event
import django_front_sms.models.inbound
import django_front_sms.models.saved_text
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# Model, index, and its columns on MySQL. The first character of a problem tells whether there is one.
MYSQL_INDEXES = [
    ("OutboundMessage", "front_sms_due", "state, account, priority, next_at, id"),
    ("OutboundMessage", "front_sms_leased", "state, lease_until"),
    ("OutboundMessage", "front_sms_expiring", "state, expires_at"),
    ("OutboundMessage", "front_sms_at_risk", "state, risk_at"),
    ("OutboundMessage", "front_sms_no_status_yet", "account, state, status_missed_at, sent_at"),
    ("OutboundMessage", "front_sms_out_urgent", "priority, id"),
    ("OutboundMessage", "front_sms_sensitive", "`sensitive`, id"),
    ("DeliveryStatus", "front_sms_status_problem", "problem(1), id"),
    ("InboundMessage", "front_sms_in_problem", "problem(1), id"),
    ("Event", "front_sms_event_failed", "failed, id"),
    # None: rejected messages are few, and without a condition every message would pay for the index.
    ("OutboundMessage", "front_sms_out_refused", None),
]


def replace_partial_indexes(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "mysql":
        return
    for statement in schema_editor.deferred_sql:  # the indexes, which are otherwise created at the end
        schema_editor.execute(statement)
    schema_editor.deferred_sql.clear()
    for model, name, columns in MYSQL_INDEXES:
        table = apps.get_model("front_sms", model)._meta.db_table
        addition = f", ADD INDEX {name} ({columns})" if columns else ""
        schema_editor.execute(f"ALTER TABLE {table} DROP INDEX {name}{addition}")


def leave_room_for_outcomes(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fill pages of attempts by half on PostgreSQL. Each attempt is written once more, with its outcome, and where its
    page has room that needs no new entry in any index."""
    if schema_editor.connection.vendor == "postgresql":
        table = apps.get_model("front_sms", "SendAttempt")._meta.db_table
        schema_editor.execute(f"ALTER TABLE {table} SET (fillfactor = 50)")


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(editable=False, max_length=32, unique=True)),
                ("account", models.CharField(max_length=50, verbose_name="account")),
                ("claims", models.BigIntegerField(default=0, editable=False)),
                ("clock", models.DateTimeField(editable=False, null=True)),
                ("readings", models.JSONField(default=dict, editable=False)),
                ("slots", models.JSONField(default=dict, editable=False)),
                ("generation", models.PositiveIntegerField(default=0, editable=False)),
                ("paused_at", models.DateTimeField(blank=True, null=True, verbose_name="paused since")),
                ("pause_code", models.IntegerField(blank=True, null=True, verbose_name="because of code")),
                ("probe_at", models.DateTimeField(blank=True, null=True, verbose_name="next probe")),
                ("probes", models.PositiveIntegerField(default=0, verbose_name="probes")),
                ("rate_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "verbose_name": "account",
                "verbose_name_plural": "accounts",
                "permissions": [("resume_accountstate", "Can resume paused accounts")],
            },
        ),
        migrations.CreateModel(
            name="ActiveAlert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=30)),
                ("subject", models.CharField(max_length=100)),
                ("since", models.DateTimeField(default=django.utils.timezone.now)),
                ("mailed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["pk"],
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("name", "subject"), name="front_sms_one_alert")],
            },
        ),
        migrations.CreateModel(
            name="InboundCounter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=50, unique=True, verbose_name="account")),
                ("turns", models.BigIntegerField(default=0, editable=False)),
                ("lowest", models.BigIntegerField(editable=False, null=True)),
                ("highest", models.BigIntegerField(editable=False, null=True)),
                ("highest_at", models.DateTimeField(editable=False, null=True)),
                ("reset_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "verbose_name": "counter",
                "verbose_name_plural": "counters",
            },
        ),
        migrations.CreateModel(
            name="InboundMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=50, verbose_name="account")),
                ("gateway_id", models.BigIntegerField(blank=True, null=True, verbose_name="Front's id")),
                ("sender", models.CharField(blank=True, default="", max_length=100, verbose_name="sender")),
                ("recipient", models.CharField(blank=True, default="", max_length=100, verbose_name="recipient")),
                ("text", models.TextField(blank=True, default="", verbose_name="text")),
                ("keyword", models.CharField(blank=True, default="", max_length=200, verbose_name="keyword")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                ("counter", models.BigIntegerField(blank=True, null=True, verbose_name="counter")),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="received")),
                ("api", models.CharField(choices=[("get", "GET"), ("json", "JSON")], max_length=4, verbose_name="API")),
                ("raw", models.BinaryField(blank=True, default=b"", verbose_name="as it came")),
                ("problem", models.CharField(blank=True, default="", max_length=1000, verbose_name="problem")),
                (
                    "opt_out_intent",
                    models.CharField(
                        blank=True,
                        choices=[("", "—"), ("out", "opt-out"), ("in", "opt-in"), ("perhaps", "perhaps an opt-out")],
                        default="",
                        editable=False,
                        max_length=8,
                        verbose_name="opt-out intent",
                    ),
                ),
                ("announced", models.BooleanField(default=False, editable=False)),
                (
                    "process_at",
                    models.DateTimeField(blank=True, default=django.utils.timezone.now, editable=False, null=True),
                ),
                ("identity", models.CharField(editable=False, max_length=32, unique=True)),
                ("content_digest", models.CharField(editable=False, max_length=32)),
            ],
            options={
                "verbose_name": "inbound message",
                "verbose_name_plural": "inbound messages",
                "ordering": ["-pk"],
                "permissions": [
                    ("read_again_inboundmessage", "Can read inbound messages again"),
                    ("export_inboundmessage", "Can export inbound messages"),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("process_at__isnull", False)),
                        fields=["process_at"],
                        name="front_sms_to_process",
                    ),
                    models.Index(fields=["sender", "recipient", "id"], name="front_sms_in_sender"),
                    models.Index(fields=["account", "sender", "id"], name="front_sms_in_thread"),
                    models.Index(fields=["account", "counter"], name="front_sms_in_counter"),
                    models.Index(fields=["account", "gateway_id"], name="front_sms_in_gateway_id"),
                    models.Index(fields=["received_at"], name="front_sms_in_received"),
                    models.Index(
                        condition=models.Q(("problem", ""), _negated=True), fields=["id"], name="front_sms_in_problem"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RateCounter",
            fields=[
                ("key", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("limit", models.CharField(max_length=20)),
                ("account", models.CharField(blank=True, default="", max_length=50)),
                ("used", models.JSONField(default=list)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "ordering": ["key"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="RefusedPush",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=50, verbose_name="account")),
                ("purpose", models.CharField(max_length=10, verbose_name="purpose")),
                ("size", models.BigIntegerField(blank=True, null=True, verbose_name="size in bytes")),
                ("limit", models.BigIntegerField(blank=True, null=True, verbose_name="limit in bytes")),
                ("reason", models.CharField(blank=True, default="", max_length=50, verbose_name="reason")),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="received")),
            ],
            options={
                "verbose_name": "refused push",
                "verbose_name_plural": "refused pushes",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="BulkSend",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=50, verbose_name="account")),
                ("sender", models.CharField(max_length=20, verbose_name="sender")),
                ("text", models.TextField(verbose_name="text")),
                ("unicode", models.BooleanField(default=False, verbose_name="Unicode")),
                ("recipients", models.PositiveIntegerField(default=0, verbose_name="recipients")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("metadata", models.JSONField(blank=True, default=dict, verbose_name="metadata")),
                (
                    "idempotency_key",
                    models.CharField(blank=True, max_length=200, null=True, verbose_name="idempotency key"),
                ),
                ("idempotency_digest", models.CharField(editable=False, max_length=32, null=True, unique=True)),
                ("payload_digest", models.CharField(blank=True, default="", editable=False, max_length=32)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
            ],
            options={
                "verbose_name": "bulk send",
                "verbose_name_plural": "bulk sends",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="CounterGap",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=50, verbose_name="account")),
                ("first", models.BigIntegerField(verbose_name="first")),
                ("last", models.BigIntegerField(verbose_name="last")),
                ("came", models.JSONField(blank=True, default=list, verbose_name="came late")),
                ("shown_at", models.DateTimeField(editable=False)),
                ("found_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="found")),
                ("announced_at", models.DateTimeField(blank=True, null=True, verbose_name="announced")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                ("is_reset", models.BooleanField(default=False, verbose_name="counter restarted")),
            ],
            options={
                "verbose_name": "counter gap",
                "verbose_name_plural": "counter gaps",
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["closed_at", "account"], name="front_sms_gap_open")],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "event_id",
                    models.CharField(default=django_front_sms.models.event.new_event_id, editable=False, max_length=32),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("message_received", "message received"),
                            ("reply_received", "reply received"),
                            ("state_changed", "state changed"),
                            ("status_received", "status received"),
                            ("counter_gap", "counter gap"),
                            ("sending_paused", "sending paused"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("subject", models.CharField(max_length=80)),
                ("data", models.JSONField(default=dict, verbose_name="data")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="created")),
                (
                    "next_at",
                    models.DateTimeField(blank=True, default=django.utils.timezone.now, null=True, verbose_name="due"),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("delivered_to", models.JSONField(blank=True, default=list)),
                ("failed", models.BooleanField(default=False, verbose_name="given up")),
                ("traceback", models.TextField(blank=True, default="", verbose_name="traceback")),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
                "ordering": ["pk"],
                "permissions": [("redeliver_event", "Can deliver events again")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_at__isnull", False)),
                        fields=["next_at", "id"],
                        name="front_sms_event_due",
                    ),
                    models.Index(fields=["subject", "id"], name="front_sms_event_subject"),
                    models.Index(condition=models.Q(("failed", True)), fields=["id"], name="front_sms_event_failed"),
                    models.Index(
                        condition=models.Q(("kind", "state_changed"), _negated=True),
                        fields=["kind", "id"],
                        name="front_sms_event_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Conversation",
            fields=[],
            options={
                "verbose_name": "conversation",
                "verbose_name_plural": "conversations",
                "ordering": ["-pk"],
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("front_sms.inboundmessage",),
        ),
        migrations.CreateModel(
            name="OutboundMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=50, verbose_name="account")),
                ("recipient", models.CharField(help_text="E.164", max_length=20, verbose_name="recipient")),
                ("sender", models.CharField(max_length=20, verbose_name="sender")),
                ("text", models.TextField(verbose_name="text")),
                ("unicode", models.BooleanField(default=False, verbose_name="Unicode")),
                ("segments", models.PositiveSmallIntegerField(default=1, verbose_name="segments")),
                ("price", models.PositiveIntegerField(blank=True, null=True, verbose_name="price in øre")),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "normal"), (1, "urgent")], default=0, verbose_name="priority"
                    ),
                ),
                (
                    "on_duplicate",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "as the site's settings say"),
                            ("defer", "wait for the end of the duplicate window"),
                            ("coalesce", "do not send again"),
                            ("reject", "reject"),
                        ],
                        default="",
                        max_length=8,
                        verbose_name="on duplicate",
                    ),
                ),
                ("ignore_opt_out", models.BooleanField(default=False, verbose_name="ignore opt-out")),
                (
                    "sensitive",
                    models.BooleanField(
                        default=False,
                        help_text="The text is shown to nobody, and removed once the message is final.",
                        verbose_name="sensitive",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "queued"),
                            ("sending", "sending"),
                            ("sent", "sent"),
                            ("at_operator", "at the operator"),
                            ("delivered", "delivered"),
                            ("undelivered", "undelivered"),
                            ("rejected", "rejected"),
                            ("unconfirmed", "unconfirmed"),
                            ("duplicate", "duplicate"),
                            ("cancelled", "stopped"),
                            ("expired", "expired"),
                        ],
                        default="queued",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("gateway_id", models.BigIntegerField(blank=True, null=True, verbose_name="Front's id")),
                ("error_code", models.BigIntegerField(blank=True, null=True, verbose_name="error code")),
                ("error_text", models.CharField(blank=True, default="", max_length=300, verbose_name="error")),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                (
                    "waits_for",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "—"),
                            ("schedule", "its scheduled time"),
                            ("twin", "the end of the duplicate window of an equal message"),
                            ("retry", "the next attempt"),
                            ("quiet", "the end of the quiet hours"),
                        ],
                        default="",
                        max_length=8,
                        verbose_name="waits for",
                    ),
                ),
                ("given_up", models.BooleanField(default=False, verbose_name="given up")),
                ("scheduled_at", models.DateTimeField(blank=True, null=True, verbose_name="scheduled for")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                (
                    "next_at",
                    models.DateTimeField(blank=True, default=django.utils.timezone.now, null=True, verbose_name="due"),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                ("delivered_at", models.DateTimeField(blank=True, null=True, verbose_name="delivered")),
                (
                    "status_missed_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="no status, noted"),
                ),
                (
                    "idempotency_key",
                    models.CharField(blank=True, max_length=200, null=True, verbose_name="idempotency key"),
                ),
                ("idempotency_digest", models.CharField(editable=False, max_length=32, null=True)),
                ("payload_digest", models.CharField(blank=True, default="", editable=False, max_length=32)),
                ("metadata", models.JSONField(blank=True, default=dict, verbose_name="metadata")),
                ("token", models.CharField(blank=True, default="", editable=False, max_length=32)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("risk_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="at risk since")),
                (
                    "bulk",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="messages",
                        to="front_sms.bulksend",
                        verbose_name="bulk send",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "duplicate_of",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="duplicates",
                        to="front_sms.outboundmessage",
                        verbose_name="duplicate of",
                    ),
                ),
                (
                    "reply_to",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="answers",
                        to="front_sms.inboundmessage",
                        verbose_name="reply to",
                    ),
                ),
            ],
            options={
                "verbose_name": "outgoing message",
                "verbose_name_plural": "sent messages",
                "ordering": ["-pk"],
                "permissions": [
                    ("cancel_outboundmessage", "Can cancel outgoing messages"),
                    ("resend_outboundmessage", "Can resend outgoing messages"),
                    ("decide_outboundmessage", "Can decide about unconfirmed messages"),
                    ("set_price_outboundmessage", "Can set the price of outgoing messages"),
                    ("ignore_opt_out_outboundmessage", "Can send to people who opted out"),
                    ("export_outboundmessage", "Can export outgoing messages"),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "queued")),
                        fields=["account", "priority", "next_at", "id"],
                        name="front_sms_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "sending")), fields=["lease_until"], name="front_sms_leased"
                    ),
                    models.Index(
                        condition=models.Q(("state", "queued")), fields=["expires_at"], name="front_sms_expiring"
                    ),
                    models.Index(
                        condition=models.Q(("risk_at__isnull", False), ("state", "queued")),
                        fields=["risk_at"],
                        name="front_sms_at_risk",
                    ),
                    models.Index(
                        condition=models.Q(("state", "unconfirmed")), fields=["id"], name="front_sms_unconfirmed"
                    ),
                    models.Index(
                        condition=models.Q(
                            ("gateway_id__isnull", False), ("state", "sent"), ("status_missed_at", None)
                        ),
                        fields=["account", "sent_at"],
                        name="front_sms_no_status_yet",
                    ),
                    models.Index(
                        condition=models.Q(("state", "sent"), ("status_missed_at__isnull", False)),
                        fields=["id"],
                        name="front_sms_status_missed",
                    ),
                    models.Index(
                        condition=models.Q(("gateway_id__isnull", False)),
                        fields=["account", "gateway_id"],
                        name="front_sms_out_gateway_id",
                    ),
                    models.Index(fields=["recipient", "sender", "id"], name="front_sms_out_recipient"),
                    models.Index(fields=["account", "recipient", "id"], name="front_sms_out_thread"),
                    models.Index(fields=["state", "id"], name="front_sms_out_state"),
                    models.Index(fields=["account", "created_at", "state", "segments"], name="front_sms_out_created"),
                    models.Index(condition=models.Q(("priority", 1)), fields=["id"], name="front_sms_out_urgent"),
                    models.Index(condition=models.Q(("sensitive", True)), fields=["id"], name="front_sms_sensitive"),
                    models.Index(
                        condition=models.Q(("duplicate_of__isnull", False)),
                        fields=["duplicate_of"],
                        name="front_sms_out_duplicate_of",
                    ),
                    models.Index(
                        condition=models.Q(("reply_to__isnull", False)),
                        fields=["reply_to"],
                        name="front_sms_out_reply_to",
                    ),
                    models.Index(
                        condition=models.Q(("bulk__isnull", False)), fields=["bulk"], name="front_sms_out_bulk"
                    ),
                    models.Index(
                        condition=models.Q(("created_by__isnull", False)),
                        fields=["created_by"],
                        name="front_sms_out_created_by",
                    ),
                    models.Index(
                        condition=models.Q(("state", "rejected")),
                        fields=["account", "created_at", "error_code"],
                        name="front_sms_out_refused",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "queued",
                                    "sending",
                                    "sent",
                                    "at_operator",
                                    "delivered",
                                    "undelivered",
                                    "rejected",
                                    "unconfirmed",
                                    "duplicate",
                                    "cancelled",
                                    "expired",
                                ],
                            )
                        ),
                        name="front_sms_known_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "queued"), _negated=True), ("next_at__isnull", False), _connector="OR"
                        ),
                        name="front_sms_queued_has_due_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "sending"), _negated=True),
                            ("lease_until__isnull", False),
                            _connector="OR",
                        ),
                        name="front_sms_sending_has_lease",
                    ),
                    models.UniqueConstraint(fields=("idempotency_digest",), name="front_sms_out_idempotency"),
                ],
            },
        ),
        migrations.AddField(
            model_name="inboundmessage",
            name="in_reply_to",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="replies",
                to="front_sms.outboundmessage",
                verbose_name="in reply to",
            ),
        ),
        migrations.CreateModel(
            name="DeliveryStatus",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=50, verbose_name="account")),
                ("gateway_id", models.BigIntegerField(blank=True, null=True, verbose_name="Front's id")),
                ("status", models.BigIntegerField(blank=True, null=True, verbose_name="status")),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="received")),
                ("raw", models.BinaryField(blank=True, default=b"", verbose_name="as it came")),
                ("problem", models.CharField(blank=True, default="", max_length=1000, verbose_name="problem")),
                (
                    "process_at",
                    models.DateTimeField(blank=True, default=django.utils.timezone.now, editable=False, null=True),
                ),
                (
                    "message",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="statuses",
                        to="front_sms.outboundmessage",
                        verbose_name="message",
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery status",
                "verbose_name_plural": "delivery statuses",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("process_at__isnull", False)),
                        fields=["process_at"],
                        name="front_sms_to_fold",
                    ),
                    models.Index(fields=["account", "gateway_id"], name="front_sms_status_id"),
                    models.Index(fields=["received_at"], name="front_sms_status_received"),
                    models.Index(
                        condition=models.Q(("problem", ""), _negated=True),
                        fields=["id"],
                        name="front_sms_status_problem",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(blank=True, default="", max_length=50, verbose_name="account")),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("cancel", "stopped it"),
                            ("mark_sent", "marked it as sent"),
                            ("send_anyway", "sent it anyway"),
                            ("give_up", "gave it up"),
                            ("resume", "resumed the account"),
                        ],
                        max_length=12,
                        verbose_name="decision",
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="at")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="decisions",
                        to="front_sms.outboundmessage",
                        verbose_name="message",
                    ),
                ),
            ],
            options={
                "verbose_name": "decision",
                "verbose_name_plural": "decisions",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Dashboard",
            fields=[],
            options={
                "verbose_name": "dashboard",
                "verbose_name_plural": "dashboard",
                "ordering": ["-pk"],
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("front_sms.outboundmessage",),
        ),
        migrations.CreateModel(
            name="SavedText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="What the text is called, in lists and in code.", max_length=100, verbose_name="name"
                    ),
                ),
                (
                    "account",
                    models.CharField(
                        blank=True, default="", help_text="Empty: every account.", max_length=50, verbose_name="account"
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="A code such as nb. Empty: any language.",
                        max_length=20,
                        verbose_name="language",
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        help_text="Words in braces are filled in: Hello {name}!",
                        validators=[django_front_sms.models.saved_text.check_placeholders],
                        verbose_name="text",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("changed_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
            ],
            options={
                "verbose_name": "saved text",
                "verbose_name_plural": "saved texts",
                "ordering": ["name", "account", "language"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("name", "account", "language"),
                        name="front_sms_one_saved_text",
                        violation_error_message="There is a text of this name for the same account and language already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SendAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("token", models.CharField(editable=False, max_length=32)),
                ("twin_key", models.CharField(editable=False, max_length=32)),
                ("wire_recipient", models.CharField(max_length=20, verbose_name="recipient on the wire")),
                ("wire_sender", models.CharField(max_length=20, verbose_name="sender on the wire")),
                ("wire_digest", models.CharField(editable=False, max_length=32)),
                ("claimed_at", models.DateTimeField(verbose_name="claimed")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                ("duration", models.FloatField(blank=True, null=True, verbose_name="duration in seconds")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("pending", "under way"),
                            ("not_sent", "not sent"),
                            ("answered", "answered"),
                            ("ambiguous", "no clear answer"),
                            ("lost", "worker stopped"),
                        ],
                        default="pending",
                        max_length=9,
                        verbose_name="outcome",
                    ),
                ),
                ("http_status", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="HTTP status")),
                ("error_code", models.BigIntegerField(blank=True, null=True, verbose_name="error code")),
                ("gateway_id", models.BigIntegerField(blank=True, null=True, verbose_name="Front's id")),
                ("detail", models.CharField(blank=True, default="", max_length=300, verbose_name="detail")),
                ("voided", models.BooleanField(default=False, verbose_name="set aside by a person")),
                (
                    "message",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="send_attempts",
                        to="front_sms.outboundmessage",
                        verbose_name="message",
                    ),
                ),
            ],
            options={
                "verbose_name": "attempt",
                "verbose_name_plural": "attempts",
                "ordering": ["message", "number"],
                "indexes": [models.Index(fields=["twin_key", "claimed_at"], name="front_sms_twin")],
                "constraints": [models.UniqueConstraint(fields=("message", "number"), name="front_sms_attempt_number")],
            },
        ),
        migrations.CreateModel(
            name="ComposerDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("content", models.TextField()),
                ("changed_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "draft",
                "verbose_name_plural": "drafts",
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("user", "key"), name="front_sms_one_draft")],
            },
        ),
        migrations.CreateModel(
            name="HandledConversation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=50, verbose_name="account")),
                ("number", models.CharField(max_length=100, verbose_name="number")),
                ("up_to", models.BigIntegerField(editable=False)),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="handled")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="handled by",
                    ),
                ),
            ],
            options={
                "verbose_name": "handled conversation",
                "verbose_name_plural": "handled conversations",
                "default_permissions": (),
                "indexes": [models.Index(fields=["number"], name="front_sms_handled_number")],
                "constraints": [models.UniqueConstraint(fields=("account", "number"), name="front_sms_one_handled")],
            },
        ),
        migrations.CreateModel(
            name="MmsFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("gateway_id", models.BigIntegerField(blank=True, null=True, verbose_name="Front's id")),
                ("content_type", models.CharField(blank=True, default="", max_length=255, verbose_name="content type")),
                ("name", models.CharField(blank=True, default="", max_length=255, verbose_name="name")),
                (
                    "file",
                    models.FileField(
                        blank=True,
                        default="",
                        max_length=255,
                        storage=django_front_sms.models.inbound.mms_storage,
                        upload_to="",
                        verbose_name="file",
                    ),
                ),
                ("size", models.PositiveBigIntegerField(default=0, verbose_name="size in bytes")),
                ("sha256", models.CharField(blank=True, default="", max_length=64, verbose_name="SHA-256")),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                ("repaired", models.BooleanField(default=False, verbose_name="repaired")),
                (
                    "message",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="files",
                        to="front_sms.inboundmessage",
                        verbose_name="message",
                    ),
                ),
            ],
            options={
                "verbose_name": "MMS file",
                "verbose_name_plural": "MMS files",
                "ordering": ["message", "position"],
                "constraints": [
                    models.UniqueConstraint(fields=("message", "position"), name="front_sms_file_position")
                ],
            },
        ),
        migrations.CreateModel(
            name="OptOut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(default="default", max_length=50, verbose_name="account")),
                (
                    "sender",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="The number or name that messages come from. Empty: every sender of the account.",
                        max_length=20,
                        verbose_name="sender",
                    ),
                ),
                (
                    "number",
                    models.CharField(
                        help_text="The number that no messages are sent to.", max_length=20, verbose_name="number"
                    ),
                ),
                ("since", models.DateTimeField(default=django.utils.timezone.now, verbose_name="since")),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="opt_outs",
                        to="front_sms.inboundmessage",
                        verbose_name="inbound message",
                    ),
                ),
            ],
            options={
                "verbose_name": "opt-out",
                "verbose_name_plural": "opt-outs",
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["number"], name="front_sms_opt_out_number")],
                "constraints": [
                    models.UniqueConstraint(fields=("account", "number", "sender"), name="front_sms_one_opt_out")
                ],
            },
        ),
        # MySQL takes no DDL in a transaction.
        migrations.RunPython(replace_partial_indexes, migrations.RunPython.noop, atomic=False),
        migrations.RunPython(leave_room_for_outcomes, migrations.RunPython.noop),
    ]
