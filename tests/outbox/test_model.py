"""Random sequences of requests and faults keep the guarantees of sending (`tests.outbox.model`).

`FRONT_SMS_HISTORIES` sets how many sequences are run (thousands, in the longer runs).
"""

import os

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from django_front_sms.models import AccountState
from tests.outbox.model import SendingMachine

HISTORIES = int(os.environ.get("FRONT_SMS_HISTORIES") or 0)  # 0: 200 on SQLite, 40 on other databases


class WithoutFilter(SendingMachine):
    duplicate_filter = None


class Resending(SendingMachine):
    duplicate_filter = None
    on_unconfirmed = "resend"


class WithEdits(SendingMachine):
    may_be_edited = True


class WithSteps(SendingMachine):
    clock_may_step = True


@pytest.mark.django_db
@pytest.mark.timeout(0 if HISTORIES else 1200)
@pytest.mark.parametrize("machine", [SendingMachine, WithoutFilter, Resending, WithEdits, WithSteps])
def test_random_sequences_keep_the_guarantees_of_sending(machine: type[SendingMachine]) -> None:
    assert AccountState.objects.count() == 0
    histories = HISTORIES or (200 if connection.vendor == "sqlite" else 40)
    profile = settings(
        max_examples=max(1, histories // 5),
        stateful_step_count=40,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if histories < 1000 else [Phase.generate],  # shrinking takes hours
    )
    run_state_machine_as_test(machine, settings=profile)
