"""The entries of the phones: messages sent to them and messages written on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from django_front_sms.gateway.codes import StatusCode
from django_front_sms.gateway.push import FilePart


@dataclass(slots=True)
class Message:
    """One message that the gateway accepted for one recipient.

    `sender` is the sender on the phone (2401 for a priced message, §2.1) and `fromid` the one in the request.
    `recipient` is E.164. `text` is the text as it arrives and `written` as it was sent. `price` is in øre, `at` in
    seconds of the network's clock. The id of a message sent in bulk is internal: no answer and no status has it (§2.4).
    """

    id: int
    service_id: int
    fromid: str
    sender: str
    recipient: str
    written: str
    text: str
    encoding: Literal["gsm7", "ucs2"]
    segments: int
    price: int
    bulk: bool
    at: float
    statuses: list[int] = field(default_factory=list)

    @property
    def state(self) -> str:
        """`delivered`, `failed`, `at operator` or `accepted`; the order of the statuses does not matter."""
        names = {StatusCode.DELIVERED: "delivered", StatusCode.FAILED: "failed", StatusCode.AT_OPERATOR: "at operator"}
        return next((name for status, name in names.items() if status in self.statuses), "accepted")


@dataclass(slots=True)
class Incoming:
    """One SMS or MMS written on a phone, for a customer (§2.5)."""

    id: int
    service_id: int
    sender: str
    to: str
    text: str
    keyword: str
    counter: int
    at: float
    files: tuple[FilePart, ...] = ()
    tries: int = 0
    delivered: bool = False

    @property
    def sent(self) -> datetime:
        """`at` in UTC, in whole seconds."""
        return datetime.fromtimestamp(int(self.at), UTC)


def keyword(text: str) -> str:
    """Return the first word in upper case (§2.5: "Test 123" has the keyword TEST), empty where there is none."""
    return next(iter(text.split()), "").upper()
