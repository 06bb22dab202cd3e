"""The benchmarks' settings as docs/howto/deploy.md recommends them for a busy site: persistent connections, in workers
too, and a retention time.
"""

from benchmarks.settings import *  # noqa: F403  (that is how Django's settings build on others)
from benchmarks.settings import DATABASES, FRONT_SMS, QUEUE
from django_front_sms.schedule import BEAT_SCHEDULE

DATABASES["default"]["CONN_MAX_AGE"] = None
CELERY_DB_REUSE_MAX = 1000
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
CELERY_TASK_DEFAULT_QUEUE = QUEUE
FRONT_SMS = {**FRONT_SMS, "RETENTION_DAYS": 1}
