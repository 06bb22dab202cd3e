"""A valid site."""

import pytest

from django_front_sms.schedule import BEAT_SCHEDULE
from tests.checks.valid_settings import ACCOUNT, SECRETS


@pytest.fixture
def site(settings, tmp_path):
    """A valid site in production."""
    settings.DEBUG = False
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:6379/0"
    settings.CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
    settings.MEDIA_ROOT, settings.MEDIA_URL = str(tmp_path / "media"), "/media/"
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "private")},
        },
    }
    settings.FRONT_SMS = {"ACCOUNTS": {"default": ACCOUNT}, "MMS_STORAGE": "private", **SECRETS}
    return settings
