"""Content that a database refuses: characters that a column cannot hold, and values that are too long for it.

Such an error is not a fault of the connection: the same row is refused again, however often it is tried.
"""

from django.db import DataError, Error

from django_front_sms.db.routing import connection

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# Incorrect string value, data too long, out of range, packet too large. mysqlclient calls the first and the last of
# them an OperationalError.
_MYSQL_CODES = {1366, 1406, 1264, 1153}


def is_refused_content(error: BaseException) -> bool:
    """Whether `error` says that the database, or its driver, refuses a value of the row."""
    if isinstance(error, DataError | UnicodeEncodeError | OverflowError):
        return True
    return isinstance(error, Error) and bool(error.args) and error.args[0] in _MYSQL_CODES


def basic_plane(text: str) -> str:
    """`text` with U+FFFD for NUL, for halves of surrogate pairs, and for characters beyond U+FFFF, such as emoji: what
    a column of MySQL's three-byte `utf8mb3` takes."""
    return "".join(REPLACEMENT if _is_beyond(ord(character)) else character for character in text)


def _is_beyond(code: int) -> bool:
    return code == 0 or 0xD800 <= code <= 0xDFFF or code > 0xFFFF


def ascii_only(text: str) -> str:
    """`text` with a question mark for each character outside ASCII: what a column of any character set takes."""
    return text.replace("\0", "?").encode("ascii", "replace").decode()


def packet_size() -> int:
    """`max_allowed_packet` of MySQL or MariaDB, in bytes."""
    with connection().cursor() as cursor:
        cursor.execute("SELECT @@max_allowed_packet")
        return int(cursor.fetchone()[0])
