"""A clock moved by hand, and a storage to put pictures in."""

import pytest

from tests.outbox.stage import PretendClock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> PretendClock:
    """Time stands still unless the test moves it."""
    pretended = PretendClock()
    monkeypatch.setattr("django_front_sms.clock.source", pretended)
    return pretended
