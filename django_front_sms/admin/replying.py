"""The reply box of a conversation: what it answers, from which sender, and whether it can."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from django_front_sms import optouts, sending
from django_front_sms.conf import get_settings
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import InboundMessage, OutboundMessage


@dataclass(frozen=True)
class Reply:
    """What a reply would be. `answering`: the inbound message, None where they never wrote to us; `sender`: what it is
    sent from; `refusal`: why nothing can be sent, empty where it can."""

    account: str
    number: str
    answering: InboundMessage | None
    sender: str
    refusal: str = ""
    opted_out: bool = False
    key: str = field(default_factory=lambda: secrets.token_urlsafe(12), compare=False)

    @property
    def version(self) -> str:
        """Changes whenever the box would look different."""
        answering = self.answering.pk if self.answering else ""
        return f"{answering}.{self.sender}.{int(self.opted_out)}{int(bool(self.refusal))}"


def latest_of(rows: Sequence[InboundMessage | OutboundMessage]) -> InboundMessage | None:
    """The latest of these that came to us, with the message that it answers where that is one of them."""
    latest = max((row for row in rows if isinstance(row, InboundMessage)), key=lambda row: row.pk, default=None)
    ours = {row.pk: row for row in rows if isinstance(row, OutboundMessage)}
    if latest is not None and latest.in_reply_to_id in ours:
        latest.in_reply_to = ours[latest.in_reply_to_id]
    return latest


def reply_to(account: str, number: str, answering: int | None = None, latest: InboundMessage | None = None) -> Reply:
    """The reply to somebody's latest message, or to the one that is named; without any, from our own latest sender.
    `latest`: their latest message, where the caller has it at hand."""
    theirs = InboundMessage.objects.filter(account=account, sender=number).select_related("in_reply_to")
    if answering is not None:
        theirs = theirs.filter(pk=answering)
    message = latest or theirs.defer("raw").order_by("-pk").first()
    sender = _sender(account, number, message)
    if not number.startswith("+"):
        refusal = _("These came from a text or a short code, not from a number that can be answered.")
        return Reply(account, number, message, sender, refusal)
    if account not in get_settings().accounts:
        return Reply(account, number, message, sender, _("This account is no longer in the settings."))
    if optouts.refused([OutboundMessage(account=account, recipient=number, sender=sender)]):
        refusal = _("They opted out of messages from %(sender)s: nothing is sent until they write START.")
        return Reply(account, number, message, sender, refusal % {"sender": sender}, opted_out=True)
    return Reply(account, number, message, sender)


def _sender(account: str, number: str, message: InboundMessage | None) -> str:
    """As `sending.reply` chooses it."""
    if message is not None:
        return message.in_reply_to.sender if message.in_reply_to else message.recipient
    latest = OutboundMessage.objects.filter(account=account, recipient=number).order_by("-pk")
    return latest.values_list("sender", flat=True).first() or ""


def send(request: HttpRequest, reply: Reply, text: str, key: str) -> OutboundMessage:
    """Send `text`. The same key sends once, however often it is asked. Raises `InvalidMessage`."""
    options: dict[str, Any] = {"created_by": request.user, "idempotency_key": f"conversation:{key}" if key else None}
    text = text.replace("\r\n", "\n")  # as browsers send the lines of a form
    try:
        if reply.answering is not None:
            return sending.reply(reply.answering, text, **options)
        return sending.send_sms(reply.number, text, sender=reply.sender, account=reply.account, **options)
    except InvalidMessage as error:
        if error.code == "idempotency_mismatch":
            raise InvalidMessage(_("Your message before this one was sent. Send this one again."), error.code) from None
        raise
