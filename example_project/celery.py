"""The Celery app: `celery -A example_project.celery:app worker`, from the folder above this one."""

import os
from typing import Any

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")

app = Celery("example_project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def schedule(sender: Celery, **kwargs: Any) -> None:
    """`make beat` is welcome, and not needed: each worker has a timer of its own for the sweep."""
    from django_front_sms.tasks import BEAT_SCHEDULE  # needs the models, which are not there before Django is set up

    sender.conf.beat_schedule = BEAT_SCHEDULE
