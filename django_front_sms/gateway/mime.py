"""Content types, multipart forms, and files that were encoded twice as UTF-8 (§2.5.1)."""

import re
from collections.abc import Iterator

_MAX_HEADER = 1000
_MAX_PARTS = 1000

_PARAMETER = re.compile(r';\s*([^=;\s"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_FIELD_NAME = re.compile(rb"""(?<![a-z*])name\s*=\s*(?:"([^"]*)"|([^;\s"]+))""", re.IGNORECASE)

_HEAD = 128  # bytes; UTF-8 twice makes a magic number up to four times as long
_MAGIC: dict[str, tuple[tuple[int, bytes], ...]] = {  # offset and bytes; one of them must match
    "image/jpeg": ((0, b"\xff\xd8\xff"),),
    "image/jpg": ((0, b"\xff\xd8\xff"),),
    "image/png": ((0, b"\x89PNG\r\n\x1a\n"),),
    "image/gif": ((0, b"GIF87a"), (0, b"GIF89a")),
    "image/webp": ((8, b"WEBP"),),
    "image/bmp": ((0, b"BM"),),
    "audio/amr": ((0, b"#!AMR"),),
    "audio/mpeg": ((0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xf3"), (0, b"\xff\xf2")),
    "audio/mp4": ((4, b"ftyp"),),
    "video/mp4": ((4, b"ftyp"),),
    "video/3gpp": ((4, b"ftyp"),),
}


def mime(content_type: str) -> tuple[str, dict[str, str]]:
    """Split ``image/jpeg;Name=image01.jpg`` into ``("image/jpeg", {"name": "image01.jpg"})``. Never raises.

    Type and parameter names are lower-cased. The first of a repeated parameter counts. Only the first 1000 characters
    are read.
    """
    kind, semicolon, rest = content_type[:_MAX_HEADER].partition(";")
    parameters: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(semicolon + rest):
        parameters.setdefault(name.lower(), _QUOTED_PAIR.sub(r"\1", quoted) or plain.strip())
    return kind.strip().lower(), parameters


def multipart_fields(content_type: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and value of each field of a multipart form; nothing for other bodies. Never raises."""
    boundary = mime(content_type)[1].get("boundary", "")
    if not boundary:
        return
    for part in body.split(b"--" + boundary.encode("latin-1", "replace"), _MAX_PARTS)[1:]:
        head, blank, value = part.replace(b"\r\n", b"\n").partition(b"\n\n")
        name = _FIELD_NAME.search(head[:_MAX_HEADER])
        if blank and name:
            yield (name[1] or name[2] or b"").decode("latin-1"), value.removesuffix(b"\n")


def repair_double_utf8(data: bytes, content_type: str) -> bytes | None:
    """Undo two layers of UTF-8 around a file, as in the JPEG of the manual's example (§2.5.1).

    Return None, for no repair, unless the whole file can be decoded twice *and* the result begins with the magic
    number of its content type.
    """
    magic = _MAGIC.get(mime(content_type)[0], ())
    # The head rules out nearly every file. Decoding all of it would need much memory.
    head = _decoded_twice(data[:_HEAD], "ignore")
    if not any(head.startswith(start, offset) for offset, start in magic):
        return None
    try:
        repaired = _decoded_twice(data, "strict")
    except UnicodeError:
        return None
    if repaired == data or not any(repaired.startswith(start, offset) for offset, start in magic):
        return None
    return repaired


def _decoded_twice(data: bytes, errors: str) -> bytes:
    for _ in range(2):
        data = data.decode("utf-8", errors).encode("latin-1", errors)
    return data
