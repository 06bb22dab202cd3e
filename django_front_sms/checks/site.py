"""The settings of the site besides `FRONT_SMS`: time zones, proxies, broker, URLs, storage and database routers."""

from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Tags, register
from django.core.files.storage import FileSystemStorage, storages
from django.db import router
from django.urls import NoReverseMatch, get_script_prefix, reverse

from django_front_sms.checks import messages
from django_front_sms.checks.values import effective, raw_accounts
from django_front_sms.db.routing import write_alias
from django_front_sms.events.hints import has_broker_url
from django_front_sms.schedule import BEAT_SCHEDULE, HINTS_LAST

# Settings of sites behind a proxy.
_PROXY_SETTINGS = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")


@register(messages.TAG)
def check_times_of_site(**kwargs: Any) -> Iterator[CheckMessage]:
    if not django_settings.USE_TZ:
        yield messages.NAIVE_TIMES.as_message()


@register(messages.TAG)
def check_proxies(**kwargs: Any) -> Iterator[CheckMessage]:
    setting = next((name for name in _PROXY_SETTINGS if getattr(django_settings, name, None)), None)
    if setting and effective("TRUSTED_PROXY_COUNT") == 0 and effective("WEBHOOK_ALLOWED_IPS") is not None:
        yield messages.PROXY.as_message(setting=setting)


@register(messages.TAG)
def check_broker(**kwargs: Any) -> Iterator[CheckMessage]:
    """Celery's settings, as far as they are in Django's."""
    if effective("WORKER") != "celery":
        return
    broker = getattr(django_settings, "CELERY_BROKER_URL", None)
    if isinstance(broker, str) and broker.startswith("memory:") and not django_settings.DEBUG:
        yield messages.MEMORY_BROKER.as_message()

    options = getattr(django_settings, "CELERY_BROKER_TRANSPORT_OPTIONS", None)
    timeout = options.get("visibility_timeout") if isinstance(options, Mapping) else None
    if (
        isinstance(broker, str)
        and broker.startswith(("redis", "sentinel"))
        and isinstance(timeout, int | float)
        and timeout < HINTS_LAST
    ):
        yield messages.VISIBILITY.as_message(seconds=f"{timeout:g}")


@register(messages.TAG)
def check_celery(**kwargs: Any) -> Iterator[CheckMessage]:
    if effective("WORKER") != "celery" or not raw_accounts():
        return
    if getattr(django_settings, "CELERY_TASK_ALWAYS_EAGER", False):
        yield messages.EAGER.as_message()
    if not has_broker_url():
        yield messages.NO_BROKER.as_message()


@register(messages.TAG)
def check_task_framework(**kwargs: Any) -> Iterator[CheckMessage]:
    if effective("WORKER") == "tasks" and django.VERSION < (6, 0):
        yield messages.NO_TASK_FRAMEWORK.as_message(version=django.get_version())


@register(messages.TAG, deploy=True)
def check_beat(**kwargs: Any) -> Iterator[CheckMessage]:
    """Only with `check --deploy`: for development, each worker's own timer is enough. Schedules in a database are not
    read."""
    if effective("WORKER") != "celery":
        return
    if "django_celery_beat" in str(getattr(django_settings, "CELERY_BEAT_SCHEDULER", "")):
        return
    schedule = getattr(django_settings, "CELERY_BEAT_SCHEDULE", None)
    entries = schedule.values() if isinstance(schedule, Mapping) else ()
    named = {entry.get("task") for entry in entries if isinstance(entry, Mapping)}
    wanted = [entry["task"] for entry in BEAT_SCHEDULE.values()]
    for task in wanted if effective("RETENTION_DAYS") is not None else wanted[:1]:
        if task not in named:
            yield messages.NO_BEAT.as_message(task=task)


@register(messages.TAG, Tags.urls)
def check_urls(**kwargs: Any) -> Iterator[CheckMessage]:
    try:
        reverse("front_sms:inbound", kwargs={"token": "x"})
    except NoReverseMatch:
        yield messages.NO_WEBHOOKS.as_message()
    except Exception:  # Django's own check reports a URLconf that cannot be loaded
        return


@register(messages.TAG)
def check_storage(**kwargs: Any) -> Iterator[CheckMessage]:
    alias = effective("MMS_STORAGE")
    try:
        _ = storages[alias]
    except Exception as error:  # the class that STORAGES names may raise any exception
        yield messages.STORAGE.as_message(alias=alias, reason=f"{type(error).__name__}: {error}")


@register(messages.TAG, Tags.security, deploy=True)
def check_public_files(**kwargs: Any) -> Iterator[CheckMessage]:
    """Only with `check --deploy`: for development, everything is under MEDIA_ROOT."""
    try:
        storage = storages[effective("MMS_STORAGE")]
    except Exception:  # `check_storage` reports it
        return
    url, folder = django_settings.MEDIA_URL, django_settings.MEDIA_ROOT
    served = folder and url != get_script_prefix()  # Django converts an empty MEDIA_URL to this
    # The web server serves every file in this folder, whatever URL the storage returns.
    if served and isinstance(storage, FileSystemStorage) and _lies_in(storage.location, folder):
        yield messages.PUBLIC_FILES.as_message(url=url)


def _lies_in(folder: str | PathLike[str], other: str | PathLike[str]) -> bool:
    return Path(folder).resolve().is_relative_to(Path(other).resolve())


@register(messages.TAG)
def check_routers(**kwargs: Any) -> Iterator[CheckMessage]:
    alias = write_alias()
    models = [*apps.get_app_config("front_sms").get_models(), get_user_model()]
    elsewhere = [model._meta.label for model in models if router.db_for_write(model) != alias]
    if elsewhere:
        yield messages.SEVERAL_DATABASES.as_message(models=", ".join(elsewhere), alias=alias)
