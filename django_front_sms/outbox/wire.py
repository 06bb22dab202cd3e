"""A message as it is sent to Front, and its two digests.

The first claim freezes recipient and sender in its `SendAttempt`; later claims send exactly these.
"""

import functools
from dataclasses import dataclass

from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.db.digest import digest
from django_front_sms.gateway import gsm, numbers
from django_front_sms.gateway.submit import Sms
from django_front_sms.models import OutboundMessage
from django_front_sms.outbox.records import Attempt, DueMessage


@dataclass(frozen=True, slots=True)
class Wire:
    """Recipient and sender as Front sees them. Messages with the same `twin_key` are duplicates to Front's filter."""

    recipient: str
    sender: str
    twin_key: str
    digest: str


def wire_of(
    message: OutboundMessage | DueMessage, account: Account, conf: FrontSMSSettings, frozen: Attempt | None
) -> Wire:
    """The wire form of `message`: as its first attempt froze it, or, without one, by the present settings."""
    recipient = frozen.wire_recipient if frozen else _recipient(message, conf)
    sender = frozen.wire_sender if frozen else message.sender
    text = message.text if message.unicode else gsm.replace(message.text, conf.replacement)
    return Wire(
        recipient=recipient,
        sender=sender,
        twin_key=digest(account.gateway, _one_form(sender, account.psk_short_code), recipient, text),
        digest=digest(sender, recipient, message.text, message.unicode, message.price),
    )


@functools.lru_cache(maxsize=128)  # a site has few senders
def _one_form(sender: str, psk_short_code: str) -> str:
    return numbers.normalize(sender, psk_short_code)


def _recipient(message: OutboundMessage | DueMessage, conf: FrontSMSSettings) -> str:
    if conf.recipient_override:
        return numbers.parse_recipient(conf.recipient_override, region=conf.default_region)
    return message.recipient


def request_of(message: OutboundMessage | DueMessage, wire: Wire, account: Account) -> Sms:
    """The request to Front (§2.1), with recipient and sender of `wire`."""
    return Sms(
        service_id=account.service_id,
        password=account.password,
        sender=wire.sender,
        recipient=wire.recipient,
        text=message.text,
        unicode=message.unicode,
        price=message.price,
    )
