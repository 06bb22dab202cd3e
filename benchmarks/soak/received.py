"""A receiver of inbound messages that writes their keys into a file for each process."""

import os
from functools import cache
from pathlib import Path
from typing import Any, TextIO


def connect() -> None:
    from django_front_sms.signals import message_received

    message_received.connect(_note, dispatch_uid="soak")


def _folder() -> Path:
    return Path(os.environ["BENCHMARK_FOLDER"], "received")


@cache
def _notes(process: int) -> TextIO:
    _folder().mkdir(exist_ok=True)
    return (_folder() / str(process)).open("a", buffering=1)


def _note(sender: Any, message: Any, event_id: str, **kwargs: Any) -> None:
    _notes(os.getpid()).write(f"{message.pk} {event_id}\n")


def messages() -> list[int]:
    """The keys of the inbound messages that receivers were called with, one for each event."""
    files = _folder().iterdir() if _folder().exists() else ()
    events = {line for file in files for line in file.read_text().splitlines()}
    return [int(line.split()[0]) for line in events]
