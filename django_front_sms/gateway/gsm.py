"""GSM 03.38: the encoding, the segments and the replaced characters of a text (§2.1).

A text whose characters are all in the GSM alphabet is sent as septets: 160 in a single SMS, 153 in each segment of a
longer one. Characters of the extension table take two septets, which are never split. Every other text is sent as
UTF-16: 70 code units in a single SMS, 67 in each segment of a longer one; surrogate pairs are never split either.

An empty text has no segment. A lone surrogate is treated as U+FFFD.
"""

import codecs
import re
from dataclasses import dataclass
from typing import Literal

# Loaded at import: when it is first used, for an answer, the process may have no file descriptor left to open it.
codecs.lookup("utf-16-le")

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The basic table without ESC, which introduces an extension character. Small ç is not in it."""

EXTENSION = "\f^{}\\[~]|€"
"""Two septets each."""

_ESCAPE = b"\x1b"
_PLAIN = b" "

_GREEK = "".join(char for char in BASIC if ord(char) > 0xFF)
_EURO_STAND_IN = "|"
_BASIC_BYTES = BASIC.translate({ord(char): None for char in _GREEK}).encode("latin-1")
_EXTENSION_BYTES = EXTENSION.replace("€", "").encode("latin-1")
_MARK_EXTENSION = bytes.maketrans(_EXTENSION_BYTES, _ESCAPE * len(_EXTENSION_BYTES))
_MARK_HIGH_SURROGATE = bytes(_ESCAPE[0] if 0xD8 <= byte <= 0xDB else _PLAIN[0] for byte in range(256))
_FOREIGN = re.compile(f"[^{re.escape(BASIC + EXTENSION)}]")


@dataclass(frozen=True, slots=True)
class Preview:
    """A text as it will arrive, and its segments.

    `units` are septets for `gsm7` and UTF-16 code units for `ucs2`; `units_left` are those still free in the
    last segment. `replaced` holds, once each and in order, the characters that the gateway would replace; `text`
    is the text as it will arrive.
    """

    encoding: Literal["gsm7", "ucs2"]
    segments: int
    units: int
    units_left: int
    replaced: tuple[str, ...]
    text: str


def preview(text: str, *, unicode: bool | None = None, replacement: str = "?") -> Preview:
    """Return `text` as it will arrive.

    With `unicode` true or None, GSM where every character fits and Unicode otherwise; with False always GSM: the
    gateway replaces other characters. The manual does not say by what: `replacement` is any GSM text.
    """
    text = well_formed(text)
    replaced: tuple[str, ...] = ()
    marks = _gsm_marks(text)
    if marks is None and unicode is False:
        replaced = foreign(text)
        text = replace(text, replacement)
        marks = _gsm_marks(text)
    if marks is None:
        marks = _utf16_marks(text)
        count, left = _pack(marks, 70, 67)
        return Preview("ucs2", count, len(marks), left, replaced, text)
    count, left = _pack(marks, 160, 153)
    return Preview("gsm7", count, len(marks), left, replaced, text)


def segments(text: str, unicode: bool | None = None, *, replacement: str = "?") -> int:
    """The number of SMS that `text` takes: as `preview(...).segments`, but faster. 0 for an empty text."""
    marks = _gsm_marks(text)
    if marks is None and unicode is False:
        marks = _gsm_marks(replace(text, replacement))
    if marks is None:
        return _pack(_utf16_marks(text), 70, 67)[0]
    return _pack(marks, 160, 153)[0]


def is_gsm(text: str) -> bool:
    """Whether every character is in the GSM alphabet or its extension."""
    return _gsm_marks(text) is not None


def foreign(text: str) -> tuple[str, ...]:
    """The characters of `text` outside GSM, once each and in order. They require Unicode, or would be replaced."""
    return tuple(dict.fromkeys(_FOREIGN.findall(well_formed(text))))


def replace(text: str, replacement: str = "?") -> str:
    """`text` with every character outside GSM replaced; raises ValueError if `replacement` is outside GSM too."""
    if not is_gsm(replacement):
        raise ValueError("The replacement is outside the GSM alphabet: choose a character of GSM 03.38, such as '?'.")
    return _FOREIGN.sub(lambda _: replacement, well_formed(text))


def well_formed(text: str) -> str:
    """`text` with surrogate pairs joined and lone surrogates as U+FFFD, so that it can be encoded."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _gsm_marks(text: str) -> bytes | None:
    """One byte for each septet, ESC where a pair begins; None where a character is outside GSM."""
    text = text.replace("€", _EURO_STAND_IN)
    try:
        latin = text.encode("latin-1")
    except UnicodeEncodeError as error:
        if text[error.start] not in _GREEK:
            return None
        for letter in _GREEK:
            text = text.replace(letter, "A")
        try:
            latin = text.encode("latin-1")
        except UnicodeEncodeError:
            return None
    rest = latin.translate(None, _BASIC_BYTES)
    if not rest:
        return latin
    if rest.translate(None, _EXTENSION_BYTES):
        return None
    return latin.translate(_MARK_EXTENSION).replace(_ESCAPE, _ESCAPE + _PLAIN)


def _utf16_marks(text: str) -> bytes:
    """One byte for each code unit, ESC where a surrogate pair begins."""
    return well_formed(text).encode("utf-16-le")[1::2].translate(_MARK_HIGH_SURROGATE)


def _pack(marks: bytes, single: int, part: int) -> tuple[int, int]:
    """The segments, and the units free in the last one. A pair that does not fit moves to the next segment."""
    units = len(marks)
    if units <= single:
        return min(units, 1), single - units
    if _ESCAPE not in marks:
        return -(-units // part), -units % part
    count = start = end = 0
    while end < units:
        start, end, count = end, end + part, count + 1
        if end < units and marks[end - 1] == _ESCAPE[0]:
            end -= 1
    return count, start + part - units
