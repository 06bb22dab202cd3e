"""The example project's clinic writes to tomorrow's patients."""

import os
import subprocess
import sys


def test_the_clinic_writes_to_tomorrows_patients():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "tests/sites/clinic.py"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.sites.clinic_settings"}
    environment.pop("DATABASE_URL", None)
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
