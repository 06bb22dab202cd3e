"""Pushes: requests to the customer's site with a status (§2.3) or an inbound message (§2.5)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urlsplit

from django_front_sms.gateway.numbers import PSK_SHORT_CODE
from django_front_sms.gateway.push import (
    TRUE,
    FilePart,
    InboundPush,
    StatusPush,
    encode_inbound_json,
    encode_inbound_query,
    encode_status,
)

from .accounts import Account
from .messages import Incoming
from .rules import Rules

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Push:
    """One request to the customer's site. `wanted` is the answer that counts as success (§2.5.1, §2.5.2)."""

    kind: Literal["status", "inbound"]
    url: str = field(repr=False)
    body: bytes | None = field(default=None, repr=False)  # None: a GET
    wanted: Literal["2xx", "true"] = "2xx"
    content_type: str = "application/json"  # of the body

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"

    @property
    def line(self) -> bytes:
        """The request in short form, for exchanges whose bytes were not recorded."""
        return f"{self.method} {self.url}\r\n\r\n".encode() + (self.body or b"")


@dataclass(frozen=True, slots=True)
class Reply:
    """The site's answer. Without one, `status` is None and `problem` says why.

    `request` and `answer` are the recorded bytes; empty where the push used no connection.
    """

    status: int | None
    body: bytes = field(default=b"", repr=False)
    problem: str = ""
    request: bytes = field(default=b"", repr=False)
    answer: bytes = field(default=b"", repr=False)

    def accepts(self, push: Push) -> bool:
        """Return whether this answer to `push` counts as delivered."""
        if self.status is None or not 200 <= self.status < 300:
            return False
        return push.wanted == "2xx" or self.body.strip() == TRUE


def append_query(url: str, query: str) -> str:
    """Return `url` with `query` appended to its own query (§2.3: `…/sms/?status=4&origid=145099`)."""
    parts = urlsplit(url)
    return parts._replace(query="&".join(filter(None, (parts.query, query))), fragment="").geturl()


def status_push(url: str, message_id: int, status: int, rules: Rules) -> Push:
    query = encode_status(StatusPush(status=status, gateway_id=message_id))
    if rules.status_method == "POST":
        return Push("status", url, query.encode(), content_type=FORM)
    return Push("status", append_query(url, query))


def inbound_push(account: Account, incoming: Incoming, rules: Rules) -> Push:
    """Return the push of an inbound message by the account's API. The GET API carries only the text of an MMS."""
    files = tuple(map(_doubled, incoming.files)) if rules.doubled_pictures else incoming.files
    push = InboundPush(
        api=account.inbound_api, id=incoming.id, recipient=incoming.to, sender=incoming.sender,
        text=incoming.text, sent=incoming.sent, counter=incoming.counter, keyword=incoming.keyword, files=files,
    )  # fmt: skip
    if account.inbound_api == "json":
        return Push("inbound", account.inbound_url, encode_inbound_json(push))
    query = encode_inbound_query(push, short_code=PSK_SHORT_CODE)
    return Push("inbound", append_query(account.inbound_url, query), wanted="true")


def _doubled(file: FilePart) -> FilePart:
    """Encode a picture as in the sample of §2.5.1: bytes read as Latin-1 and encoded as UTF-8, twice."""
    if not file.content_type.startswith("image/") or file.data is None:
        return file
    once = file.data.decode("latin-1").encode()
    return replace(file, data=once.decode("latin-1").encode())
