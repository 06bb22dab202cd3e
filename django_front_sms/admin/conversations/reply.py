"""The reply box of a conversation: the message that is answered, the sender, and whether a reply is possible."""

import secrets
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db.models import F, Model
from django.http import HttpRequest
from django.utils.translation import gettext as _

from django_front_sms import optouts, sending
from django_front_sms.conf import get_settings
from django_front_sms.conversations import Message, Page
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import InboundMessage, OutboundMessage
from django_front_sms.sending.validation import identify

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Reply:
    """A reply that can be sent. `answering`: the inbound message, None if there is none; `sender`: the sender of the
    reply; `refusal`: why no reply can be sent, otherwise empty."""

    account: str
    number: str
    answering: InboundMessage | None
    sender: str
    refusal: str = ""
    opted_out: bool = False
    key: str = field(default_factory=lambda: secrets.token_urlsafe(12), compare=False)

    @property
    def version(self) -> str:
        """A digest that changes whenever the box would look different."""
        answering = self.answering.pk if self.answering else ""
        return f"{answering}.{self.sender}.{int(self.opted_out)}{int(bool(self.refusal))}"


def reply_to(account: str, number: str, answering: int | None = None, newest: Page[Message] | None = None) -> Reply:
    """The reply to the counterpart's latest message, or to `answering`; without any, from the latest outbound sender.
    `newest`: the page of `thread` with the newest messages, if the caller has read it."""
    message = _answered(account, number, answering, newest)
    sender = _sender(account, number, message, newest)
    if not number.startswith("+"):
        refusal = _("These came from a text or a short code, not from a number that can be answered.")
        return Reply(account, number, message, sender, refusal)
    if account not in get_settings().accounts:
        return Reply(account, number, message, sender, _("This account is no longer in the settings."))
    if optouts.refused([OutboundMessage(account=account, recipient=number, sender=sender)]):
        refusal = _("They opted out of messages from %(sender)s: nothing is sent until they write START.")
        return Reply(account, number, message, sender, refusal % {"sender": sender}, opted_out=True)
    return Reply(account, number, message, sender)


def _answered(account: str, number: str, answering: int | None, newest: Page[Message] | None) -> InboundMessage | None:
    theirs = InboundMessage.objects.filter(account=account, sender=number)
    if answering is not None:
        theirs = theirs.filter(pk=answering)
    elif newest is not None:
        latest = _latest(newest, InboundMessage)
        if latest is not None or newest.before is None:  # then there are no others
            return latest
    with_sender = theirs.select_related("in_reply_to").annotate(answered_sender=F("in_reply_to__sender"))
    return with_sender.defer("raw").order_by("-pk").first()


def _latest(page: Page[Message], model: type[Row]) -> Row | None:
    return max((row for row in page.rows if isinstance(row, model)), key=lambda row: row.pk, default=None)


def _sender(account: str, number: str, answered: Any, newest: Page[Message] | None) -> str:
    """The sender, as `sending.reply` chooses it."""
    if answered is not None:
        return str(answered.recipient if answered.answered_sender is None else answered.answered_sender)
    if newest is not None and (ours := _latest(newest, OutboundMessage)) is not None:
        return ours.sender
    latest = OutboundMessage.objects.filter(account=account, recipient=number).order_by("-pk")
    return latest.values_list("sender", flat=True).first() or ""


def was_sent(reply: Reply, key: str) -> bool:
    """Whether a message with this key exists."""
    row = OutboundMessage(account=reply.account, idempotency_key=_idempotency_key(key))
    identify(row)
    return bool(key) and OutboundMessage.objects.filter(idempotency_digest=row.idempotency_digest).exists()


def _idempotency_key(key: str) -> str | None:
    return f"conversation:{key}" if key else None


def send(request: HttpRequest, reply: Reply, text: str, key: str) -> OutboundMessage:
    """Send `text`, once for each key. Raises `InvalidMessage`."""
    options: dict[str, Any] = {"created_by": request.user, "idempotency_key": _idempotency_key(key)}
    text = text.replace("\r\n", "\n")  # as browsers send the lines of a form
    try:
        if reply.answering is not None:
            return sending.reply(reply.answering, text, **options)
        return sending.send_sms(reply.number, text, sender=reply.sender, account=reply.account, **options)
    except InvalidMessage as error:
        if error.code == "idempotency_mismatch":
            raise InvalidMessage(_("Your message before this one was sent. Send this one again."), error.code) from None
        raise
