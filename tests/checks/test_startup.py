"""The checks in a new process."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def fresh(front_sms: object) -> str:
    """The failed checks in a new process, and whether Celery was loaded."""
    start = (
        "from django.conf import settings; settings.configure("
        "INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'django_front_sms'], SECRET_KEY='x', "
        f"FRONT_SMS={front_sms!r}); "
        "import django; django.setup(); from django.core.checks import run_checks; "
        "import sys; print(*[m.id for m in run_checks()], 'celery' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", start], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_the_checks_do_not_load_celery():
    assert fresh({}) == "front_sms.E001 False"


@pytest.mark.parametrize(
    ("front_sms", "expected"),
    [
        ([], "E002"),
        ({"ACCOUNTS": 7}, "E002"),
        ({"ACCOUNTS": {"default": {}}}, "E004"),
        ({"ACCOUNTS": {"default": {"SERVICE_ID": 1}}, "SECRETS": []}, "E003"),
        ({"ACCOUNTS": {"default": {"SERVICE_ID": 1}}, "MMS_STORAGE": "attic"}, "E015"),
    ],
)
def test_the_checks_run_with_unreadable_settings(front_sms, expected):
    *ids, celery_is_loaded = fresh(front_sms).split()
    assert f"front_sms.{expected}" in ids
    assert celery_is_loaded == "False"
