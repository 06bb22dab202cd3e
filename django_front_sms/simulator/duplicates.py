"""The filter that refuses the same message twice within 120 seconds (§2.2, code 17)."""

from __future__ import annotations

WINDOW = 120.0  # seconds

Twin = tuple[int, bool, str, str, str]  # service id, counted apart, fromid, recipient, text


class DuplicateFilter:
    """The messages accepted in the last 120 seconds, oldest first. Times must not decrease."""

    def __init__(self) -> None:
        self._recent: dict[Twin, float] = {}

    def remember(self, twin: Twin, now: float) -> None:
        self._recent.pop(twin, None)
        self._recent[twin] = now

    def knows(self, twin: Twin, now: float) -> bool:
        limit = now - WINDOW
        while self._recent and self._recent[first := next(iter(self._recent))] <= limit:
            del self._recent[first]
        return twin in self._recent
