"""The site under test: its WSGI application and its Celery app."""

import os

from celery import Celery
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.soak.settings")

app = Celery("soak")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["django_front_sms"])
app.set_default()

application = get_wsgi_application()

from benchmarks.soak import received  # noqa: E402  (needs the applications)

received.connect()
