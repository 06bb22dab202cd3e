"""The tests' settings, with the peers that are installed."""

import importlib.util
import os

from tests.settings import *  # noqa: F403  (that is how Django's settings build on others)
from tests.settings import FRONT_SMS, INSTALLED_APPS

REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/9"

if gateway := os.environ.get("BENCHMARK_GATEWAY"):  # a worker of the benchmark
    FRONT_SMS = {**FRONT_SMS, "ACCOUNTS": {"default": {**FRONT_SMS["ACCOUNTS"]["default"], "GATEWAY_URL": gateway}}}

if importlib.util.find_spec("post_office"):
    INSTALLED_APPS = [*INSTALLED_APPS, "post_office"]
    POST_OFFICE = {"BACKENDS": {"default": "benchmarks.peers.post_office.Backend"}, "BATCH_SIZE": 100_000}
