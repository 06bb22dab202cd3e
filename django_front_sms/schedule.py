"""The schedule for Celery beat. It imports no models, so that settings can merge it:

from django_front_sms.schedule import BEAT_SCHEDULE
CELERY_BEAT_SCHEDULE = {**BEAT_SCHEDULE, …}
"""

from typing import Any

SWEEP_EVERY = 10.0  # seconds
HINTS_LAST = 600  # seconds until a hint expires that no worker has taken; the sweep does its work
PURGE_EVERY = 24 * 60 * 60.0  # seconds
_PURGE_WITHIN = 60 * 60.0  # seconds until a purge expires that no worker has taken, so that purges do not pile up

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "front-sms-sweep": {
        "task": "django_front_sms.tasks.sweep",
        "schedule": SWEEP_EVERY,
        "options": {"expires": SWEEP_EVERY},
    },
    "front-sms-purge": {
        "task": "django_front_sms.tasks.purge",
        "schedule": PURGE_EVERY,
        "options": {"expires": _PURGE_WITHIN},
    },
}
