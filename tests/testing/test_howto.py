"""The examples of the how-to for sites, copied out of it and run in a project of their own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
HOWTO = ROOT / "docs" / "howto" / "test-your-site.md"
SETTINGS = """
SECRET_KEY = "x"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django_front_sms", "shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
ROOT_URLCONF = "shop.urls"
CELERY_BROKER_URL = "redis://127.0.0.1:9/0"  # nobody is there, and nobody asks
"""
FILES = {
    "shop/__init__.py": "",
    "shop/apps.py": """
from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shop"

    def ready(self):
        from shop import receivers
""",
    "shop/urls.py": """
from django.urls import include, path

urlpatterns = [path("front-sms/", include("django_front_sms.urls"))]
""",
    "pytest.ini": "[pytest]\npythonpath = .\npython_files = test_*.py tests.py\n",
}

pytestmark = pytest.mark.skipif(not HOWTO.exists(), reason="the documentation is not here")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Every block of the how-to that begins with the name of a file, in that file."""
    blocks = dict(re.findall(r"^```python\n# (\S+)\n(.*?)^```", HOWTO.read_text(), re.M | re.S))
    assert set(blocks) == {
        "shop/receivers.py", "conftest.py", "test_shop.py", "tests.py", "test_reports.py", "settings.py",
        "test_without_gateway.py",
    }  # fmt: skip
    blocks["settings.py"] += SETTINGS
    for name, text in {**FILES, **blocks}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def run_tests(project: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "-q", "--ds=settings"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True)


def test_every_example_passes(project: Path) -> None:
    run = run_tests(project)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"^11 passed", run.stdout, re.M), run.stdout


def test_a_broken_example_fails(project: Path) -> None:
    receivers = project / "shop" / "receivers.py"
    receivers.write_text(receivers.read_text().replace("Takk!", "Hm."))
    run = run_tests(project)
    assert re.search(r"^2 failed, 9 passed", run.stdout, re.M), run.stdout
