"""The tests' settings with the resources of this run (`benchmarks.isolation`) and the peers that are installed."""

import importlib.util
import os
import time
from typing import Any

from django_front_sms import signals
from tests.settings import *  # noqa: F403  (that is how Django's settings build on others)
from tests.settings import DATABASES, FRONT_SMS, INSTALLED_APPS

REDIS_URL = os.environ["BENCHMARK_REDIS_URL"]
QUEUE = os.environ["BENCHMARK_QUEUE"]
MEDIA_ROOT = os.path.join(os.environ["BENCHMARK_FOLDER"], "media")
DATABASES["default"]["TEST"]["NAME"] = os.environ["BENCHMARK_DATABASE"]

if gateway := os.environ.get("BENCHMARK_GATEWAY"):  # a worker of the benchmark
    FRONT_SMS = {
        **FRONT_SMS,
        "WORKER": os.environ.get("BENCHMARK_WORKER", "celery"),
        "ACCOUNTS": {"default": {**FRONT_SMS["ACCOUNTS"]["default"], "GATEWAY_URL": gateway}},
    }

if importlib.util.find_spec("post_office"):
    INSTALLED_APPS = [*INSTALLED_APPS, "post_office"]
    POST_OFFICE = {"BACKENDS": {"default": "benchmarks.peers.post_office.Backend"}, "BATCH_SIZE": 100_000}

RECEIVER = float(os.environ.get("BENCHMARK_RECEIVER", 0))  # seconds that a receiver takes; 0: there is none


def receive(**kwargs: Any) -> None:
    time.sleep(RECEIVER)  # a slow receiver is what is measured


if RECEIVER:
    signals.sending_paused.connect(receive)
