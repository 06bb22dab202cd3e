"""A site that never imports `django_front_sms.rest` never imports Django REST framework."""

import subprocess
import sys
from pathlib import Path

START = """
import os, sys
from pkgutil import walk_packages
from django.conf import settings
from tests import settings as ours

names = {name: getattr(ours, name) for name in dir(ours) if name.isupper() and name != "REST_FRAMEWORK"}
settings.configure(**{**names, "INSTALLED_APPS": [app for app in ours.INSTALLED_APPS if app != "rest_framework"]})

import django
django.setup()
import django_front_sms
for module in walk_packages(django_front_sms.__path__, "django_front_sms."):
    if not module.name.startswith("django_front_sms.rest") and not module.name.endswith("__main__"):
        try:
            __import__(module.name)
        except ModuleNotFoundError as error:
            if error.name != "django.tasks":  # Django 6.0 and later
                raise
print(*sorted({"rest_framework", "drf_spectacular"} & set(sys.modules)))
import django_front_sms.rest.urls
print(*sorted({"rest_framework", "drf_spectacular"} & set(sys.modules)))
"""


def test_no_module_outside_rest_loads_it_and_rest_needs_no_place_in_installed_apps() -> None:
    root = Path(__file__).resolve().parents[2]
    run = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, cwd=root)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split("\n")[:2] == ["", "drf_spectacular rest_framework"]
