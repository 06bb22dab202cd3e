"""Settings of a worker in a process of its own, on the database of the test that starts it, with a slow receiver."""

import os
import time
from typing import Any

from django_front_sms import signals
from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["WORKER_DATABASE"]
FRONT_SMS = {
    "ACCOUNTS": {
        "default": {
            "SERVICE_ID": 1234,
            "SENDER": "Mitt Firma",
            "GATEWAY_URL": os.environ["WORKER_GATEWAY"],
            "DUPLICATE_FILTER": True,
        }
    },
    "WORKER": "command",
}


def wait(**kwargs: Any) -> None:
    time.sleep(0.2)  # in the worker's process, where the test can set no clock


signals.sending_paused.connect(wait)
