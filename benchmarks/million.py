"""Ninety days of a busy clinic in PostgreSQL: a million messages, three million statuses, and their related rows.

The rows are created by a few statements in the database, in a minute or two; this needs the rights of a superuser.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection, models, transaction

MESSAGES = 1_000_000
DAYS = 90
CROWD = "+4799999999"  # one number that gets a message in a thousand

# More messages around noon than late in the day. `n` counts from 1; no time is in the future.
_AGO = "((({total}) - n) * {days} / ({total})::float8)"
_AT = """least(now() - (({total}) - n) * interval '1 millisecond', date_trunc('day', now() - {ago} * interval '1 day')
    + interval '1 day' * (f + 0.13 * sin(2 * pi() * f)))"""
_NUMBERS = """
    SELECT n, {at} AS at, (n * 2654435761) % 1000 AS h, (n * 40503) % 60000 AS who
    FROM (SELECT n, extract(epoch FROM (now() - {ago} * interval '1 day') - date_trunc('day', now() - {ago} * interval
    '1 day')) / 86400 AS f FROM generate_series(1::bigint, {total}) n) numbered
"""
_STATE = """CASE
    WHEN n > {total} - 300 THEN 'queued'
    WHEN n > {total} - 1500 THEN CASE WHEN h < 500 THEN 'sent' ELSE 'at_operator' END
    WHEN n % 20000 = 7 THEN 'unconfirmed'
    WHEN h < 930 THEN 'delivered' WHEN h < 960 THEN 'undelivered' WHEN h < 970 THEN 'at_operator'
    WHEN h < 980 THEN 'sent' WHEN h < 992 THEN 'rejected' WHEN h < 995 THEN 'cancelled'
    WHEN h < 998 THEN 'duplicate' ELSE 'expired' END"""
_RECIPIENT = f"CASE WHEN n % 1000 = 3 THEN '{CROWD}' ELSE '+479' || lpad((who * 137 % 10000000)::text, 7, '0') END"
_TEXT = """format('Hei %s! Du har time hos %s %s kl. %s:%s. Svar NEI hvis det ikke passer. Referanse %s.',
    (ARRAY['Kari','Ola','Anne','Per','Ingrid','Lars','Berit','Knut','Åse','Øyvind'])[1 + who % 10],
    (ARRAY['dr. Hansen','dr. Berg','dr. Lie','fysioterapeuten','helsesykepleier'])[1 + n % 5],
    (ARRAY['mandag','tirsdag','onsdag','torsdag','fredag'])[1 + n % 7 % 5], 8 + n % 8, lpad((n % 4 * 15)::text, 2, '0'),
    md5(n::text))"""
_SENT = "state IN ('sent', 'at_operator', 'delivered', 'undelivered')"


def fill(messages: int = MESSAGES) -> None:
    """Fill the empty tables of the database: `messages` messages, and other rows in proportion."""
    if connection.vendor != "postgresql":
        raise RuntimeError("only PostgreSQL is supported; set DATABASE_URL to a PostgreSQL database")
    with _without_indexes(), connection.cursor() as cursor:
        for statement in _statements(messages):
            cursor.execute(statement)
    with connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
            cursor.execute(f"VACUUM ANALYZE {table}")


def is_empty() -> bool:
    from django_front_sms.models import OutboundMessage

    return not OutboundMessage.objects.exists()


def clear() -> None:
    """Delete all rows."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(_tables())} RESTART IDENTITY CASCADE")


def _statements(total: int) -> Iterator[str]:
    from django_front_sms import models as ours

    inbound = total // 4
    yield _insert(ours.InboundMessage, _numbers(inbound), _inbound())
    files = f"(SELECT n FROM generate_series(1, {inbound}) n WHERE n % 50 = 0) mms, generate_series(0, 1) place"
    yield _insert(ours.MmsFile, files, {
        "message_id": "n", "position": "place", "content_type": "'image/jpeg'", "name": "'image.jpg'",
        "file": "'mms/' || md5(n::text)", "size": "40000 + n % 100000", "sha256": "md5(n::text) || md5(place::text)",
    })  # fmt: skip
    made = f"(SELECT *, {_STATE.format(total=total)} AS state FROM {_numbers(total)}) made"
    yield _insert(ours.OutboundMessage, made, _outbound(total))
    message, wire, digest = ours.OutboundMessage._meta.db_table, "message.recipient", "md5(message.id::text)"
    yield _insert(ours.SendAttempt, f"{message} message, generate_series(1, 2) turn "
                  "WHERE attempts > 0 AND (turn = 1 OR message.id % 50 = 0)", {
        "message_id": "message.id", "number": "turn", "token": digest, "twin_key": digest, "wire_digest": digest,
        "wire_recipient": wire, "wire_sender": "sender", "claimed_at": "created_at + turn * interval '1 second'",
        "finished_at": "created_at + turn * interval '1.2 second'",
        "duration": "0.2", "outcome": "CASE WHEN message.id % 50 = 0 AND turn = 1 THEN 'ambiguous' ELSE 'answered' END",
        "http_status": "200", "gateway_id": "message.gateway_id", "error_code": "0",
    })  # fmt: skip
    sources = f"{message} message, generate_series(1, 3) turn WHERE {_SENT} AND state <> 'sent'"
    yield _insert(ours.DeliveryStatus, sources, {
        "message_id": "message.id", "account": "account", "gateway_id": "gateway_id", "process_at": "NULL",
        "status": "CASE WHEN turn = 3 AND state = 'delivered' THEN 4 WHEN turn = 3 AND state = 'undelivered' THEN 5 "
                  "ELSE -1 END",
        "received_at": "created_at + turn * interval '3 second'", "raw": "('status=4&origid=' || gateway_id)::bytea",
        "problem": "CASE WHEN message.id % 9000 = 0 AND turn = 1 THEN 'Front said 4 and 5' ELSE '' END",
    })  # fmt: skip
    yield _insert(ours.DeliveryStatus, f"generate_series(1, {total // 50}) n", {
        "account": "'default'", "gateway_id": "900000000 + n", "status": "4", "process_at": "NULL",
        "received_at": f"now() - n * interval '{DAYS} days' / {total // 50}", "raw": "'status=4&origid=9'::bytea",
    })  # fmt: skip
    yield _events()


def _events() -> str:
    """The events of outgoing and inbound messages, in the order of time."""
    from django_front_sms import models as ours

    sources = f"""(
        SELECT 'state_changed' AS kind, 'out:' || id AS subject, created_at + turn * interval '3 second' AS at,
            '{{"old": "queued", "new": "sent"}}'::jsonb AS data, id % 50000 = 11 AND turn = 1 AS failed
        FROM {ours.OutboundMessage._meta.db_table}, generate_series(1, 2) turn WHERE {_SENT}
        UNION ALL SELECT 'message_received', 'in:' || id, received_at, '{{}}'::jsonb, false
        FROM {ours.InboundMessage._meta.db_table} ORDER BY at) change"""
    return _insert(ours.Event, sources, {
        "kind": "kind", "subject": "subject", "event_id": "md5(kind || subject || at)", "data": "data",
        "created_at": "at", "next_at": "NULL", "attempts": "1", "failed": "failed",
        "traceback": "CASE WHEN failed THEN 'ValueError: no' ELSE '' END",
    })  # fmt: skip


def _numbers(total: int) -> str:
    ago = _AGO.format(total=total, days=DAYS)
    return "(" + _NUMBERS.format(total=total, ago=ago, at=_AT.format(total=total, ago=ago)) + ") numbers"


def _outbound(total: int) -> dict[str, str]:
    return {
        "id": "n", "account": "'default'", "recipient": _RECIPIENT, "sender": "'Legesenter'", "text": _TEXT,
        "segments": "1 + (n % 10 = 0)::int", "priority": "(n % 400 = 1)::int", "state": "state", "created_at": "at",
        "gateway_id": f"CASE WHEN {_SENT} THEN 100000000 + n END",
        "error_code": "CASE WHEN state = 'rejected' THEN (ARRAY[1, 1, 1, 3, 12, 21])[1 + n % 6] END",
        "attempts": "CASE WHEN state IN ('queued', 'cancelled', 'duplicate', 'expired') THEN 0 ELSE 1 END",
        "next_at": "CASE WHEN state = 'queued' THEN now() + n % 100 * interval '1 hour' END",
        "sent_at": f"CASE WHEN {_SENT} THEN at + interval '1 second' END",
        "delivered_at": "CASE WHEN state = 'delivered' "
                        "THEN at + interval '1 second' * (2 + n % 17 + n % 600 / 590 * 900) END",
        "status_missed_at": f"CASE WHEN state = 'sent' AND n < {total} * 0.98 THEN at + interval '1 day' END",
        "reply_to_id": "CASE WHEN n % 40 = 0 THEN n / 4 END",
    }  # fmt: skip


def _inbound() -> dict[str, str]:
    return {
        "id": "n", "account": "'default'", "gateway_id": "500000000 + n", "sender": _RECIPIENT, "recipient": "'2097'",
        "text": "(ARRAY['Takk, det passer fint', 'NEI', 'Kan jeg få en annen tid?', 'STOPP'])[1 + n % 4]",
        "keyword": "'TIME'", "sent_at": "at", "received_at": "at + interval '1 second'", "counter": "n",
        "raw": """('{"id": ' || n || ', "text": "Takk, det passer fint"}')::bytea""", "announced": "true",
        "api": "'json'", "process_at": "NULL", "identity": "md5(n::text)", "content_digest": "md5(n::text)",
        "in_reply_to_id": "n * 4",
        "problem": "CASE WHEN n % 5000 = 0 THEN 'The time \"x\" cannot be read' ELSE '' END",
    }  # fmt: skip


def _insert(model: type[models.Model], source: str, given: Mapping[str, str]) -> str:
    """`INSERT … SELECT`; columns that are not in `given` get Django's default."""
    columns = {field.column: _default(field) for field in model._meta.concrete_fields if not field.primary_key}
    columns |= given
    return (
        f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM {source}"
    )


def _default(field: Any) -> str:
    if field.null:
        return "NULL"
    value = field.get_default()
    if isinstance(field, models.JSONField):
        return "'[]'" if value == [] else "'{}'"
    return "now()" if isinstance(field, models.DateTimeField) else f"'{value}'"


def _tables() -> list[str]:
    from django_front_sms import models as ours

    return [
        model._meta.db_table
        for model in (
            ours.OutboundMessage, ours.SendAttempt, ours.DeliveryStatus, ours.InboundMessage, ours.MmsFile, ours.Event,
        )
    ]  # fmt: skip


@contextmanager
def _without_indexes() -> Iterator[None]:
    """Drop the indexes, and create them again at the end: inserting is much faster without them."""
    ordinary = """SELECT quote_ident(c.relname), pg_get_indexdef(c.oid)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = ANY(%s::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid
        AND contype IN ('p', 'u', 'x'))"""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no foreign key is checked
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        cursor.execute(ordinary, [_tables()])
        indexes = cursor.fetchall()
        for name, _made_by in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        for _name, made_by in indexes:
            cursor.execute(made_by)
