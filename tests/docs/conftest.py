from collections.abc import Iterator
from typing import Any

import pytest

from django_front_sms import keywords
from django_front_sms.events.delivery import SIGNALS
from django_front_sms.testing import FrontSMS


@pytest.fixture
def front(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FrontSMS]:
    """The simulated gateway for both accounts of the examples, whose receivers are forgotten afterwards."""
    bergen = {"SERVICE_ID": 5678, "SENDER": "26114567890000"}
    settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNTS": {**settings.FRONT_SMS["ACCOUNTS"], "bergen": bergen}}
    monkeypatch.setattr(keywords, "_routes", [])
    signals = [spec.signal for spec in SIGNALS.values()]
    for signal in signals:
        monkeypatch.setattr(signal, "receivers", [*signal.receivers])
    with FrontSMS() as front:
        front.network.account.senders = ["Mitt Firma", "26114123450000"]
        yield front
    for signal in signals:
        signal.sender_receivers_cache.clear()
