"""Stores the files of an MMS (§2.5.1) under names made of their content, and removes them from the stored body.

A name contains nothing that the sender wrote, so it cannot escape the folder. Equal files are stored once.
"""

import hashlib
import logging
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import connections

from django_front_sms.gateway.mms_json import without
from django_front_sms.gateway.push import FilePart, repair_double_utf8
from django_front_sms.models import MmsFile
from django_front_sms.models.inbound import mms_storage

logger = logging.getLogger(__name__)

TIME_LIMIT = 15.0  # seconds for all files of a message: Front waits 60 for an answer (§2.5.1)
REFERENCE = b"front_sms:sha256:"

_EXTENSIONS = (  # offset, bytes at that offset, and the extension of such a file
    (0, b"\xff\xd8\xff", "jpg"),
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"GIF8", "gif"),
    (8, b"WEBP", "webp"),
    (8, b"WAVE", "wav"),
    (4, b"ftypheic", "heic"),
    (4, b"ftypM4A", "m4a"),
    (4, b"ftyp3g", "3gp"),
    (4, b"ftyp", "mp4"),
    (0, b"#!AMR", "amr"),
    (0, b"ID3", "mp3"),
    (0, b"OggS", "ogg"),
    (0, b"%PDF-", "pdf"),
)


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file as they are stored: repaired where the gateway had encoded them twice."""

    data: bytes = field(repr=False)
    repaired: bool
    sha256: str

    @classmethod
    def of(cls, part: FilePart) -> "Content | None":
        """Return the content of a part; None where its Base64 could not be decoded."""
        if part.data is None:
            return None
        repaired = repair_double_utf8(part.data, part.content_type)
        data = part.data if repaired is None else repaired
        digest = part.digest if repaired is None else hashlib.sha256(data).hexdigest()
        return cls(data, repaired is not None, digest)

    @property
    def name(self) -> str:
        """The name in the storage: the SHA-256, with the extension of the format found in the first bytes."""
        extension = next((e for offset, magic, e in _EXTENSIONS if self.data.startswith(magic, offset)), "bin")
        return f"front_sms/mms/{self.sha256[:2]}/{self.sha256}.{extension}"


def rows(parts: Sequence[FilePart], contents: Sequence[Content | None], names: dict[str, str]) -> list[MmsFile]:
    """Return an unsaved row for each file, in order.

    `file` is empty where the file is not in storage; `sha256` is empty, too, where it could not be decoded.
    """
    return [
        MmsFile(
            gateway_id=part.id,
            content_type=part.content_type[: _length("content_type")],
            name=part.name[: _length("name")],
            file=names.get(content.sha256, "") if content else "",
            size=len(content.data) if content else 0,
            sha256=content.sha256 if content else "",
            repaired=content.repaired if content else False,
            position=position,
        )
        for position, (part, content) in enumerate(zip(parts, contents, strict=True))
    ]


def problems(parts: Iterable[FilePart]) -> list[str]:
    """Name the descriptions of files that are too long for their columns and are cut."""
    return [
        f"{field} of file {number} was cut to {_length(field)} characters"
        for number, part in enumerate(parts, 1)
        for field in ("content_type", "name")
        if len(getattr(part, field)) > _length(field)
    ]


def store(contents: Iterable[Content | None]) -> dict[str, str]:
    """Put files into storage; return the names of those that were stored, by their SHA-256.

    Takes at most `TIME_LIMIT` seconds. A storage may hang, so it is called in a separate thread; if none can be
    started, nothing is stored."""
    wanted = {content.sha256: content for content in contents if content is not None}
    if not wanted:
        return {}
    stored: dict[str, str] = {}
    gave_up = threading.Event()

    def work() -> None:
        try:
            for content in wanted.values():
                if gave_up.is_set():
                    return
                if name := _stored(content):
                    stored[content.sha256] = name
        finally:
            connections.close_all()  # a storage may keep its files in a database

    thread = threading.Thread(target=work, name="front-sms-mms", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        logger.error("No thread could be started to store MMS files. The worker will try again.")
        return {}
    thread.join(TIME_LIMIT)
    if thread.is_alive():
        gave_up.set()
        logger.error("The storage of MMS files took more than %d s. The worker will try again.", TIME_LIMIT)
    return dict(stored)


def _stored(content: Content) -> str:
    try:
        storage = mms_storage()
        name = content.name
        if not (storage.exists(name) and storage.size(name) == len(content.data)):
            name = storage.save(name, ContentFile(content.data), max_length=_length("file"))
        _flush(storage, name)
    except Exception as error:  # storages have exceptions of their own; the bytes stay in the row
        logger.error("An MMS file could not be stored (%s). The worker will try again.", type(error).__name__)
        return ""
    return name


def _flush(storage: Storage, name: str) -> None:
    """Flush a file to the local disk, because the stored body no longer contains it."""
    try:
        path = storage.path(name)
    except NotImplementedError:
        return
    for place in (path, os.path.dirname(path)):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def moved_out(
    raw: bytes, parts: Iterable[FilePart], contents: Iterable[Content | None], names: Mapping[str, str]
) -> bytes:
    """Return `raw`, the body of `parts`, with a reference `front_sms:sha256:…` in place of each file in storage.

    Base64 whose position is not known, or that had to be repaired, stays as it is.
    """
    return without(
        raw,
        {
            part.place: REFERENCE + content.sha256.encode()
            for part, content in zip(parts, contents, strict=True)
            if part.place and content and content.sha256 in names
        },
    )


def _length(field: str) -> int:
    return MmsFile._meta.get_field(field).max_length or 0  # type: ignore[union-attr]
