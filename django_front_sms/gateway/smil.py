"""Order and duration of the files of an MMS (§2.5.1), read from a small part of SMIL.

The document is untrusted: no DTD or entity is read, nothing external is loaded, and its size is limited.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

MAX_BYTES = 100_000
MAX_SLIDES = 200
MAX_PARTS = 1000
_LONGEST = 24 * 3600.0  # seconds

_MEDIA = frozenset({"img", "text", "textstream", "audio", "video", "ref", "animation"})
_SECONDS = {"": 1.0, "s": 1.0, "ms": 0.001, "min": 60.0, "h": 3600.0}
_SIMPLE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(h|min|s|ms)?")
# A document type without declarations of its own. It is dropped unread: the parser refuses every other one.
_DOCTYPE = re.compile(rb"""<!DOCTYPE\s+[^\[\]<>"']*(?:(?:"[^"<>]*"|'[^'<>]*')\s*){0,2}>""")
_BLANK = b"\0 \t\r\n"
_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,2}):([0-9]{1,2}(?:\.[0-9]{1,9})?)")


class Unreadable(ValueError):
    """The document is not SMIL, or is not safe to read. The message says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Slide:
    """Files shown together. ``duration`` is in seconds, None where it is not given. ``parts`` are positions in the
    list of files, from 0, in the order of the document."""

    duration: float | None
    parts: tuple[int, ...]


def slides(smil: bytes, names: Sequence[Sequence[str]]) -> list[Slide]:
    """Return the slides of a document. ``names``: the names that the document may use for each file of the message.

    Files that are not in the message are left out, and so are slides without files. Blanks and NULs around the
    document, and a document type without declarations, are ignored. Raises `Unreadable`.
    """
    if len(smil) > MAX_BYTES:
        raise Unreadable(f"it has more than {MAX_BYTES} bytes")
    try:
        root = fromstring(_without_extras(smil), forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (ValueError, LookupError, ParseError) as error:  # defusedxml's own errors are ValueErrors
        raise Unreadable(f"it cannot be read ({type(error).__name__})") from None
    places = _places(names)
    found: list[Slide] = []
    for duration, sources in _shown(root):
        parts = tuple(dict.fromkeys(place for place in map(places.get, sources) if place is not None))
        if parts:
            found.append(Slide(duration, parts))
        if len(found) == MAX_SLIDES:
            break
    return found


def _without_extras(smil: bytes) -> bytes:
    if b"\0" in smil[:4]:  # UTF-16 or UTF-32: a NUL belongs to a character
        return smil
    return _DOCTYPE.sub(b"", smil.strip(_BLANK).removeprefix(BOM_UTF8).lstrip(_BLANK), 1)


def _places(names: Sequence[Sequence[str]]) -> dict[str, int]:
    """Map each name to a position. A name without its extension matches where no file has exactly that name."""
    places: dict[str, int] = {}
    for form in (_name, _stem):
        for place, several in enumerate(names):
            for name in several:
                if form(name):
                    places.setdefault(form(name), place)
    return places


def _shown(root: Element) -> Iterator[tuple[float | None, list[str]]]:
    """Yield duration and sources of each slide, in document order. A file outside a ``par`` is a slide of its own."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        tag = _tag(element)
        if tag == "par" or tag in _MEDIA:
            media = [each for each in element.iter() if _tag(each) in _MEDIA][:MAX_PARTS]
            durations = [_duration(each.get("dur", "")) for each in (element, *media)]
            yield next((d for d in durations if d is not None), None), [_name(m.get("src", "")) for m in media]
        elif tag != "head":
            waiting += reversed(element)


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _name(written: str) -> str:
    """Normalise the name of a part: ``cid:<image01.jpg>``, ``image01.jpg`` and ``Image01%2Ejpg`` are equal."""
    return unquote(written.strip().removeprefix("cid:")).strip("<>").casefold()


def _stem(written: str) -> str:
    return _name(written).rpartition(".")[0]


def _duration(written: str) -> float | None:
    """Return seconds: 5 for ``5s``, ``5000ms``, ``00:05`` and ``0:00:05.0``; None for ``indefinite`` and others."""
    written = written.strip().lower()
    simple, clock = _SIMPLE.fullmatch(written), _CLOCK.fullmatch(written)
    if simple:
        seconds = float(simple[1]) * _SECONDS[simple[2] or ""]
    elif clock:
        seconds = int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
    else:
        return None
    return seconds if 0 < seconds <= _LONGEST else None
