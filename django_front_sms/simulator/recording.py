"""A file that notes what goes through it."""

from __future__ import annotations

from typing import Any

KEEP_AT_MOST = 262_144  # bytes; a large MMS is not kept a second time


class Noting:
    """Stands before one of a connection's files: passes everything on, and knows the bytes that went through."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._noted = bytearray()

    def clear(self) -> None:
        self._noted.clear()

    def noted(self) -> bytes:
        """What went through since `clear`, as far as it is kept."""
        return bytes(self._noted)

    def read(self, size: int = -1) -> bytes:
        return self._note(self._file.read(size))

    def readline(self, size: int = -1) -> bytes:
        return self._note(self._file.readline(size))

    def write(self, data: bytes) -> int:
        self._note(data)
        written: int = self._file.write(data)
        return written

    def _note(self, data: bytes) -> bytes:
        self._noted.extend(data[: KEEP_AT_MOST - len(self._noted)])
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
