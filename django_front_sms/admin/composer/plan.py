"""A composed message: its recipients, its cost, and sending it once, even if the form is sent repeatedly."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any, Literal

from django.utils import formats
from django.utils.translation import gettext as _

from django_front_sms.admin.composer.recipients import Earlier, Recipients, refuse_unsendable, sent_earlier
from django_front_sms.conf import get_settings
from django_front_sms.db.bulk import in_chunks
from django_front_sms.db.digest import digest
from django_front_sms.gateway.gsm import Preview
from django_front_sms.models import BulkSend, OutboundMessage
from django_front_sms.sending import preview_sms, send_bulk_sms, send_many_sms
from django_front_sms.sending.validation import identify

_AT_ONCE = 1000  # keys in one query


@dataclass(frozen=True, slots=True)
class Composed:
    """A message without its numbers. `form` is the key of the form that it was written in."""

    user: Any
    form: str
    text: str
    account: str
    sender: str
    unicode: bool | None = None
    bulk: bool = False
    priority: Literal["normal", "urgent"] = "normal"
    scheduled_at: datetime | None = None
    expires_at: datetime | None = None
    ignore_opt_out: bool = False

    def key(self, numbers: Iterable[str]) -> str:
        """The idempotency key of this message to `numbers`, by this user and form. A changed text has another key."""
        values = [getattr(self, name) for name in self.__slots__ if name != "user"]
        return f"composer-{digest(str(self.user.pk), *map(str, values), *numbers)}"


class Plan:
    """The accepted and the refused recipients of a composed message, and its cost.

    `known` are the numbers to which this form already sent this text: by a double click, or a form that was sent again.
    """

    def __init__(self, composed: Composed, recipients: Recipients) -> None:
        self.composed = composed
        self.recipients = recipients
        self._row = OutboundMessage(account=composed.account)
        self.bulk_key = composed.key(recipients.accepted)
        self.bulk = self._bulk() if composed.bulk else None
        self.known = frozenset(recipients.accepted if self.bulk else self._known())
        refuse_unsendable(
            recipients,
            account=composed.account,
            sender=composed.sender,
            ignore_opt_out=composed.ignore_opt_out,
            known=self.known,
        )

    def _bulk(self) -> BulkSend | None:
        """The bulk send that this form already created."""
        return BulkSend.objects.filter(idempotency_digest=self._digest(self.bulk_key)).first()

    def _known(self) -> list[str]:
        if self.composed.bulk:
            return []
        places = {self._digest(self._key(number)): number for number in self.recipients.accepted}
        found: list[str] = []
        for digests in in_chunks(places, _AT_ONCE):
            rows = OutboundMessage.objects.filter(idempotency_digest__in=digests)
            found += [places[str(key)] for key in rows.values_list("idempotency_digest", flat=True)]
        return found

    def _digest(self, key: str) -> str:
        self._row.idempotency_key = key
        identify(self._row)
        return str(self._row.idempotency_digest)

    @property
    def new(self) -> int:
        """How many messages would be sent now."""
        return len(self.recipients.accepted.keys() - self.known)

    @property
    def is_personal(self) -> bool:
        """Whether each recipient gets an individual text."""
        return any(entry.text is not None for entry in self.recipients.accepted.values())

    @cached_property
    def texts(self) -> dict[str, str]:
        """The text for each accepted number."""
        whole = self.composed.text
        accepted = self.recipients.accepted.items()
        return {number: whole if entry.text is None else entry.text for number, entry in accepted}

    @cached_property
    def previews(self) -> dict[str, Preview]:
        """The preview of the text for each accepted number."""
        if not self.is_personal:
            return dict.fromkeys(self.texts, self.preview)
        return {number: preview_sms(text, unicode=self.composed.unicode) for number, text in self.texts.items()}

    @cached_property
    def earlier(self) -> list[Earlier]:
        """Recipients who were sent the same text within a day, but not by this form."""
        return sent_earlier(
            self.composed.user,
            self.composed.account,
            {number: text for number, text in self.texts.items() if number not in self.known},
        )

    @property
    def needs_second_confirmation(self) -> bool:
        """Whether the same text was sent to one of the numbers within the duplicate window."""
        return any(each.in_window for each in self.earlier)

    @cached_property
    def preview(self) -> Preview:
        return preview_sms(self.composed.text, unicode=self.composed.unicode)

    @property
    def segments(self) -> int:
        return sum(preview.segments for number, preview in self.previews.items() if number not in self.known)

    @property
    def cost(self) -> str:
        return money(self.segments)

    @property
    def digest(self) -> str:
        """A digest of the confirmation page. If it has changed when the user confirms, the page is shown again."""
        texts = self.texts if self.is_personal else {}
        return self.composed.key([*sorted(self.recipients.accepted), *map(str, sorted(texts.items()))])

    def _key(self, number: str) -> str:
        text = self.recipients.accepted[number].text
        return self.composed.key([number] if text is None else [number, text])

    def send(self) -> BulkSend | list[OutboundMessage]:
        """Queue the messages. Those that the same form already sent are returned, not sent again.

        Raises `InvalidMessage` if something changed since the plan was made.
        """
        if self.bulk:
            return self.bulk
        it = self.composed
        same: dict[str, Any] = {"sender": it.sender, "account": it.account, "unicode": it.unicode}
        same |= {"created_by": it.user, "ignore_opt_out": it.ignore_opt_out}
        if it.bulk:
            return send_bulk_sms(self.recipients.accepted, it.text, idempotency_key=self.bulk_key, **same)
        same |= {"priority": it.priority, "scheduled_at": it.scheduled_at, "expires_at": it.expires_at}
        each = ({"to": to, "text": text, "idempotency_key": self._key(to)} for to, text in self.texts.items())
        return send_many_sms(each, **same)


def money(segments: int) -> str:
    """The cost of so many segments in words; empty if `PRICE_PER_SEGMENT` is not set."""
    price = get_settings().price_per_segment
    if price is None:
        return ""
    amount = (segments * Decimal(price)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return _("%(amount)s kr") % {"amount": formats.number_format(amount, 2, force_grouping=False)}
