"""A simulated gateway, and a paused account."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from django_front_sms.models import AccountState
from django_front_sms.simulator import Simulator
from tests.commands.running import gateway, set_account


@pytest.fixture
def simulator(settings: Any) -> Iterator[Simulator]:
    """The gateway of the account."""
    with Simulator() as simulator:
        set_account(settings, GATEWAY_URL=simulator.url)
        yield simulator


@pytest.fixture
def paused(settings: Any) -> AccountState:
    """The account, paused for a wrong password."""
    row, _created = AccountState.objects.update_or_create(
        key=gateway(), defaults={"account": "default", "paused_at": timezone.now(), "pause_code": 13}
    )
    return row
