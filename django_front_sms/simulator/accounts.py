"""The customers of the pretend gateway."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from django_front_sms.gateway.numbers import from_wire

from .inbound import InboundQueue

SHORT_CODE = "26114"  # §2.5.1: a PSK number is this short code and nine digits more
PRICED_SENDER = "2401"  # §2.1: what a priced message is sent from
SHORT_CODES = frozenset({PRICED_SENDER, SHORT_CODE})
PSK_DIGITS = 14

InboundApi = Literal["json", "get"]


@dataclass(slots=True)
class Account:
    """One customer of Front, as §1 registers it. Every field may be changed while the simulator runs.

    `senders` are the texts and numbers registered for the account. A text must be sent exactly as it is written here; a
    number may be written in any form. Two kinds of number need no registration (`Rules.free_own_numbers`), so that the
    manual's examples work as they stand: PSK numbers (14 digits under 26114) and the short codes 2401 and 26114.
    `balance` counts segments; None is a bottomless account. `allowed_ips` are addresses and networks; None lets every
    address in. An empty URL means that nothing is pushed (§1.1: the status URL is optional).
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
        """Whether it is registered for this account, in whatever form (`0047…` is `+47…`)."""
        return from_wire(number) in map(from_wire, self.senders)


def is_own_number(sender: str) -> bool:
    """Whether it is a number of Front's own: a short code, or one under it."""
    return sender in SHORT_CODES or is_psk(sender)


def is_psk(number: str) -> bool:
    """Whether it is a short code with its nine-digit sub-number (§2.5.1)."""
    return len(number) == PSK_DIGITS and number.startswith(SHORT_CODE) and number.isascii() and number.isdigit()
