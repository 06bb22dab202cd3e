"""An MMS as §2.5.1 delivers it: a SMIL file, the text as a file, and the pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import count
from xml.sax.saxutils import quoteattr

from django_front_sms.gateway.push import FilePart


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file attached on a phone; `content_type` has no parameters, for example `image/jpeg`."""

    content_type: str
    name: str
    data: bytes


def sample() -> Attachment:
    """Return a small photograph that is part of the simulator."""
    data = files(__package__).joinpath("static", "sample.jpg").read_bytes()
    return Attachment("image/jpeg", "image01.jpg", data)


def parts(text: str, attachments: Sequence[Attachment], ids: Iterator[int] | None = None) -> tuple[FilePart, ...]:
    """Return the files of an MMS in the order of the manual's example; none if there are no attachments."""
    if not attachments:
        return ()
    ids = ids or count(1)
    texts = [Attachment("text/plain", "text_1.txt", text.encode("utf-8", "replace"))] if text else []
    shown = [*texts, *attachments]
    smil = Attachment("text/xml", "smil.xml", _smil(shown).encode("utf-8", "replace"))
    return tuple(_part(next(ids), attachment) for attachment in (smil, *shown))


def joined_text(subject: str, text: str, attachments: Sequence[Attachment]) -> str:
    """Return the subject, the text and all text files, joined by line breaks (§2.5.1)."""
    texts = [a.data.decode(errors="replace") for a in attachments if a.content_type == "text/plain"]
    return "\n".join(line for line in (subject, text, *texts) if line)


def _part(number: int, attachment: Attachment) -> FilePart:
    charset = ";Charset=UTF-8" if attachment.content_type.startswith("text/") else ""
    content_type = f"{attachment.content_type};Name={attachment.name}{charset}"
    return FilePart(id=number, content_type=content_type, name=attachment.name, data=attachment.data)


def _smil(shown: Sequence[Attachment]) -> str:
    tags = "".join(
        f"<{'text' if a.content_type.startswith('text/') else 'img'} src={quoteattr(a.name)}/>" for a in shown
    )
    return f'<?xml version="1.0"?><smil><body><par dur="5s">{tags}</par></body></smil>'
