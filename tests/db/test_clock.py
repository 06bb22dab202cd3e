"""The real clocks: what two processes of a machine share."""

import subprocess
import sys
from pathlib import Path

import pytest

from django_front_sms.db import clock
from django_front_sms.db.clock import Reading, SystemClocks

READ = "from django_front_sms.db.clock import source; print(source.machine(), source.boot(), sep='\\n')"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not name their start")
def test_two_processes_of_a_machine_have_its_name_and_its_boot_time_clock() -> None:
    clocks = SystemClocks()
    before = clocks.boot()
    run = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, check=True)
    machine, boot = run.stdout.splitlines()

    assert machine == clocks.machine() != ""
    assert before < float(boot) < clocks.boot()


def test_a_process_whose_machine_has_no_name_is_a_machine_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "BOOT_ID", Path("/nonexistent"))
    clock._machine.cache_clear()
    try:
        assert clock._machine() == clock._machine() != ""
    finally:
        clock._machine.cache_clear()


@pytest.mark.django_db
def test_a_reading_is_between_two_moments_of_the_boot_time_clock() -> None:
    first, second = Reading.now(), Reading.now()

    assert first.asked <= first.answered <= second.asked <= second.answered
    assert first.time <= second.time
