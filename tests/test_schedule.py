"""The schedule for Celery's beat: settings can merge it, and the tasks' module has it too."""

import subprocess
import sys
from pathlib import Path

import pytest
from celery import current_app

from django_front_sms import tasks
from django_front_sms.schedule import BEAT_SCHEDULE

ROOT = Path(__file__).parent.parent

# A settings module, and a worker's start after it: the models cannot be loaded while the first is read.
SETTINGS = """
SECRET_KEY = "x"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django_front_sms"]
FRONT_SMS = {"ACCOUNTS": {"default": {"SERVICE_ID": 1234}}}
from django_front_sms.schedule import BEAT_SCHEDULE
CELERY_BEAT_SCHEDULE = {**BEAT_SCHEDULE, "mine": {"task": "mine", "schedule": 60.0}}
"""
START = """
import django; django.setup()
from celery import Celery
app = Celery("site"); app.config_from_object("django.conf:settings", namespace="CELERY")
from django_front_sms import tasks
print(*sorted(app.conf.beat_schedule))
print(tasks.BEAT_SCHEDULE.items() <= app.conf.beat_schedule.items())
"""


def test_a_settings_module_can_merge_the_schedule(tmp_path):
    (tmp_path / "site_settings.py").write_text(SETTINGS)
    run = subprocess.run(
        [sys.executable, "-c", START],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"PATH": "", "PYTHONPATH": f"{tmp_path}:{ROOT}", "DJANGO_SETTINGS_MODULE": "site_settings"},
    )
    assert run.returncode == 0, run.stderr
    names, merged = run.stdout.splitlines()
    assert names.split() == sorted([*BEAT_SCHEDULE, "mine"])
    assert merged == "True"


def test_the_schedule_is_the_same_from_every_import():
    assert tasks.BEAT_SCHEDULE is BEAT_SCHEDULE


@pytest.mark.django_db  # Celery runs Django's checks, and one of them may ask the database what it can do
def test_each_entry_names_a_task_that_a_worker_knows():
    current_app.loader.import_default_modules()
    for entry in BEAT_SCHEDULE.values():
        assert entry["task"] in current_app.tasks
        assert entry["options"]["expires"] <= entry["schedule"]
