"""In which order and for how long an MMS shows its files (§2.5.1): a small part of SMIL, read without trust.

A stranger's phone wrote it. No DTD, no entities, nothing from elsewhere, and a limit to its size.
"""

import re
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
_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,2}):([0-9]{1,2}(?:\.[0-9]{1,9})?)")


class Unreadable(ValueError):
    """Not a SMIL document that we would read; its words say why, and quote nothing of it."""


@dataclass(frozen=True, slots=True)
class Slide:
    """What is shown together. ``duration`` is in seconds, None where none is given; ``parts`` are places in the list of
    files, from 0, in the order of the document."""

    duration: float | None
    parts: tuple[int, ...]


def slides(smil: bytes, names: Sequence[Sequence[str]]) -> list[Slide]:
    """The slides of a document. ``names``: for each file of the message, what the document may call it.

    A file that is not in the message is left out, and so is a slide of which nothing is left. Raises `Unreadable`.
    """
    if len(smil) > MAX_BYTES:
        raise Unreadable(f"it has more than {MAX_BYTES} bytes")
    try:
        root = fromstring(smil, forbid_dtd=True, forbid_entities=True, forbid_external=True)
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


def _places(names: Sequence[Sequence[str]]) -> dict[str, int]:
    """Where each name leads. A name without its ending is good enough where nothing has exactly that name."""
    places: dict[str, int] = {}
    for form in (_name, _stem):
        for place, several in enumerate(names):
            for name in several:
                if form(name):
                    places.setdefault(form(name), place)
    return places


def _shown(root: Element) -> Iterator[tuple[float | None, list[str]]]:
    """Each slide's duration and sources, in document order. A slide is a ``par``; a file outside of any is its own."""
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
    """One form for the ways in which a part is named: ``cid:<image01.jpg>``, ``image01.jpg``, ``Image01%2Ejpg``."""
    return unquote(written.strip().removeprefix("cid:")).strip("<>").casefold()


def _stem(written: str) -> str:
    return _name(written).rpartition(".")[0]


def _duration(written: str) -> float | None:
    """``5s``, ``5000ms``, ``00:05`` and ``0:00:05.0`` are five seconds; ``indefinite`` and nonsense are None."""
    written = written.strip().lower()
    simple, clock = _SIMPLE.fullmatch(written), _CLOCK.fullmatch(written)
    if simple:
        seconds = float(simple[1]) * _SECONDS[simple[2] or ""]
    elif clock:
        seconds = int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
    else:
        return None
    return seconds if 0 < seconds <= _LONGEST else None
