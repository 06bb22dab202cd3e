"""The Celery app of a run."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.faults.settings")

app = Celery("faults")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
