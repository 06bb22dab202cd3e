"""The Base64 of an MMS inside its JSON body (§2.5.1), read where it stands: without copies, each byte once.

A JSON parser would copy megabytes of Base64 into a string of its own; looking for the closing quote costs next to
nothing.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import pybase64

_KEY = b'"fileData"'
_OPENING = re.compile(rb'\s*:\s*"')


@dataclass(frozen=True, slots=True)
class Cut:
    """A file that was cut out of a body: its bytes, their SHA-256 in hex, and where in the body its Base64 stood.

    ``source`` is that Base64, kept only where it does not follow from ``data``.
    """

    data: bytes
    sha256: str
    place: tuple[int, int]
    source: str = ""


def cut_files(body: bytes) -> tuple[bytes, dict[str, Cut]]:
    """Return ``body`` with a mark for the Base64 of every ``fileData``, and by mark what stood there.

    Slashes may be escaped, as PHP writes them. What is no strict Base64, or has other escapes, stays.
    """
    cuts: dict[str, Cut] = {}
    pieces: list[bytes | memoryview] = []
    view, copied, position = memoryview(body), 0, 0
    while (found := body.find(_KEY, position)) >= 0:
        position = found + len(_KEY)
        opening = _OPENING.match(body, position)
        if opening is None or body[found - 1 : found] == b"\\":  # an escaped quote: it is part of a text
            continue
        start = opening.end()
        end = body.find(b'"', start)
        cut = _cut(view[start:end], (start, end)) if end > start else None
        if cut is None:
            continue
        # The place makes it the mark of this one: two files may hold the same, and be written differently.
        mark = f"sha256:{cut.sha256}:{start}"
        cuts[mark] = cut
        pieces += [view[copied:start], mark.encode()]
        copied = position = end
    return (b"".join([*pieces, view[copied:]]) if cuts else body), cuts


def _cut(written: memoryview, place: tuple[int, int]) -> Cut | None:
    encoded: bytes | memoryview = written
    data = strict_base64(written)
    if data is None:
        encoded = bytes(written).replace(b"\\/", b"/")
        data = strict_base64(encoded)
    if data is None:
        return None
    return Cut(data, hashlib.sha256(data).hexdigest(), place, "" if follows(encoded, data) else str(encoded, "ascii"))


def strict_base64(encoded: str | bytes | memoryview) -> bytes | None:
    """The bytes that ``encoded`` stands for; None where it has anything that Base64 has not, or bad padding."""
    try:
        return pybase64.b64decode(encoded, validate=True)
    except ValueError:
        return None


def follows(encoded: str | bytes | memoryview, data: bytes) -> bool:
    """Whether ``data`` has no other Base64: only the unused bits of the last four characters can differ."""
    last = encoded[-4:]
    written = last.encode("ascii") if isinstance(last, str) else bytes(last)
    return base64.b64encode(data[-(len(data) % 3 or 3) :]) == written


def without(body: bytes, references: Mapping[tuple[int, int], bytes]) -> bytes:
    """``body`` with each reference in the place of the Base64 that stood there, as ``Cut.place`` names it."""
    if not references:
        return body
    pieces: list[bytes | memoryview] = []
    view, copied = memoryview(body), 0
    for (start, end), reference in sorted(references.items()):
        pieces += [view[copied:start], reference]
        copied = end
    return b"".join([*pieces, view[copied:]])
