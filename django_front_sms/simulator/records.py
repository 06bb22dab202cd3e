"""What the simulator remembers of the traffic."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from django_front_sms.gateway.codes import ErrorCode

from .pushes import Push, Reply

Kind = Literal["submission", "status", "inbound"]
_PASSWORD = re.compile(rb"""("password"\s*:\s*")(?:[^"\\]|\\.)*|([?&]password=)[^&\s]*""")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a submission. `id` is 0 where it was refused or sent in bulk; `invalid` and
    `duplicates` are recipients of a bulk, as the customer wrote them (§2.4)."""

    code: ErrorCode
    id: int = 0
    invalid: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request of a customer. The password is left out of the parameters."""

    at: float
    parameters: dict[str, object] = field(repr=False)
    bulk: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class PushRecord:
    """One push to a customer; `delivered` is whether it counts as such."""

    at: float
    push: Push
    reply: Reply
    delivered: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """What Front tells the customer by SMS and e-mail when the inbound queue stops (§1.2)."""

    at: float
    service_id: int
    link: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, byte for byte as they were on the wire, but for passwords (see `without_password`).

    `answer` is empty where none came. `note` says in few words how it went, `good` whether it went well.
    """

    number: int
    at: float
    kind: Kind
    request: bytes = field(repr=False)
    answer: bytes = field(repr=False)
    note: str
    good: bool


def without_password(request: bytes) -> bytes:
    """The request with `***` where a password stood."""
    return _PASSWORD.sub(lambda found: (found[1] or found[2]) + b"***", request)
