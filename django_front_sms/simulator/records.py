"""Records of the traffic that the simulator keeps."""

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
    """The result of a submission.

    `id` is 0 for a refused or a bulk submission. `invalid` and `duplicates` are recipients of a bulk as the customer
    wrote them (§2.4).
    """

    code: ErrorCode
    id: int = 0
    invalid: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request of a customer, without its password."""

    at: float
    parameters: dict[str, object] = field(repr=False)
    bulk: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class PushRecord:
    """One push to a customer; `delivered` says whether the site accepted it."""

    at: float
    push: Push
    reply: Reply
    delivered: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """Front's notice to the customer, by SMS and e-mail, that the inbound queue has stopped (§1.2)."""

    at: float
    service_id: int
    link: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, byte for byte except for passwords (see `without_password`).

    `answer` is empty where there was none. `note` is the outcome in a few words, `good` whether it was a success.
    """

    number: int
    at: float
    kind: Kind
    request: bytes = field(repr=False)
    answer: bytes = field(repr=False)
    note: str
    good: bool


def without_password(request: bytes) -> bytes:
    """Return the request with `***` in place of passwords."""
    return _PASSWORD.sub(lambda found: (found[1] or found[2]) + b"***", request)
