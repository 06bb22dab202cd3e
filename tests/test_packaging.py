"""What a site gets when it installs the package: everything the source has, and nothing of this repository's rest."""

import configparser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

import django_front_sms

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "django_front_sms"
needs_source = pytest.mark.skipif(not PACKAGE.is_dir(), reason="the source of the package is not here")


def is_shipped(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts and path.suffix not in {".pyc", ".po~"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy of the source, so that no earlier build leaves anything in it."""
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(PACKAGE, source / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "PACKAGE.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    run = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation"], capture_output=True, text=True, cwd=source
    )
    assert run.returncode == 0, run.stdout + run.stderr
    (path,) = (source / "dist").glob("*.whl")
    return zipfile.ZipFile(path)


@needs_source
def test_the_wheel_has_every_file_of_the_package_and_nothing_else(wheel):
    source = {str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*") if is_shipped(path)}
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == source


@needs_source
def test_the_wheel_names_its_licence_its_version_and_its_typing(wheel):
    info = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = wheel.read(info).decode()
    assert "django_front_sms/py.typed" in wheel.namelist()
    assert any(name.endswith("LICENSE") for name in wheel.namelist())
    assert f"Version: {django_front_sms.__version__}\n" in metadata
    assert "BSD-3-Clause" in metadata


@needs_source
def test_the_page_of_the_package_has_no_link_that_an_index_could_not_follow(wheel):
    info = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    description = wheel.read(info).decode().partition("\n\n")[2]
    assert description.startswith("# django-front-sms")
    assert [link for link in re.findall(r"\]\(([^)]+)\)", description) if not link.startswith("https://")] == []


@needs_source
def test_a_plain_install_brings_no_rest_framework():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert "djangorestframework" not in config["options"]["install_requires"]
    assert "djangorestframework" in config["options.extras_require"]["rest"]


@needs_source
def test_every_lower_bound_is_a_version_that_tox_tests():
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    extras = [config["options.extras_require"][name] for name in ("rest", "xlsx", "prometheus", "testing")]
    wanted = "\n".join([config["options"]["install_requires"], *extras])
    tested = dict(re.findall(r"lowest: ([\w-]+)==([\d.]+)", (ROOT / "tox.ini").read_text()))
    bounds = dict(re.findall(r"^([\w-]+)(?:\[\w+\])?>=([\d.]+)(?:,<[\d.]+)?$", wanted, re.M))
    assert bounds.keys() == tested.keys()
    for name, bound in bounds.items():
        assert f"{tested[name]}.".startswith(f"{bound}."), name


@pytest.mark.skipif(os.environ.get("FRONT_SMS_TESTED_FROM") != "wheel", reason="tox alone tests the installed wheel")
def test_what_is_tested_is_the_installed_wheel():
    assert "site-packages" in str(django_front_sms.__file__)


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say():
    out = StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=out)
    assert "No changes detected" in out.getvalue()
