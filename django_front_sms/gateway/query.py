"""Query strings as bytes: the gateway's percent-encoding is Latin-1 by default (§2.1.2, §2.5.2).

Django and the standard library decode UTF-8, which would replace æøå, and limit the number of parameters.
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote_to_bytes

LATIN_1 = "iso-8859-1"
UTF_8 = "utf-8"

_PARAMETER = re.compile(rb"[^&]+")


def pairs(query: str | bytes) -> Iterator[tuple[str, bytes]]:
    """Yield each name (read as Latin-1) and its percent-decoded value, in order, repeated names too. Never raises.

    A `str` has one character for each byte, as servers give it. A leading `?` is dropped.
    """
    raw = query if isinstance(query, bytes) else _as_bytes(query)
    for parameter in _PARAMETER.finditer(raw.removeprefix(b"?")):
        name, _, value = parameter[0].replace(b"+", b" ").partition(b"=")
        yield unquote_to_bytes(name).decode(LATIN_1), unquote_to_bytes(value)


def build(parameters: Iterable[tuple[str, str]], charset: str, errors: str = "strict") -> str:
    """Return a query string in `charset`, with a space as `%20` and a plus as `%2B`."""
    return "&".join(f"{name}={quote(value, safe='', encoding=charset, errors=errors)}" for name, value in parameters)


def _as_bytes(query: str) -> bytes:
    try:
        return query.encode(LATIN_1)
    except UnicodeEncodeError:
        return query.encode(UTF_8, "surrogatepass")
