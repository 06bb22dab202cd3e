"""The format and size of a picture, read from its first bytes: JPEG, PNG, GIF and WebP. The picture is not decoded."""

from dataclasses import dataclass
from struct import error as TooShort
from struct import unpack_from

HEAD = 256 * 1024
"""Number of bytes from the beginning that `measure` needs, unless a camera wrote very long metadata."""

_NO_SIZE = frozenset({0xC4, 0xC8, 0xCC})  # markers in the range of JPEG's SOFn that are not SOFn
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length


@dataclass(frozen=True, slots=True)
class Picture:
    """``kind`` is a content type; width and height are in pixels."""

    kind: str
    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height


def measure(head: bytes) -> Picture | None:
    """Read format and size from the first bytes of a file; None for other formats than these four. Never raises."""
    try:
        if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
            return _sound("image/png", *unpack_from(">II", head, 16))
        if head.startswith((b"GIF87a", b"GIF89a")):
            return _sound("image/gif", *unpack_from("<HH", head, 6))
        if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
            return _webp(head)
        if head.startswith(b"\xff\xd8\xff"):
            return _jpeg(head)
    except (TooShort, IndexError):  # cut short
        pass
    return None


def _sound(kind: str, width: int, height: int) -> Picture | None:
    return Picture(kind, width, height) if width > 0 and height > 0 else None


def _jpeg(head: bytes) -> Picture | None:
    place = 2
    while head[place] == 0xFF:
        marker = head[place + 1]
        if marker == 0xFF:  # padding
            place += 1
        elif marker in _ALONE:
            place += 2
        elif 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            height, width = unpack_from(">HH", head, place + 5)
            return _sound("image/jpeg", width, height)
        else:
            (length,) = unpack_from(">H", head, place + 2)
            place += 2 + max(length, 2)
    return None


def _webp(head: bytes) -> Picture | None:
    form = head[12:16]
    if form == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = unpack_from("<HH", head, 26)
        return _sound("image/webp", width & 0x3FFF, height & 0x3FFF)
    if form == b"VP8L" and head[20] == 0x2F:
        (bits,) = unpack_from("<I", head, 21)
        return _sound("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if form == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
        return _sound("image/webp", width, height) if len(head) >= 30 else None
    return None
