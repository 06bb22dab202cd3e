"""Query strings, byte for byte: the gateway's percent-encoding is Latin-1 unless told (§2.1.2, §2.5.2).

Django and the standard library decode as UTF-8, which spoils æøå, and limit the number of parameters; these don't.
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote_to_bytes

LATIN_1 = "iso-8859-1"
UTF_8 = "utf-8"

_PARAMETER = re.compile(rb"[^&]+")


def pairs(query: str | bytes) -> Iterator[tuple[str, bytes]]:
    """Yield each name (read as Latin-1) and its percent-decoded value, in order, repeated names too. Total.

    A ``str`` is taken as servers give it, one character a byte; a leading ``?`` is no part of it.
    """
    raw = query if isinstance(query, bytes) else _as_bytes(query)
    for parameter in _PARAMETER.finditer(raw.removeprefix(b"?")):
        name, _, value = parameter[0].replace(b"+", b" ").partition(b"=")
        yield unquote_to_bytes(name).decode(LATIN_1), unquote_to_bytes(value)


def build(parameters: Iterable[tuple[str, str]], charset: str, errors: str = "strict") -> str:
    """Write a query string in ``charset``: a space as ``%20``, a plus as ``%2B``."""
    return "&".join(f"{name}={quote(value, safe='', encoding=charset, errors=errors)}" for name, value in parameters)


def _as_bytes(query: str) -> bytes:
    try:
        return query.encode(LATIN_1)
    except UnicodeEncodeError:
        return query.encode(UTF_8, "surrogatepass")
