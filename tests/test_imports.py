"""Imports go down only, and the heavy libraries are named in one place each (`pyproject.toml` has the contracts)."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = ("django", "celery", "rest_framework", "urllib3", "phonenumbers")


@pytest.mark.skipif(not (ROOT / "django_front_sms").is_dir(), reason="the source of the package is not here")
def test_imports_go_down_only():
    run = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter, without Django set up, has loaded after `statement`."""
    run = subprocess.run(
        [sys.executable, "-c", f"{statement}; import sys; print(*{{name.split('.')[0] for name in sys.modules}})"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"PATH": ""},
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


def test_the_package_itself_loads_nothing_heavy():
    assert not modules_after("import django_front_sms").intersection(HEAVY)


@pytest.mark.parametrize("module", ["django_front_sms.gateway", "django_front_sms.simulator"])
def test_the_gateway_and_the_simulator_need_no_django(module):
    assert not modules_after(f"import {module}").intersection({"django", "celery", "rest_framework"})


def test_a_site_without_the_rest_app_never_loads_django_rest_framework():
    start = (
        "from django.conf import settings; "
        "settings.configure(INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'django_front_sms'], "
        "FRONT_SMS={'ACCOUNTS': {'default': {'SERVICE_ID': 1}}}, SECRET_KEY='x'); "
        "import django; django.setup(); "
        "import django_front_sms.sending, django_front_sms.urls, django_front_sms.tasks"
    )
    assert "rest_framework" not in modules_after(start)


def test_the_public_names_are_there_and_an_unknown_one_says_so():
    import django_front_sms

    for name in django_front_sms.__all__:
        assert callable(getattr(django_front_sms, name))
        assert name in dir(django_front_sms)
    with pytest.raises(AttributeError, match="no attribute 'send_fax'"):
        _ = django_front_sms.send_fax
