"""Small pictures of each type that a browser shows."""

import struct
import zlib


def png(width: int = 40, height: int = 30) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\0\x80\0" * width) * height if width * height < 10_000 else b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def sof(marker: int = 0xC0, width: int = 40, height: int = 30) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
GIF = b"GIF89a" + struct.pack("<HH", 40, 30) + b"\x80\0\0" + b"\0" * 6 + b",\0\0\0\0\x28\0\x1e\0\0\x02\0;"
WEBP = b"RIFF\x1a\0\0\0WEBPVP8L\x0e\0\0\0/'@\x07\0\x07\x10\x11\xfd\x0fDD\xff\x03"

KINDS = {
    "image/png": png(),
    "image/jpeg": JPEG + b"\xff\xfe\x00\x04hi\xff\xff" + sof() + b"\xff\xd9",
    "image/gif": GIF,
    "image/webp": WEBP,
}
