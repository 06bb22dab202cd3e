"""Runs the tests of a file under other settings, in a process of their own."""

import os
import subprocess
import sys


def passes(file: str, settings: str) -> None:
    """Assert that the tests in `tests/sites/{file}` pass with `tests.sites.{settings}`, on SQLite."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", f"tests/sites/{file}"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": f"tests.sites.{settings}"}
    environment.pop("DATABASE_URL", None)
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
