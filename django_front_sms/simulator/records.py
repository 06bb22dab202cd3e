"""What the simulator remembers of the traffic."""

from __future__ import annotations

from dataclasses import dataclass, field

from django_front_sms.gateway.codes import ErrorCode

from .courier import Push, Reply


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
