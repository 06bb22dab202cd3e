"""What lies on the phones: messages that were sent to them and texts that were written on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from django_front_sms.gateway.codes import StatusCode
from django_front_sms.gateway.push import FilePart


@dataclass(slots=True)
class Message:
    """One message that the gateway accepted for one recipient.

    `sender` is what the phone shows (2401 where it is priced, §2.1), `fromid` what the customer asked
    for, `recipient` is E.164, `text` is as it arrived, `written` as it was sent, `price` in øre, `at`
    in seconds of the network's clock. A message sent in bulk has an id of the simulator's own, which
    no answer names and no status is pushed for (§2.4).
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
        """`delivered`, `failed`, `at operator` or `accepted`, whatever order the statuses came in."""
        names = {StatusCode.DELIVERED: "delivered", StatusCode.FAILED: "failed", StatusCode.AT_OPERATOR: "at operator"}
        return next((name for status, name in names.items() if status in self.statuses), "accepted")


@dataclass(slots=True)
class Incoming:
    """One SMS or MMS that was written on a phone, on its way to the customer (§2.5)."""

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
        """The time of `at`, whole seconds, in UTC."""
        return datetime.fromtimestamp(int(self.at), UTC)


def keyword(text: str) -> str:
    """The first word, upper-cased (§2.5: "Test 123" has the keyword TEST); empty where there is none."""
    return next(iter(text.split()), "").upper()
