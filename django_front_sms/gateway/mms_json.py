"""Decodes the Base64 of an MMS directly in its JSON body (§2.5.1), before the body is parsed.

A JSON parser would first copy megabytes of Base64 into a string. Finding the closing quote costs almost nothing.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import pybase64

LARGE = 65_536
"""Base64 that is longer than this is cut out of the body even where it cannot be decoded. In bytes."""

_KEY = b'"fileData"'
_OPENING = re.compile(rb'\s*:\s*"')
_WHITE_SPACE = b" \t\n\r\x0b\x0c"
_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")
_ESCAPES = ((b"\\/", b"/"), (b"\\n", b"\n"), (b"\\r", b"\r"))  # of a JSON string; the JSON parser reads all others


@dataclass(frozen=True, slots=True)
class Cut:
    """A file that was cut out of a body: its bytes, their SHA-256 in hex, and the position of its Base64 in the body.

    ``source`` is that Base64, where it is short and does not follow from ``data``. ``repaired``: only `repaired_base64`
    could decode it. Where ``data`` is None, it cannot be decoded, and the digest is that of the Base64.
    """

    data: bytes | None
    sha256: str
    place: tuple[int, int]
    source: str = ""
    repaired: bool = False


def cut_files(body: bytes, limit: int) -> tuple[bytes, dict[str, Cut]]:
    """Return ``body`` with a mark in place of each file's Base64, and the files by mark; at most ``limit`` files.

    Slashes may be escaped, as PHP writes them. Short values that cannot be decoded, and those with other escapes,
    stay in the body.
    """
    cuts: dict[str, Cut] = {}
    pieces: list[bytes | memoryview] = []
    view, copied, position = memoryview(body), 0, 0
    while len(cuts) < limit and (found := body.find(_KEY, position)) >= 0:
        position = found + len(_KEY)
        opening = _OPENING.match(body, position)
        if opening is None or body[found - 1 : found] == b"\\":  # an escaped quote: this key is part of a text
            continue
        start = opening.end()
        end = body.find(b'"', start)
        cut = _cut(view[start:end], (start, end)) if end > start else None
        if cut is None:
            continue
        # The mark contains the position because two files may have equal contents that are written differently.
        mark = f"sha256:{cut.sha256}:{start}"
        cuts[mark] = cut
        pieces += [view[copied:start], mark.encode()]
        copied = position = end
    return (b"".join([*pieces, view[copied:]]) if cuts else body), cuts


def _cut(written: memoryview, place: tuple[int, int]) -> Cut | None:
    data = strict_base64(written)
    if data is not None:
        return _decoded(written, data, place)
    unescaped = bytes(written)
    for escape, character in _ESCAPES:
        unescaped = unescaped.replace(escape, character)
    if b"\\" in unescaped:
        return None
    data = strict_base64(unescaped)
    if data is not None:
        return _decoded(unescaped, data, place)
    data = repaired_base64(unescaped)
    if data is not None:
        source = "" if len(written) > LARGE else str(unescaped, "ascii")
        return Cut(data, hashlib.sha256(data).hexdigest(), place, source, repaired=True)
    if len(written) <= LARGE:
        return None
    return Cut(None, hashlib.sha256(written).hexdigest(), place)


def _decoded(encoded: bytes | memoryview, data: bytes, place: tuple[int, int]) -> Cut:
    source = "" if follows(encoded, data) else str(encoded, "ascii")
    return Cut(data, hashlib.sha256(data).hexdigest(), place, source)


def strict_base64(encoded: str | bytes | memoryview) -> bytes | None:
    """Decode Base64; None where it has a character outside the alphabet or wrong padding."""
    try:
        return pybase64.b64decode(encoded, validate=True)
    except ValueError:
        return None


def repaired_base64(encoded: bytes) -> bytes | None:
    """Decode Base64 that has ASCII white space, incomplete padding or the URL-safe alphabet; None for anything else."""
    standard = encoded.translate(_STANDARD_ALPHABET, _WHITE_SPACE)
    return strict_base64(standard + b"=" * (-len(standard) % 4))


def follows(encoded: str | bytes | memoryview, data: bytes) -> bool:
    """Whether encoding ``data`` gives ``encoded`` again. Only unused bits of the last four characters can differ."""
    last = encoded[-4:]
    written = last.encode("ascii") if isinstance(last, str) else bytes(last)
    return base64.b64encode(data[-(len(data) % 3 or 3) :]) == written


def without(body: bytes, references: Mapping[tuple[int, int], bytes]) -> bytes:
    """Return ``body`` with each reference in place of the Base64 at that position (``Cut.place``)."""
    if not references:
        return body
    pieces: list[bytes | memoryview] = []
    view, copied = memoryview(body), 0
    for (start, end), reference in sorted(references.items()):
        pieces += [view[copied:start], reference]
        copied = end
    return b"".join([*pieces, view[copied:]])
