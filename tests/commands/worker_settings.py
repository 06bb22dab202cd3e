"""Settings of a worker in a process of its own, on the database of the test that starts it."""

import os

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
