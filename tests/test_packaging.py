"""The contents of the wheel: all files of the package, and no other files of this repository."""

import configparser
import email.message
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
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is built, so that no earlier build leaves anything in the wheel."""
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(PACKAGE, source / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "PACKAGE.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    return source


def setuptools(source: Path, *command: str, project_url: str = "") -> None:
    run = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        cwd=source,
        env={**os.environ, "PROJECT_URL": project_url},
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture(scope="module")
def wheel(source: Path) -> zipfile.ZipFile:
    setuptools(source, "-m", "build", "--wheel", "--no-isolation")
    (path,) = (source / "dist").glob("*.whl")
    return zipfile.ZipFile(path)


def metadata_of(source: Path, project_url: str) -> email.message.Message:
    (source / "info").mkdir(exist_ok=True)
    setuptools(source, "setup.py", "dist_info", "--output-dir", "info", project_url=project_url)
    (path,) = (source / "info").glob("*.dist-info/METADATA")
    return email.message_from_string(path.read_text(encoding="utf-8"))


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
def test_with_the_address_of_the_repository_the_page_has_links_and_a_picture_that_an_index_can_show(source):
    metadata = metadata_of(source, "https://git.example.com/owner/django-front-sms/")
    description = metadata.get_payload()
    targets = re.findall(r"\]\(([^)]+)\)", description)
    base = "https://git.example.com/owner/django-front-sms"
    assert f"{base}/raw/HEAD/docs/screenshots/message-light.png" in targets
    assert f"Documentation, {base}/blob/HEAD/docs/index.md" in metadata.get_all("Project-URL")
    assert f"Source, {base}" in metadata.get_all("Project-URL")
    paths = [
        target.partition("/HEAD/")[2] for target in [*targets, *metadata.get_all("Project-URL")] if "/HEAD/" in target
    ]
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).is_file()] == []


STUB = """#!/bin/sh
# Stands for each program that the script runs; "makes" what a virtual environment and a new project have.
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin" && ln -s "$0" "$3/bin/python" && ln -s "$0" "$3/bin/django-admin" ;;
  "startproject fresh") mkdir fresh ;;
esac
"""


@needs_source
@pytest.mark.parametrize("url", ["", "https://git.example.com/owner/django-front-sms"])
def test_a_build_without_the_address_of_the_repository_says_what_is_missing(tmp_path, url):
    programs = tmp_path / "venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "twine", "check-wheel-contents"):
        (programs / name).write_text(STUB)
        (programs / name).chmod(0o755)
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "package", tmp_path / ".ci")
    environment = {**os.environ, "VENV": str(tmp_path / "venv"), "PROJECT_URL": url}
    run = subprocess.run([tmp_path / ".ci" / "package"], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    last = run.stdout.splitlines()[-1]
    assert last.startswith("PROJECT_URL is not set: " if not url else "The wheel installs")


@needs_source
def test_an_address_that_is_none_is_refused(source):
    with pytest.raises(AssertionError, match="Give the https:// address of the repository"):
        metadata_of(source, "git.example.com")


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
def test_the_installed_wheel_is_tested():
    assert "site-packages" in str(django_front_sms.__file__)


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say():
    out = StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=out)
    assert "No changes detected" in out.getvalue()
