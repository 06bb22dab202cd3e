"""The benchmarks' settings as docs/howto/deploy.md recommends them for a busy site: persistent connections, in workers
too, a cache that the processes share, and a retention time.
"""

from benchmarks.settings import *  # noqa: F403  (that is how Django's settings build on others)
from benchmarks.settings import DATABASES, FRONT_SMS, QUEUE, REDIS_URL
from django_front_sms.schedule import BEAT_SCHEDULE

DATABASES["default"]["CONN_MAX_AGE"] = None
CELERY_DB_REUSE_MAX = 1000
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": QUEUE,  # as all keys of this run
    }
}
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
CELERY_TASK_DEFAULT_QUEUE = QUEUE
FRONT_SMS = {**FRONT_SMS, "RETENTION_DAYS": 1}
