"""What Celery's beat is to start, and how often. No models here, so settings can merge it:

from django_front_sms.schedule import BEAT_SCHEDULE
CELERY_BEAT_SCHEDULE = {**BEAT_SCHEDULE, …}
"""

from typing import Any

SWEEP_EVERY = 10.0  # seconds

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "front-sms-sweep": {
        "task": "django_front_sms.tasks.sweep",
        "schedule": SWEEP_EVERY,
        "options": {"expires": SWEEP_EVERY},
    },
}
