"""Behaviour that all adapters for login packages have in common."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from django_front_sms import send_sms
from django_front_sms.contrib import phone_verify
from django_front_sms.contrib.allauth import SMSAdapterMixin
from django_front_sms.contrib.codes import CodeSender
from django_front_sms.contrib.two_factor import Gateway
from django_front_sms.models import OutboundMessage
from django_front_sms.optouts import opt_out

pytestmark = pytest.mark.django_db
NUMBER = "+4799999999"


def test_a_code_is_urgent_confidential_and_expires_and_ignores_opt_outs() -> None:
    opt_out(NUMBER)
    message = CodeSender().send_code(NUMBER, "Koden er 482913")
    assert message is not None
    assert (message.priority, message.on_duplicate) == (1, "coalesce")
    assert message.ignore_opt_out and message.sensitive
    assert timedelta(seconds=110) < message.expires_at - timezone.now() <= timedelta(minutes=2)


@pytest.mark.parametrize(
    ("number", "change", "code"),
    [
        (NUMBER, {}, "rate_limited"),
        (NUMBER, {"ALLOWED_REGIONS": ["SE"]}, "region_not_allowed"),
        ("12", {}, "invalid_recipient"),
        ("", {}, "invalid_recipient"),
        (None, {}, "invalid_recipient"),
    ],
)
def test_a_refused_code_raises_nothing_and_is_logged_without_number_and_text(
    settings: Any, caplog: pytest.LogCaptureFixture, number: str | None, change: dict[str, Any], code: str
) -> None:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RATE_LIMITS": {"per_recipient": "1/h"}}
    send_sms(NUMBER, "Hei")
    settings.FRONT_SMS = {**settings.FRONT_SMS, **change}
    caplog.set_level(logging.DEBUG, "django_front_sms")
    assert CodeSender().send_code(number, "Koden er 482913") is None
    assert OutboundMessage.objects.count() == 1
    assert caplog.messages == [f"A one-time code was not sent ({code})."]


def test_a_repeated_token_is_not_sent_again(front_sms: Any) -> None:
    for _ in range(2):
        Gateway().send_sms(Device(), "482913")
        assert len(front_sms.outbox) == 1
    assert OutboundMessage.objects.filter(state="duplicate").count() == 1


class Device:
    number = NUMBER


def by_allauth(domain: str | None) -> None:
    class Adapter(SMSAdapterMixin):
        webotp_domain = domain

    Adapter().send_verification_code_sms(None, NUMBER, "482913")


def by_two_factor(domain: str | None) -> None:
    class Subclass(Gateway):
        webotp_domain = domain

    Subclass().send_sms(Device(), "482913")


def by_phone_verify(domain: str | None) -> None:
    class Subclass(phone_verify._Sender):
        webotp_domain = domain

    backend = Subclass()
    text = backend.generate_message("482913", context=None) or "Your code is 482913."  # as phone_verify does
    backend.send_sms(NUMBER, text)


ADAPTERS = pytest.mark.parametrize("send", [by_allauth, by_two_factor, by_phone_verify])


@ADAPTERS
def test_the_last_line_is_the_one_that_webotp_reads(front_sms: Any, send: Callable[[str | None], None]) -> None:
    send("www.example.no")
    assert front_sms.outbox[0].text == "Your code is 482913.\n\n@www.example.no #482913"


@ADAPTERS
def test_without_a_domain_there_is_no_line_for_webotp(front_sms: Any, send: Callable[[str | None], None]) -> None:
    send(None)
    assert front_sms.outbox[0].text == "Your code is 482913."


def test_a_text_without_the_code_gets_no_line_for_webotp(front_sms: Any) -> None:
    class Subclass(phone_verify._Sender):
        webotp_domain = "www.example.no"

    backend = Subclass()
    backend.generate_message("482913")
    backend.send_sms(NUMBER, "Welcome!")
    assert front_sms.outbox[0].text == "Welcome!"
