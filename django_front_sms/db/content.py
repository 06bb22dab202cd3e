"""Content that a database refuses: characters that a column cannot hold, and values that are too long for it.

Such an error does not come from the connection: the database would refuse the same row again.
"""

from bisect import bisect_right
from typing import Any, AnyStr

from django.db import DataError, Error

from django_front_sms.db.routing import connection

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# Incorrect string value, data too long, out of range, packet too large. mysqlclient calls the first and the last of
# them an OperationalError.
_MYSQL_CODES = {1366, 1406, 1264, 1153}
_PIECE = 65_536


def is_refused_content(error: BaseException) -> bool:
    """Whether `error` says that the database, or its driver, refuses a value of the row."""
    if isinstance(error, DataError | UnicodeEncodeError | OverflowError):
        return True
    return isinstance(error, Error) and bool(error.args) and error.args[0] in _MYSQL_CODES


def basic_plane(text: str) -> str:
    """`text` with U+FFFD for NUL, for halves of surrogate pairs, and for characters beyond U+FFFF, such as emoji: it
    fits a column of MySQL's three-byte `utf8mb3`."""
    return "".join(REPLACEMENT if _is_beyond(ord(character)) else character for character in text)


def _is_beyond(code: int) -> bool:
    return code == 0 or 0xD800 <= code <= 0xDFFF or code > 0xFFFF


def ascii_only(text: str) -> str:
    """`text` with a question mark for each character outside ASCII: it fits a column of any character set."""
    return text.replace("\0", "?").encode("ascii", "replace").decode()


def packet_size() -> int:
    """`max_allowed_packet` of MySQL or MariaDB, in bytes."""
    with connection().cursor() as cursor:
        cursor.execute("SELECT @@max_allowed_packet")
        return int(cursor.fetchone()[0])


def statement_size(value: str | bytes) -> int:
    """How many bytes `value` takes in a statement of MySQL. Drivers write bytes with escapes, or in hexadecimal."""
    database: Any = connection()
    database.ensure_connection()
    match database.Database.__name__:
        case "MySQLdb":
            written = database.connection.literal(value)
        case "pymysql":
            with database.connection.cursor() as cursor:
                written = cursor.mogrify("%s", [value])
        case _:  # an unknown driver: each byte escaped, in quotes
            return 2 * len(value.encode() if isinstance(value, str) else value) + 2
    return len(written.encode("utf-8", "surrogateescape") if isinstance(written, str) else written)


def fitting(value: AnyStr, room: int) -> AnyStr:
    """The longest prefix of `value` that takes at most `room` bytes in a statement of MySQL."""
    room -= statement_size(value[:0])
    for start in range(0, len(value), _PIECE):
        piece = value[start : start + _PIECE]
        size = _without_quotes(piece)
        if size > room:
            lengths = range(len(piece) + 1)
            return value[: start + bisect_right(lengths, room, key=lambda end: _without_quotes(piece[:end])) - 1]
        room -= size
    return value


def _without_quotes(value: str | bytes) -> int:
    return statement_size(value) - statement_size(value[:0])
