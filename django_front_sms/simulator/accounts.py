"""The customers of the simulated gateway."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from django_front_sms.gateway.numbers import PRICED_SENDER, PSK_SHORT_CODE, from_wire

from .inbound import InboundQueue

SHORT_CODES = frozenset({PRICED_SENDER, PSK_SHORT_CODE})
PSK_DIGITS = 14

InboundApi = Literal["json", "get"]


@dataclass(slots=True)
class Account:
    """One customer of Front, as §1 registers it. Every field may be changed while the simulator runs.

    `senders` are the texts and numbers registered for the account. A text must be sent exactly as it is written here; a
    number may be written in any form. PSK numbers (14 digits under 26114) and the short codes 2401 and 26114 need no
    registration (`Rules.free_own_numbers`), so that the manual's examples work unchanged. `balance` counts segments;
    None means no limit. `allowed_ips` are addresses and networks; None allows all. Nothing is pushed to an empty URL
    (§1.1: the status URL is optional).
    """

    service_id: int
    password: str | None = field(default=None, repr=False)
    senders: Collection[str] = ()
    priced: bool = False
    duplicate_filter: bool = True
    balance: int | None = None
    blocked: bool = False
    allowed_ips: Collection[str] | None = None
    status_url: str = ""
    inbound_url: str = ""
    inbound_api: InboundApi = "json"
    counter: int = 0  # §2.5: the inbound messages of this customer, over both APIs
    inbound: InboundQueue = field(default_factory=InboundQueue, repr=False)

    def has_number(self, number: str) -> bool:
        """Return whether the number is registered for this account; `0047…` and `+47…` are the same."""
        return from_wire(number) in map(from_wire, self.senders)


def is_own_number(sender: str) -> bool:
    """Return whether `sender` is one of Front's own numbers: a short code or a PSK number."""
    return sender in SHORT_CODES or is_psk(sender)


def is_psk(number: str) -> bool:
    """Return whether `number` is a short code followed by a nine-digit sub-number (§2.5.1)."""
    return len(number) == PSK_DIGITS and number.startswith(PSK_SHORT_CODE) and number.isascii() and number.isdigit()
