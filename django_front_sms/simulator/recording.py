"""Files that record the bytes read from and written to them."""

from __future__ import annotations

from typing import Any

MAX_RECORDED = 262_144  # bytes of one side of an exchange; a large MMS is not kept a second time


class RecordingFile:
    """Wraps one of a connection's files: passes all calls on and records the bytes read and written."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._recorded = bytearray()

    def clear(self) -> None:
        self._recorded.clear()

    def recorded(self) -> bytes:
        """Return the bytes since `clear`, at most `MAX_RECORDED` of them."""
        return bytes(self._recorded)

    def read(self, size: int = -1) -> bytes:
        return self._record(self._file.read(size))

    def readline(self, size: int = -1) -> bytes:
        return self._record(self._file.readline(size))

    def write(self, data: bytes) -> int:
        self._record(data)
        written: int = self._file.write(data)
        return written

    def _record(self, data: bytes) -> bytes:
        self._recorded.extend(data[: MAX_RECORDED - len(self._recorded)])
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
