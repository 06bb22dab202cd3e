"""What goes to the customer's site, as a request: a status (§2.3) or an inbound message (§2.5)."""

from __future__ import annotations

from dataclasses import replace

from django_front_sms.gateway.push import (
    FilePart,
    InboundPush,
    StatusPush,
    encode_inbound_json,
    encode_inbound_query,
    encode_status,
)

from . import courier
from .accounts import SHORT_CODE, Account
from .courier import Push
from .messages import Incoming
from .rules import Rules

FORM = "application/x-www-form-urlencoded"


def status_push(url: str, message_id: int, status: int, rules: Rules) -> Push:
    query = encode_status(StatusPush(status=status, gateway_id=message_id))
    if rules.status_method == "POST":
        return Push("status", url, query.encode(), content_type=FORM)
    return Push("status", courier.append_query(url, query))


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
    return Push("inbound", courier.append_query(account.inbound_url, query), wanted="true")


def _doubled(file: FilePart) -> FilePart:
    """A picture as the sample in §2.5.1 has it: bytes taken for Latin-1 and encoded as UTF-8, twice."""
    if not file.content_type.startswith("image/") or file.data is None:
        return file
    once = file.data.decode("latin-1").encode()
    return replace(file, data=once.decode("latin-1").encode())
