"""The adapters for login packages, in a site that has them. Its settings differ, so it runs in its own process."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("allauth", "jwt", "phone_verify", "two_factor")
LOGINS = "tests/contrib/site/logins.py"


@pytest.mark.skipif(
    not all(importlib.util.find_spec(package) for package in PACKAGES),
    reason="django-allauth, django-phone-verify and django-two-factor-auth are not installed",
)
def test_people_log_in_with_each_package():
    command = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
    command += ["-p", "django_front_sms.testing.plugin", "--ds", "tests.contrib.site.settings", LOGINS]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240)
    tests = (ROOT / LOGINS).read_text().count("\ndef test_")
    assert run.returncode == 0 and f"{tests} passed" in run.stdout, run.stdout[-5000:]


@pytest.mark.parametrize("name", ["two_factor", "allauth", "phone_verify"])
def test_an_adapter_can_be_imported_without_its_package(name):
    script = f"""
import sys
for package in {PACKAGES!r}:
    sys.modules[package] = None  # importing it raises ImportError
import django
django.setup()
import django_front_sms.contrib.{name}
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
