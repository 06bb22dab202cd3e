"""Settings of the example. By default: SQLite, a broker that stores tasks in files, and the simulator as gateway."""

import os
from pathlib import Path
from typing import Any

from django_front_sms.schedule import BEAT_SCHEDULE
from example_project.databases import database

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("EXAMPLE_VAR") or ROOT / "var")  # files of the example: database, broker, pictures
VAR.mkdir(parents=True, exist_ok=True)


def env(name: str, default: str = "") -> str:
    return os.environ.get(name) or default


def env_flag(name: str) -> bool | None:
    """True or False; None if the variable is not set."""
    return {"": None, "none": None, "true": True, "1": True, "false": False, "0": False}[env(name).lower()]


def env_list(name: str, default: str) -> list[str] | None:
    """A comma-separated list; the word `none` is None."""
    value = env(name, default)
    return None if value.lower() == "none" else [item.strip() for item in value.split(",") if item.strip()]


SECRET_KEY = env("SECRET_KEY", "the example keeps no secrets")
DEBUG = True
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_front_sms",
    "example_project.clinic",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "example_project.urls"
LOGIN_URL = "admin:login"
WSGI_APPLICATION = "example_project.wsgi.application"

DATABASES = {"default": database(env("DATABASE_URL", f"sqlite:///{VAR}/db.sqlite3"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("nb", "Norsk bokmål"), ("nn", "Norsk nynorsk")]
USE_TZ = True
TIME_ZONE = "Europe/Oslo"

STATIC_URL = "static/"
MEDIA_URL = "media/"
MEDIA_ROOT = str(VAR / "media")

# Celery. In production, use Redis. The default here, without CELERY_BROKER_URL, is files in a folder.
CELERY_BROKER_URL = env("CELERY_BROKER_URL", "filesystem://localhost")
CELERY_TASK_DEFAULT_QUEUE = env("EXAMPLE_QUEUE", "celery")
CELERY_TASK_IGNORE_RESULT = True
# `make beat` is optional: each worker has a timer for the sweep.
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {}
if CELERY_BROKER_URL.startswith("filesystem:"):
    CELERY_BROKER_TRANSPORT = "django_front_sms.testing.folder:Transport"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(VAR / "broker"),
        "data_folder_out": str(VAR / "broker"),
        "control_folder": str(VAR / "broker-control"),
        "polling_interval": 0.2,
    }
    for folder in ("broker", "broker-control"):
        (VAR / folder).mkdir(exist_ok=True)

FRONT_SMS = {
    "ACCOUNTS": {
        "default": {
            "SERVICE_ID": int(env("FRONT_SMS_SERVICE_ID", "1234")),
            "PASSWORD": env("FRONT_SMS_PASSWORD") or None,
            "SENDER": env("FRONT_SMS_SENDER", "26114123450000"),  # a PSK number: patients can answer
            "GATEWAY_URL": env("FRONT_SMS_GATEWAY_URL", "http://127.0.0.1:9900/psk/"),  # the simulator
            "DUPLICATE_FILTER": env_flag("FRONT_SMS_DUPLICATE_FILTER"),
        },
    },
    # The simulator calls from this machine. In production, leave this out: the default is Front's own addresses.
    "WEBHOOK_ALLOWED_IPS": env_list("FRONT_SMS_WEBHOOK_ALLOWED_IPS", "127.0.0.1,::1"),
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {
        "django_front_sms": {"handlers": ["console"], "level": "INFO"},
        "django.server": {"level": "WARNING"},  # the URLs of requests contain tokens and numbers
    },
}
