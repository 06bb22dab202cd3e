"""The slides of an MMS: texts and pictures in the order and for the time that its sender chose (§2.5.1)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django_front_sms.gateway import smil
from django_front_sms.gateway.mime import mime
from django_front_sms.models import InboundMessage, MmsFile

LONGEST_TEXT = 10_000  # bytes of a text file
_SMIL_TYPES = frozenset({"application/smil", "application/smil+xml", "text/smil"})
_XML_TYPES = frozenset({"text/xml", "application/xml"})


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a slide. `text` is the content of a text file, None for other files."""

    file: MmsFile
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Slide:
    """Files that are shown together. `duration` is in seconds, None where it is not given."""

    parts: tuple[Part, ...]
    duration: float | None = None


def slides_of(message: InboundMessage) -> list[Slide]:
    """Return the slides of an MMS; none where it has no files.

    Files that are in no slide follow in one of their own. Where the SMIL document is missing or cannot be read, all
    files are one slide, in the order in which they arrived.
    """
    files = files_of(message)
    document = next((file for file in files if _arranges(file)), None)
    shown = [file for file in files if file is not document]
    slides = [
        Slide(tuple(_part(shown[place]) for place in slide.parts), slide.duration)
        for slide in _arrangement(document, shown)
    ]
    placed = {part.file.pk for slide in slides for part in slide.parts}
    rest = tuple(_part(file) for file in shown if file.pk not in placed)
    return [*slides, Slide(rest)] if rest else slides


def files_of(message: Any) -> list[MmsFile]:
    """Return the files of a message in the order in which they arrived, from the prefetched ones if there are any."""
    return sorted(message.files.all(), key=lambda file: int(file.position))


def _arrangement(document: MmsFile | None, shown: Sequence[MmsFile]) -> list[smil.Slide]:
    data = read(document, smil.MAX_BYTES) if document else None
    if data is None:
        return []
    try:
        return smil.slides(data, [_names(file) for file in shown])
    except smil.Unreadable:
        return []


def _arranges(file: MmsFile) -> bool:
    kind, _parameters = mime(file.content_type)
    return kind in _SMIL_TYPES or file.name.lower().endswith(".smil") or (kind in _XML_TYPES and _is_smil(file.name))


def _is_smil(name: str) -> bool:
    return "smil" in name.lower()


def _names(file: MmsFile) -> list[str]:
    """Return `fileName` and the name in the content type, which may differ (§2.5.1)."""
    return [name for name in (file.name, mime(file.content_type)[1].get("name", "")) if name]


def _part(file: MmsFile) -> Part:
    kind, parameters = mime(file.content_type)
    if kind != "text/plain":
        return Part(file)
    data = read(file, LONGEST_TEXT)
    return Part(file, None if data is None else _decoded(data, parameters.get("charset", "utf-8")))


def _decoded(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset)
    except (UnicodeError, LookupError, ValueError):
        return data.decode("utf-8", "replace")


def read(file: MmsFile, limit: int) -> bytes | None:
    """Return the bytes of a file; None where it is larger than `limit` bytes or cannot be opened."""
    if not file.file or file.size > limit:
        return None
    try:
        with file.file.storage.open(str(file.file.name), "rb") as stream:
            data = stream.read(limit + 1)
    except Exception:  # storages have exceptions of their own; the page shows the other files
        return None
    return data if len(data) <= limit else None
