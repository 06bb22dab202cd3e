from collections.abc import Iterator

import pytest

from tests.outbox.stage import PretendClock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendClock]:
    """Time stands still unless the test moves it."""
    pretended = PretendClock()
    monkeypatch.setattr("django_front_sms.clock.source", pretended)
    yield pretended
