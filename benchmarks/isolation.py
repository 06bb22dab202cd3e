"""What a run shares with nobody: a Redis database, a queue, a PostgreSQL database and a folder, removed at its end."""

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
CLAIM_LASTS = 60  # seconds; renewed three times as often, so that a run that was killed keeps nobody out for long
# What kombu keeps for any worker: no queue is among it.
_KOMBU = re.compile(r"unacked|_kombu\.binding(_deadlines$|(_permanent)?\.((reply\.)?celery\.pidbox|celeryev))")


class NoFreeDatabase(RuntimeError):
    """Every database of the Redis server is in use."""


class ForeignKeys(RuntimeError):
    """Another process wrote into the run's Redis database meanwhile."""


@dataclass(frozen=True)
class Place:
    """Where a run works. `redis_url` names the claimed database, `queue` is nobody else's, `folder` is empty."""

    redis_url: str
    queue: str
    folder: Path

    def environment(self) -> dict[str, str]:
        """What tells settings and other processes of the run, in `benchmarks.settings`."""
        return {
            "BENCHMARK_REDIS_URL": self.redis_url,
            "BENCHMARK_QUEUE": self.queue,
            "BENCHMARK_FOLDER": str(self.folder),
            "BENCHMARK_DATABASE": f"front_sms_{self.queue.rpartition('-')[2]}",
        }


@contextmanager
def isolated(redis_url: str) -> Iterator[Place]:
    """A place of its own for a run of this process, named in the environment for the processes that it starts.

    Raises `NoFreeDatabase`; `ForeignKeys` at the end, if another process wrote into the claimed database meanwhile.
    """
    queue = f"front-sms-benchmark-{os.getpid()}_{secrets.token_hex(4)}"
    folder = Path(tempfile.mkdtemp(prefix="front-sms-benchmark-"))
    before, on_sigterm = dict(os.environ), signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # clean up then, too
    try:
        with claimed(redis_url, queue) as url:
            place = Place(url, queue, folder)
            os.environ.pop("CELERY_BROKER_URL", None)  # Celery prefers it to every setting
            os.environ.update(place.environment())
            yield place
    finally:
        signal.signal(signal.SIGTERM, on_sigterm)
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def claimed(redis_url: str, queue: str) -> Iterator[str]:
    """The address of an empty Redis database, held for this process: the one that `redis_url` names, or the next.

    `queue`: the run's only name there, whose keys are removed at the end. Database 0 is taken only if `redis_url`
    names it, because every program uses it by default.
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
            database.delete(CLAIM)  # somebody wrote between the two
        database.close()
    raise NoFreeDatabase(
        f"None of the {count} databases of the Redis server at {redis_url} is empty. Wait until other benchmarks have "
        f"ended, empty one that nobody needs (`redis-cli -n {first or count - 1} FLUSHDB`), or start a server for the "
        "benchmark and name it: REDIS_URL=redis://127.0.0.1:6380/1."
    )


def _order(first: int, count: int) -> list[int]:
    following = [(first + step) % count for step in range(1, count)]
    return [first, *(number for number in following if number)]


def _renew(server: Any, stop: threading.Event) -> None:
    while not stop.wait(CLAIM_LASTS / 3):
        server.expire(CLAIM, CLAIM_LASTS)


def _delete_own_keys(server: Any, queue: str) -> None:
    """Delete the keys that hold the run's queue in their name, and kombu's records; no queue of another process."""
    if ours := [key for key in server.scan_iter() if queue in key or _KOMBU.match(key)]:
        server.delete(*ours)
