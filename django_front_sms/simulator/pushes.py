"""What goes to the customer's site, as a request: a status (§2.3) or an inbound message (§2.5)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urlsplit

from django_front_sms.gateway.push import (
    TRUE,
    FilePart,
    InboundPush,
    StatusPush,
    encode_inbound_json,
    encode_inbound_query,
    encode_status,
)

from .accounts import SHORT_CODE, Account
from .messages import Incoming
from .rules import Rules

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Push:
    """One request to the customer's site. `wanted` is what makes it a success: §2.5.1, §2.5.2."""

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
        """What stands for the request where nobody saw its bytes."""
        return f"{self.method} {self.url}\r\n\r\n".encode() + (self.body or b"")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the site answered; `status` is None where it gave no answer, and `problem` says why. `request` and
    `answer` are the bytes that went over the wire, as far as there was one."""

    status: int | None
    body: bytes = field(default=b"", repr=False)
    problem: str = ""
    request: bytes = field(default=b"", repr=False)
    answer: bytes = field(default=b"", repr=False)

    def takes(self, push: Push) -> bool:
        """Whether the push counts as delivered."""
        if self.status is None or not 200 <= self.status < 300:
            return False
        return push.wanted == "2xx" or self.body.strip() == TRUE


def append_query(url: str, query: str) -> str:
    """`url` with `query` after the query that it may have already (§2.3: `…/sms/?status=4&origid=145099`)."""
    parts = urlsplit(url)
    return parts._replace(query="&".join(filter(None, (parts.query, query))), fragment="").geturl()


def status_push(url: str, message_id: int, status: int, rules: Rules) -> Push:
    query = encode_status(StatusPush(status=status, gateway_id=message_id))
    if rules.status_method == "POST":
        return Push("status", url, query.encode(), content_type=FORM)
    return Push("status", append_query(url, query))


def inbound_push(account: Account, incoming: Incoming, rules: Rules) -> Push:
    """By the API that the account has chosen. The GET API has no files: of an MMS it brings the text."""
    files = tuple(map(_doubled, incoming.files)) if rules.doubled_pictures else incoming.files
    push = InboundPush(
        api=account.inbound_api, id=incoming.id, recipient=incoming.to, sender=incoming.sender,
        text=incoming.text, sent=incoming.sent, counter=incoming.counter, keyword=incoming.keyword, files=files,
    )  # fmt: skip
    if account.inbound_api == "json":
        return Push("inbound", account.inbound_url, encode_inbound_json(push))
    query = encode_inbound_query(push, short_code=SHORT_CODE)
    return Push("inbound", append_query(account.inbound_url, query), wanted="true")


def _doubled(file: FilePart) -> FilePart:
    """A picture as the sample in §2.5.1 has it: bytes taken for Latin-1 and encoded as UTF-8, twice."""
    if not file.content_type.startswith("image/") or file.data is None:
        return file
    once = file.data.decode("latin-1").encode()
    return replace(file, data=once.decode("latin-1").encode())
