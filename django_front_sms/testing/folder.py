"""A broker made of files in a folder, where no server is installed: kombu's own, without what ends a worker there.

    CELERY_BROKER_URL = "filesystem://localhost"
    CELERY_BROKER_TRANSPORT = "django_front_sms.testing.folder:Transport"

Kombu makes a file, and writes it a moment later. A worker that reads it in between finds no JSON in it, takes that for
a fault which it cannot get over, and ends with exit code 1. For trying out; in earnest, use Redis.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.json import dumps

R = TypeVar("R")

_LOOKS = 50
_BETWEEN_LOOKS = 0.02  # seconds


class Channel(filesystem.Channel):
    """Files come to the folder whole."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # as kombu names it here
        # By name, as kombu has them: the oldest first, and nothing but the queue between the first point and the last.
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
    """What `read` gives; again, while another process is writing what is to be read."""
    for _ in range(_LOOKS):
        try:
            return read()
        except ValueError:  # no JSON
            time.sleep(_BETWEEN_LOOKS)
    return read()
