"""A purge of every message up to a key, in a process of its own: `python -m benchmarks.soak.purge KEY`.

The clock of this process alone is set forward, so that the first message after it will be `RETENTION_DAYS` old.
"""

import json
import sys
import time
from datetime import datetime, timedelta


def main() -> None:
    import benchmarks.soak.site  # noqa: F401  (sets Django up)
    from django_front_sms import jobs
    from django_front_sms.conf import get_settings
    from django_front_sms.db import clock
    from django_front_sms.models import OutboundMessage

    up_to = OutboundMessage.objects.filter(pk__lte=int(sys.argv[1])).latest("pk").created_at
    days = get_settings().retention_days
    assert days is not None
    ahead = timedelta(days=days) - (clock.database_now() - up_to)

    class Ahead(clock.SystemClocks):
        def database(self, using: str) -> datetime:
            return super().database(using) + ahead

    clock.source = Ahead()
    began = time.perf_counter()
    counts = jobs.purge()
    print(json.dumps({"seconds": time.perf_counter() - began, "cpu": time.process_time(), "counts": counts}))


if __name__ == "__main__":
    main()
