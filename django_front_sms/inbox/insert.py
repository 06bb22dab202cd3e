"""Inserts pushed rows durably, and in a simpler form if the database refuses their content.

A push must never fail because of its content: Front would deliver it three times and then stop its queue (§1.2).
"""

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from django.db import Error, IntegrityError, InterfaceError, OperationalError

from django_front_sms.db.content import (
    ascii_only,
    basic_plane,
    fitting,
    is_refused_content,
    packet_size,
    statement_size,
)
from django_front_sms.db.routing import connection
from django_front_sms.db.transactions import nested_transaction
from django_front_sms.models import DeliveryStatus, InboundMessage, MmsFile

Row = InboundMessage | DeliveryStatus

LONGEST_PROBLEM = 1000
CUT = "could be stored (max_allowed_packet)"
_OTHER_BYTES = 16_384  # of a statement, besides the raw body and the text
_SMS_BYTES = 65_536  # of a statement for the text, however long the raw body is
_TEXTS = ("sender", "recipient", "text", "keyword")
_FILE_TEXTS = ("content_type", "name")

# Whether a connection commits durably, by the driver's connection; asked once for each.
_durable: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


def insert(row: Row, attached: Sequence[MmsFile] = ()) -> None:
    """Insert a row and its files. Raises database errors, except those caused by the content of the row.

    Retries once if the database was busy, or had closed a connection that this process kept open.
    """

    def retrying() -> None:
        try:
            fit_packet(row, attached)
            _insert(row, attached)
        except (OperationalError, InterfaceError) as error:
            if is_refused_content(error) or not _may_retry():
                raise
            row.pk = None
            fit_packet(row, attached)  # not yet, if the connection was dead
            _insert_together(row, attached)

    save_storable(retrying, row, attached)


def save_storable(save: Callable[[], None], row: Row, attached: Sequence[MmsFile] = ()) -> None:
    """Call `save`; where the database refuses the content, make the texts simpler, note a problem, and call it again.

    Characters become U+FFFD or a question mark, values are cut. `raw` stays whole unless it is too long for the
    database.
    """
    simpler = iter((basic_plane, _latin_1, ascii_only))
    while True:
        try:
            return save()
        except IntegrityError:
            raise
        except (Error, UnicodeEncodeError, OverflowError) as error:
            if not is_refused_content(error):
                raise
            step = next(simpler, None)
            if step is None:
                raise
            _simplify(row, attached, step)
            row.pk = row.pk if not row._state.adding else None


def fit_packet(row: Row, attached: Sequence[MmsFile] = ()) -> None:
    """Cut text and raw body to what one statement of MySQL may hold (`max_allowed_packet`).

    The raw body is cut first, but an SMS of any length fits. Files that were only in the body are lost with it.
    """
    text: str = getattr(row, "text", "")
    if connection().vendor != "mysql" or len(row.raw) + 4 * len(text) < _OTHER_BYTES:
        return
    room = packet_size() - _OTHER_BYTES
    whole, raw = bytes(row.raw), fitting(bytes(row.raw), room)
    if isinstance(row, InboundMessage):
        left = room - statement_size(raw)
        row.text = fitting(text, max(left, min(room // 4, _SMS_BYTES)))
        raw = fitting(raw, room - statement_size(row.text))
        if len(row.text) < len(text):
            row.problem = with_problem(row.problem, "the text was cut to the length that the database accepts")
    if len(raw) < len(whole):
        row.problem = with_problem(f"only the first {len(raw)} of {len(whole)} bytes {CUT}", row.problem)
        row.raw = raw
        for file in attached:
            if not file.file:
                file.sha256, file.size = "", 0


def _simplify(row: Row, attached: Sequence[MmsFile], step: Callable[[str], str]) -> None:
    names = _TEXTS if isinstance(row, InboundMessage) else ()
    if _change(row, names, step) + sum(_change(file, _FILE_TEXTS, step) for file in attached):
        row.problem = with_problem(row.problem, "the database cannot store some characters")


def _change(row: Row | MmsFile, names: Sequence[str], step: Callable[[str], str]) -> int:
    changed = 0
    for name in names:
        value: str = getattr(row, name)
        limit = row._meta.get_field(name).max_length  # type: ignore[union-attr]  # of fields in general
        simpler = step(value)
        if limit is not None:  # an SQL_ASCII database of PostgreSQL counts bytes
            simpler = simpler.encode()[:limit].decode("utf-8", "ignore")
        if simpler != value:
            setattr(row, name, simpler)
            changed += 1
    return changed


def with_problem(problems: str, problem: str) -> str:
    """`problems` and one more, each once, cut to the length of the column."""
    if problem in problems:
        return problems
    return "; ".join(filter(None, [problems, problem]))[:LONGEST_PROBLEM]


def _latin_1(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1")


def _insert(row: Row, attached: Sequence[MmsFile]) -> None:
    if attached or not _commits_durably():
        _insert_together(row, attached)
    else:
        row.save(force_insert=True)


@nested_transaction
def _insert_together(row: Row, attached: Sequence[MmsFile]) -> None:
    row.save(force_insert=True)
    for file in attached:
        file.pk, file.message_id = None, row.pk
    MmsFile.objects.bulk_create(attached)


def _may_retry() -> bool:
    """Reconnect if the connection was closed; return whether a statement may be repeated.

    Other processes may keep closed connections as well, and Front tries only three times (§1.2).
    """
    current = connection()
    if current.in_atomic_block:
        return False
    current.close_if_unusable_or_obsolete()
    return True


def _commits_durably() -> bool:
    """Whether a single statement is committed durably: this is four times as fast as an explicit transaction."""
    current = connection()
    if current.in_atomic_block or not current.get_autocommit():
        return False
    if current.vendor != "postgresql":
        return True
    current.ensure_connection()
    if current.connection not in _durable:
        with current.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            _durable[current.connection] = cursor.fetchone()[0] != "off"
    return _durable[current.connection]


def find(identity: str) -> InboundMessage | None:
    """Return the message with this identity, with its key and content digest only."""
    rows = InboundMessage.objects.filter(identity=identity).only("pk", "content_digest")
    try:
        return rows.first()
    except (OperationalError, InterfaceError):
        if not _may_retry():
            raise
        return rows.first()
