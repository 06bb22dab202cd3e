"""A user model whose key is no integer."""

import os
import subprocess
import sys


def test_admin_and_rest_work_with_a_uuid_as_the_key_of_users():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "tests/sites/uuid_site.py"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.sites.uuid_settings"}
    environment.pop("DATABASE_URL", None)
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
