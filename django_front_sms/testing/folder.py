"""A broker that stores tasks as files in a folder, for machines without a server: kombu's own, with one error fixed.

    CELERY_BROKER_URL = "filesystem://localhost"
    CELERY_BROKER_TRANSPORT = "django_front_sms.testing.folder:Transport"

Kombu creates a file and writes it a moment later. A worker that reads it in between finds no JSON, treats that as an
unrecoverable error, and ends with exit code 1. For development only; use Redis in production.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.json import dumps

R = TypeVar("R")

_TRIES = 50
_PAUSE = 0.02  # seconds


class Channel(filesystem.Channel):
    """Writes files to the folder atomically.

    `_put` and `_queue_bind` are the methods that kombu has virtual transports implement. `test_folder` names the
    versions tried.
    """

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # as kombu names it here
        # Kombu sorts by name, oldest first, and takes the part between the first and the last point as the queue.
        whole = Path(self.data_folder_out, f"{time.monotonic_ns() // 1_000_000}_{uuid4()}.{queue}.msg")
        part = whole.with_suffix(".part")
        part.write_text(dumps(payload))
        part.replace(whole)

    def get_table(self, exchange: str) -> Any:
        return _as_soon_as_written(lambda: super(Channel, self).get_table(exchange))

    def _queue_bind(self, *args: Any) -> None:
        _as_soon_as_written(lambda: super(Channel, self)._queue_bind(*args))


class Transport(filesystem.Transport):
    Channel = Channel


def _as_soon_as_written(read: Callable[[], R]) -> R:
    """Return the result of `read`; try again while another process is writing the file."""
    for _ in range(_TRIES):
        try:
            return read()
        except ValueError:  # no JSON
            time.sleep(_PAUSE)
    return read()
