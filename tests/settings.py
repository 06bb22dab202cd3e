"""Settings for the tests: SQLite and an in-memory broker, or what DATABASE_URL and CELERY_BROKER_URL name."""

import atexit
import os
import shutil
import tempfile

from example_project.databases import database

SECRET_KEY = "only-for-the-tests"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
TIME_ZONE = "Europe/Oslo"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("nb", "Norsk bokmål"), ("nn", "Norsk nynorsk")]

# Each run has a database and a folder of its own, so that two runs never disturb each other.
_scratch, _run = tempfile.mkdtemp(prefix="front-sms-tests-"), os.getpid()


@atexit.register
def _clean_up() -> None:
    if os.getpid() == _run:  # not in a child that was forked, and ends before the run does
        shutil.rmtree(_scratch, ignore_errors=True)


DATABASES = {"default": database(os.environ.get("DATABASE_URL") or f"sqlite:///{_scratch}/site.sqlite3")}
_name = f"test_front_sms_{_run}"
_sqlite = DATABASES["default"]["ENGINE"].endswith("sqlite3")
DATABASES["default"].setdefault("TEST", {})["NAME"] = f"{_scratch}/tests.sqlite3" if _sqlite else _name
if _sqlite:  # nothing of it must survive a power failure, so no commit waits for the disk
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_front_sms",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
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
ROOT_URLCONF = "tests.urls"
STATIC_URL = "/static/"
MEDIA_ROOT = f"{_scratch}/media"  # conftest.py gives each test one of its own
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
REST_FRAMEWORK = {"TEST_REQUEST_DEFAULT_FORMAT": "json"}

CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or "memory://"

FRONT_SMS = {
    "ACCOUNTS": {
        "default": {
            "SERVICE_ID": 1234,
            "SENDER": "Mitt Firma",
            "GATEWAY_URL": "http://127.0.0.1:9/psk/",  # the discard port: no test reaches a gateway by accident
            "DUPLICATE_FILTER": True,
        }
    },
    "WEBHOOK_SECRETS": ["only-for-the-tests"],
    "WEBHOOK_ALLOWED_IPS": ["127.0.0.1"],
}
