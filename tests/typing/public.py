"""The types of the public face, as a site's own mypy sees them. Run by mypy (`make lint`), never by Python.

A `type: ignore` here is a claim, too: mypy fails where what follows it is no error.
"""

from collections.abc import Awaitable, Callable
from typing import Any, assert_type

from django_front_sms import asend_sms, preview_sms, send_bulk_sms, send_many_sms, send_sms
from django_front_sms.exceptions import FrontSMSError, InvalidMessage, NotPossible, NotRepliable
from django_front_sms.gateway.codes import Blame, ErrorCode, blame, describe
from django_front_sms.gateway.gsm import Preview
from django_front_sms.keywords import fallback, on_keyword
from django_front_sms.models import BulkSend, DeliveryStatus, InboundMessage, MmsFile, OptOut, OutboundMessage
from django_front_sms.optouts import opt_in, opt_out
from django_front_sms.signing import webhook_path
from django_front_sms.states import State
from django_front_sms.testing import FrontSMS
from django_front_sms.timeline import Entry


async def sending() -> None:
    assert_type(send_sms("999 99 999", "Hei", price=500, priority="urgent"), OutboundMessage)
    assert_type(await asend_sms("999 99 999", "Hei", idempotency_key="order-17"), OutboundMessage)
    assert_type(send_many_sms([{"to": "999 99 999", "text": "Hei"}], sender="Mitt Firma"), list[OutboundMessage])
    assert_type(send_bulk_sms(["999 99 999"], "Hei", skip_invalid=True), BulkSend)
    preview = preview_sms("Hei")
    assert_type(preview, Preview)
    assert_type(preview.segments, int)
    assert_type(preview.replaced, tuple[str, ...])


def wrong_arguments() -> None:
    send_sms(99999999, "Hei")  # type: ignore[arg-type]
    send_sms("999 99 999", "Hei", "Mitt Firma")  # type: ignore[call-arg]
    send_sms("999 99 999", "Hei", priority="high")  # type: ignore[arg-type]
    send_sms("999 99 999", "Hei", on_duplicate="ignore")  # type: ignore[arg-type]
    send_sms("999 99 999", "Hei", price="5")  # type: ignore[arg-type]
    webhook_path("outbound")  # type: ignore[arg-type]


def messages(message: OutboundMessage, inbound: InboundMessage, status: DeliveryStatus) -> None:
    assert_type(message.recipient, str)
    assert_type(message.gateway_id, int | None)
    assert_type(message.duplicate_of, OutboundMessage | None)
    assert_type(message.cancel(), State)
    assert_type(message.resend(by=None), OutboundMessage)
    assert_type(message.timeline(), list[Entry])
    assert_type(message.statuses.first(), DeliveryStatus | None)
    assert_type(status.message, OutboundMessage | None)
    assert_type(inbound.reply("Takk!"), OutboundMessage)
    assert_type(inbound.in_reply_to, OutboundMessage | None)
    assert_type(inbound.files.first(), MmsFile | None)


def errors(error: InvalidMessage) -> None:
    assert_type(error.code, str)
    assert_type(error.index, int | None)
    assert_type(error.invalid, list[str])
    every: tuple[type[FrontSMSError], ...] = (InvalidMessage, NotPossible, NotRepliable)
    assert every


def around() -> None:
    assert_type(opt_out("+4799999999", sender="26114"), OptOut)
    opt_in("+4799999999")
    assert_type(webhook_path("status"), str)
    assert_type(describe(ErrorCode.DUPLICATE), str)
    assert_type(blame(99), Blame)


@on_keyword("JA")
def confirm(message: InboundMessage, event_id: str, **kwargs: Any) -> None: ...


@fallback
async def explain(message: InboundMessage, event_id: str, **kwargs: Any) -> None: ...


# A decorator leaves the handler as it was.
keeps: Callable[..., None] = confirm
keeps_async: Callable[..., Awaitable[None]] = explain


def a_test_of_a_site(front_sms: FrontSMS, message: OutboundMessage) -> None:
    assert_type(front_sms.receive_sms("+4799999999", "Ja"), InboundMessage)
    front_sms.push_status(message, 4)
    front_sms.advance(60)
