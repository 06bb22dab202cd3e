"""Decides which files of an MMS may be shown as pictures: those whose bytes are a picture, within size limits."""

import warnings
from functools import lru_cache
from typing import IO

from django.core.files.storage import Storage

from django_front_sms.gateway.pictures import HEAD, measure
from django_front_sms.models import MmsFile

MAX_BYTES = 15_000_000
MAX_PIXELS = 60_000_000
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}


def picture_type(file: MmsFile) -> str:
    """Return the content type with which a browser may show the file; empty where it must not show it.

    It must be a JPEG, PNG, GIF or WebP of a limited size in storage. The content type that the sender gave is ignored.
    """
    if not file.file or file.size > MAX_BYTES:
        return ""
    try:
        return _in_storage(file.file.storage, str(file.file.name), file.sha256)
    except Exception:  # storages have exceptions of their own; a failure is not cached
        return ""


@lru_cache(maxsize=4096)
def _in_storage(storage: Storage, name: str, sha256: str) -> str:
    """Cached, because storage may be slow: names are made of the content, so the result never changes."""
    with storage.open(name, "rb") as stream:
        return verified(stream)


def verified(stream: IO[bytes]) -> str:
    """Return the content type of an open file as `picture_type` does, and rewind the file."""
    picture = measure(stream.read(HEAD))
    stream.seek(0)
    if picture is None or picture.pixels > MAX_PIXELS:
        return ""
    sound = _pillow_agrees(stream, _FORMATS[picture.kind], (picture.width, picture.height))
    stream.seek(0)
    return picture.kind if sound else ""


def _pillow_agrees(stream: IO[bytes], form: str, size: tuple[int, int]) -> bool:
    """Whether Pillow, where it is installed, finds a picture of that format and size. Nothing is decoded."""
    try:
        from PIL import Image
    except ImportError:
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(stream, formats=[form]) as image:
                same = image.size == size
                image.verify()
            return same
    except Exception:  # a decoder may raise any exception for untrusted bytes
        return False
