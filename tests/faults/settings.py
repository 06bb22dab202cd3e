"""The Django project of a run. `FAULTS_*` in the environment, set by the runner, says where everything is."""

import os

from example_project.databases import database
from tests.faults.plan import Plan

PLAN = Plan.from_json(os.environ["FAULTS_PLAN"])

SECRET_KEY = "only-for-the-faults"
USE_TZ = True
TIME_ZONE = "Europe/Oslo"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django_front_sms"]
if PLAN.pool == "tasks":
    INSTALLED_APPS.append("django_tasks_db")
    TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": database(os.environ["FAULTS_DATABASE_URL"])}
if PLAN.database == "postgresql":
    DATABASES["default"].setdefault("OPTIONS", {})["connect_timeout"] = 5
if ports := os.environ.get("FAULTS_DATABASE_PORTS"):  # of a primary and its standby
    DATABASES["default"] |= {"HOST": "127.0.0.1,127.0.0.1", "PORT": ports}
    DATABASES["default"]["OPTIONS"]["target_session_attrs"] = "read-write"

CELERY_BROKER_URL = os.environ["FAULTS_BROKER_URL"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": max(1.0, 10 * PLAN.scale),
    "socket_connect_timeout": max(0.5, 5 * PLAN.scale),
    "visibility_timeout": 3600 * PLAN.scale,  # redis' own hour; the engine needs none, plain tasks live by it
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

ROOT_URLCONF = "tests.faults.urls"
ALLOWED_HOSTS = ["127.0.0.1"]

_ACCOUNT = {"GATEWAY_URL": os.environ["FAULTS_GATEWAY_URL"], "DUPLICATE_FILTER": True}
_TRANSPORT = "get" if PLAN.transport == "get" else "json"
FRONT_SMS = {
    "ACCOUNTS": {
        "default": {"SERVICE_ID": 1234, "SENDER": "Mitt Firma", "TRANSPORT": _TRANSPORT, **_ACCOUNT},
        "get": {"SERVICE_ID": 1235, "SENDER": "Firmaet", "TRANSPORT": "get", **_ACCOUNT},
        "quiet": {
            "SERVICE_ID": 1236,
            "SENDER": "Stille",
            "TRANSPORT": _TRANSPORT,
            "QUIET_HOURS": os.environ["FAULTS_QUIET_HOURS"].split("-"),
            **_ACCOUNT,
        },
    },
    "DUPLICATE_WINDOW": PLAN.window,
    "TIMEOUT": PLAN.timeout,
    "WINDOW_MARGIN": 0 if "margin" in PLAN.removed.split("+") else PLAN.margin,
    "WORKER": PLAN.pool if PLAN.pool in ("command", "tasks") else "celery",
    "WEBHOOK_SECRETS": ["only-for-the-faults"],
    "WEBHOOK_ALLOWED_IPS": None,
    "RECEIVER_RETRY_DELAY": 10 * PLAN.scale,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(process)d %(name)s %(levelname)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django_front_sms": {"level": "INFO"}},
}
