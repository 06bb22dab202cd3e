"""Sending from a table that holds many messages already, against an empty one; 0 ms gateway."""

from collections.abc import Iterator

from django.db import connection

from benchmarks.measurement import Options, Row
from benchmarks.sending import gateway, product

_MESSAGES = """
INSERT INTO front_sms_outboundmessage (account, recipient, sender, text, unicode, segments, priority, on_duplicate,
    ignore_opt_out, sensitive, state, gateway_id, error_text, attempts, waits_for, given_up, created_at, sent_at,
    delivered_at, payload_digest, metadata, token)
SELECT 'default', '+479' || lpad(mod(n * 7919, 10000000)::text, 7, '0'), 'Mitt Firma', 'Hei! Du har time. ' || n, false,
    1, 0, '', false, false, 'delivered', n, '', 1, '', false, at, at, at, '', '{}', ''
FROM (SELECT n, now() - n * interval '1 second' AS at FROM generate_series(1::bigint, %s) n) numbered
"""
_ATTEMPTS = """
INSERT INTO front_sms_sendattempt (message_id, number, token, twin_key, wire_recipient, wire_sender, wire_digest,
    claimed_at, finished_at, duration, outcome, http_status, error_code, gateway_id, detail, voided)
SELECT id, 1, '', md5(id::text), recipient, sender, md5(id::text), sent_at, sent_at, 0.1, 'answered', 200, 0,
    gateway_id, '', false
FROM front_sms_outboundmessage WHERE state = 'delivered'
"""


_TABLES = ("front_sms_outboundmessage", "front_sms_sendattempt")
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename = ANY(%s) AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""


def empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE front_sms_outboundmessage, front_sms_sendattempt, front_sms_event CASCADE")
        cursor.execute("ANALYZE")


def fill(rows: int) -> None:
    """Fill the tables, and create the indexes afterwards: much faster, but they are denser than indexes that grew."""
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'")
        cursor.execute("SET session_replication_role = replica")  # the referenced rows are in the same statement
        cursor.execute(_INDEXES, [list(_TABLES)])
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        cursor.execute(_MESSAGES, [rows])
        cursor.execute(_ATTEMPTS)
        for _name, definition in indexes:
            cursor.execute(definition)
        cursor.execute(f"VACUUM ANALYZE {', '.join(_TABLES)}")
        cursor.execute("RESET session_replication_role")


def measure(options: Options) -> Iterator[Row]:
    """Measure in two blocks, not alternately: filling takes longer than sending."""
    what = f"sending at {options.rows:,} rows, of an empty table (0 ms)"
    figures = []
    with gateway(0) as url:
        for rows in (0, options.rows):
            options.step(f"{what}: {rows:,} rows are made")
            empty()
            if rows:
                fill(rows)
            product(url, options.count)
            figures.append([])
            for number in range(options.rounds):
                options.step(f"{what}: at {rows:,}, round {number + 1}")
                figures[-1].append(product(url, options.count))
    empty()
    none, many = figures
    yield Row(what, [options.count / c.seconds for c in many], [options.count / c.seconds for c in none], at_least=0.9)
    yield Row(
        "the same, CPU of worker and PostgreSQL",
        [(c.worker + c.database) / options.count * 1000 for c in many],
        [(c.worker + c.database) / options.count * 1000 for c in none],
        unit=" ms",
    )
