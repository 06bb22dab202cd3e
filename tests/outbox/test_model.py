"""Random sequences of requests and faults keep the guarantees of sending (`tests.outbox.model`).

`FRONT_SMS_HISTORIES` sets how many sequences are run (thousands, in the longer runs).
"""

import os

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from django_front_sms.models import AccountState
from tests.outbox.exchange_results import unclear
from tests.outbox.model import SendingMachine
from tests.outbox.rows import message

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


@pytest.mark.django_db
def test_a_step_back_of_the_clock_in_a_pause_doubles_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Front accepts a message, its answer is lost, and nothing runs for two minutes. Meanwhile the database's clock
    steps back by less than that: Front has forgotten the message, and the clock alone does not show it."""
    monkeypatch.setattr("tests.outbox.model.event", lambda text: None)  # Hypothesis' statistics: it does not run this
    history = WithSteps()
    try:
        history.set_up(front_filters=True, policy="defer")
        message("Test")
        (request,) = history._claim(worker=0, limit=1)
        history._write(request)
        history._process(request, None)
        history._finish(request, unclear())
        history._record(list(history.results))
        history.step_database_clock_back(pause=120.0, seconds=100.0)
        history._advance(5.0)
    finally:
        history.teardown()  # sends what is left to send, and checks the guarantees
