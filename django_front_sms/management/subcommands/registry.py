"""All subcommands by name.

A module has `HELP`, `add_arguments`, and `handle`, which returns the exit code: 0 for success.
"""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Protocol

from django.core.management.base import OutputWrapper

from django_front_sms.management.subcommands import (
    duplicate_filter,
    erase,
    purge,
    resume,
    roles,
    send,
    simulate,
    status,
    sweep,
    urls,
    worker,
)

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Subcommand(Protocol):
    @property
    def HELP(self) -> "_StrPromise": ...

    def add_arguments(self, parser: ArgumentParser) -> None: ...

    def handle(self, out: OutputWrapper, given: Namespace) -> int: ...


SUBCOMMANDS: dict[str, Subcommand] = {
    "worker": worker,
    "urls": urls,
    "send": send,
    "status": status,
    "sweep": sweep,
    "purge": purge,
    "erase": erase,
    "resume": resume,
    "roles": roles,
    "check-duplicate-filter": duplicate_filter,
    "simulate": simulate,
}
