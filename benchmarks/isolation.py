"""Resources of one benchmark run: a Redis database, a queue, a PostgreSQL database and a folder, removed at its end."""

import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis

REDIS_URL = "redis://127.0.0.1:6379/9"
CLAIM = "front-sms-benchmark:claim"  # the key that holds a Redis database for a run; its value is a process id
CLAIM_LASTS = 60  # seconds; renewed every 20, so that the claim of a killed run ends soon
# Keys that kombu writes for every worker; they are not queues.
_KOMBU = re.compile(r"unacked|_kombu\.binding(_deadlines$|(_permanent)?\.((reply\.)?celery\.pidbox|celeryev))")


class NoFreeDatabase(RuntimeError):
    """Every database of the Redis server is in use."""


class ForeignKeys(RuntimeError):
    """Another process wrote into the Redis database of the run."""


@dataclass(frozen=True)
class RunResources:
    """The resources of one run: `redis_url` names the claimed database, `queue` is a new name, `folder` is empty."""

    redis_url: str
    queue: str
    folder: Path

    def environment(self) -> dict[str, str]:
        """Environment variables that name the resources, for `benchmarks.settings` and other processes of the run."""
        return {
            "BENCHMARK_REDIS_URL": self.redis_url,
            "BENCHMARK_QUEUE": self.queue,
            "BENCHMARK_FOLDER": str(self.folder),
            "BENCHMARK_DATABASE": f"front_sms_{self.queue.rpartition('-')[2]}",
        }


@contextmanager
def isolated(redis_url: str) -> Iterator[RunResources]:
    """Create resources for a run of this process, and name them in the environment for the processes that it starts.

    Raises `NoFreeDatabase`; at the end `ForeignKeys`, if another process wrote into the claimed database.
    """
    queue = f"front-sms-benchmark-{os.getpid()}_{secrets.token_hex(4)}"
    folder = Path(tempfile.mkdtemp(prefix="front-sms-benchmark-"))
    before, on_sigterm = dict(os.environ), signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # clean up as well
    try:
        with claimed(redis_url, queue) as url:
            resources = RunResources(url, queue, folder)
            os.environ.pop("CELERY_BROKER_URL", None)  # Celery prefers it to every setting
            os.environ.update(resources.environment())
            yield resources
    finally:
        signal.signal(signal.SIGTERM, on_sigterm)
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def claimed(redis_url: str, queue: str) -> Iterator[str]:
    """Claim an empty Redis database for this process, and return its URL: the one in `redis_url`, or the next.

    `queue`: the name of the run's queue; its keys are removed at the end. Database 0 is claimed only if `redis_url`
    names it, because programs use it by default.
    """
    url, server = _claim(redis_url)
    stop = threading.Event()
    renewal = threading.Thread(target=_renew, args=(server, stop), name="redis-claim", daemon=True)
    renewal.start()
    try:
        yield url
        _delete_own_keys(server, queue)
        if foreign := [key for key in server.scan_iter() if key != CLAIM]:
            raise ForeignKeys(
                f"Another process wrote {', '.join(sorted(foreign)[:5])} into {url} while the benchmark used it. Its "
                "figures are not valid: keep other programs away from that database, and run it again."
            )
    finally:
        stop.set()
        renewal.join()
        _delete_own_keys(server, queue)
        if server.get(CLAIM) == str(os.getpid()):
            server.delete(CLAIM)
        server.close()


def _claim(redis_url: str) -> tuple[str, Any]:
    first = int(urlsplit(redis_url).path.strip("/") or 0)
    with redis.Redis.from_url(redis_url) as server:
        count = int(server.config_get("databases")["databases"])
    for number in _order(first, count):
        url = urlsplit(redis_url)._replace(path=f"/{number}").geturl()
        database = redis.Redis.from_url(url, decode_responses=True)
        if not database.dbsize() and database.set(CLAIM, os.getpid(), nx=True, ex=CLAIM_LASTS):
            if database.dbsize() == 1:
                return url, database
            database.delete(CLAIM)  # another process wrote between the two commands
        database.close()
    raise NoFreeDatabase(
        f"None of the {count} databases of the Redis server at {redis_url} is empty. Wait until other benchmarks have "
        f"ended, empty one that is not needed (`redis-cli -n {first or count - 1} FLUSHDB`), or start a server for the "
        "benchmark and name it: REDIS_URL=redis://127.0.0.1:6380/1."
    )


def _order(first: int, count: int) -> list[int]:
    following = [(first + step) % count for step in range(1, count)]
    return [first, *(number for number in following if number)]


def _renew(server: Any, stop: threading.Event) -> None:
    while not stop.wait(CLAIM_LASTS / 3):
        server.expire(CLAIM, CLAIM_LASTS)


def _delete_own_keys(server: Any, queue: str) -> None:
    """Delete the keys whose names contain the run's queue, and kombu's records; never a queue of another process."""
    if ours := [key for key in server.scan_iter() if queue in key or _KOMBU.match(key)]:
        server.delete(*ours)
