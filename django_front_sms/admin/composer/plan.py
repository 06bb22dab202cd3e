"""A composed message: what sending it would do, and sending it, once however often somebody clicks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any, Literal

from django.utils import formats
from django.utils.translation import gettext as _

from django_front_sms.admin.composer.recipients import Recipients, refuse_unwilling
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
    """What somebody wrote, but for the numbers. `form` names the page that it was written on."""

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
        """The idempotency key of this very message to `numbers`, written by this user on this page. A text that was
        changed since has another one."""
        values = [getattr(self, name) for name in self.__slots__ if name != "user"]
        return f"composer-{digest(str(self.user.pk), *map(str, values), *numbers)}"


class Plan:
    """Who gets a composed message, who doesn't and why, and what it costs.

    `known` are the numbers to which this page sent this text before: a double click, or a page that was sent again.
    """

    def __init__(self, composed: Composed, recipients: Recipients) -> None:
        self.composed = composed
        self.recipients = recipients
        self._row = OutboundMessage(account=composed.account)
        self.bulk_key = composed.key(recipients.accepted)
        self.bulk = self._bulk() if composed.bulk else None
        self.known = frozenset(recipients.accepted if self.bulk else self._known())
        refuse_unwilling(
            recipients,
            account=composed.account,
            sender=composed.sender,
            ignore_opt_out=composed.ignore_opt_out,
            known=self.known,
        )

    def _bulk(self) -> BulkSend | None:
        """The bulk send that this page gave before."""
        return BulkSend.objects.filter(idempotency_digest=self._digest(self.bulk_key)).first()

    def _known(self) -> list[str]:
        if self.composed.bulk:
            return []
        places = {self._digest(self.composed.key([number])): number for number in self.recipients.accepted}
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
        """How many messages would be sent that were not before."""
        return len(self.recipients.accepted.keys() - self.known)

    @cached_property
    def preview(self) -> Preview:
        return preview_sms(self.composed.text, unicode=self.composed.unicode)

    @property
    def segments(self) -> int:
        return self.preview.segments * self.new

    @property
    def cost(self) -> str:
        return money(self.segments)

    @property
    def digest(self) -> str:
        """Stands on the page that asks: what is sent is what was shown there, or that page is shown again."""
        return self.composed.key(sorted(self.recipients.accepted))

    def send(self) -> BulkSend | list[OutboundMessage]:
        """Queue it. What was sent from the same page before is given, not sent again. Raises `InvalidMessage` where
        something changed since the plan was made."""
        if self.bulk:
            return self.bulk
        it = self.composed
        same: dict[str, Any] = {"sender": it.sender, "account": it.account, "unicode": it.unicode}
        same |= {"created_by": it.user, "ignore_opt_out": it.ignore_opt_out}
        if it.bulk:
            return send_bulk_sms(self.recipients.accepted, it.text, idempotency_key=self.bulk_key, **same)
        same |= {"priority": it.priority, "scheduled_at": it.scheduled_at, "expires_at": it.expires_at}
        each = ({"to": to, "text": it.text, "idempotency_key": it.key([to])} for to in self.recipients.accepted)
        return send_many_sms(each, **same)


def money(segments: int) -> str:
    """What so many segments cost, or nothing where `PRICE_PER_SEGMENT` is not set."""
    price = get_settings().price_per_segment
    if price is None:
        return ""
    amount = (segments * Decimal(price)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return _("%(amount)s kr") % {"amount": formats.number_format(amount, 2, force_grouping=False)}
