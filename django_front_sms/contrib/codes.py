"""Sending one-time codes for login packages: at once, or not at all."""

import logging
from datetime import timedelta
from typing import Any, ClassVar

from django.utils import timezone

from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import OutboundMessage
from django_front_sms.sending import send_sms

logger = logging.getLogger(__name__)


class CodeSender:
    """Options of an adapter, as class attributes that a subclass may replace, and the sending itself."""

    account: ClassVar[str] = "default"
    sender: ClassVar[str | None] = None
    """As Front registered it; None: the account's `SENDER`."""
    expires_after: ClassVar[timedelta] = timedelta(minutes=2)
    """A code that could not be sent in this time is not sent."""
    webotp_domain: ClassVar[str | None] = None
    """The site's domain, such as "www.example.no": browsers on the phone then offer to fill in the code (WebOTP)."""

    def with_webotp(self, text: str, code: str) -> str:
        """`text`, with the last line that WebOTP reads if `webotp_domain` is set."""
        return f"{text}\n\n@{self.webotp_domain} #{code}" if self.webotp_domain else text

    def send_code(self, to: Any, text: str) -> OutboundMessage | None:
        """Queue `text` as an urgent message; return its row, or None if it was refused.

        A refusal is logged without number and text, and does not raise: an error page of a login form would tell an
        attacker which numbers are limited or unknown. A repeated text is not sent again while Front has it.
        """
        try:
            return send_sms(
                to,
                text,
                account=self.account,
                sender=self.sender,
                priority="urgent",
                expires_at=timezone.now() + self.expires_after,
                on_duplicate="coalesce",
                ignore_opt_out=True,
                sensitive=True,
            )
        except InvalidMessage as error:
            logger.warning("A one-time code was not sent (%s).", error.code)
            return None
