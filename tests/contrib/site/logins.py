"""People log in with the real packages; run by `tests/contrib/test_logins.py` with the settings beside it."""

import re

import pytest
from django.contrib.auth.models import User

from django_front_sms.models import OutboundMessage
from django_front_sms.optouts import opt_out
from tests.contrib.site.accounts.models import SMSDevice

NUMBER = "+4799999999"


def code_in(text):
    return re.search(r"\d{6}|[A-Z0-9-]{6,}", text)[0]


@pytest.fixture
def front(front_sms):
    opt_out(NUMBER)  # a code is sent all the same
    return front_sms


def text_and_code(sms):
    """The text of an SMS and its code, which the last line has as WebOTP reads it."""
    text, last = sms.text.split("\n\n")
    assert last == f"@www.example.no #{code_in(text)}"
    return text, code_in(text)


def is_logged_in(client):
    return client.get("/").content == b"True"


def test_two_factor(client, front):
    user = User.objects.create_user("kari", password="secret-1234")
    user.phonedevice_set.create(name="default", number=NUMBER, method="sms", key="00" * 20)
    first = {"login_view-current_step": "auth", "auth-username": "kari", "auth-password": "secret-1234"}
    assert client.post("/account/login/", first).status_code == 200
    (sms,) = front.outbox
    assert sms.recipient == NUMBER
    message = OutboundMessage.objects.get()
    assert (message.priority, message.on_duplicate, message.ignore_opt_out) == (1, "coalesce", True)
    assert message.expires_at is not None
    client.post("/account/login/", first)  # within 30 seconds the token is the same
    assert len(front.outbox) == 1
    _, code = text_and_code(sms)
    client.post("/account/login/", {"login_view-current_step": "token", "token-otp_token": code})
    assert is_logged_in(client)


def test_two_factor_is_no_server_error_where_a_limit_is_reached(client, front, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RATE_LIMITS": {"per_recipient": "1/h"}}
    for name in ("kari", "ola"):
        user = User.objects.create_user(name, password="secret-1234")
        user.phonedevice_set.create(name="default", number=NUMBER, method="sms", key=name[0].encode().hex() * 20)
        form = {"login_view-current_step": "auth", "auth-username": name, "auth-password": "secret-1234"}
        assert client.post("/account/login/", form).status_code == 200
    assert len(front.outbox) == 1


def test_allauth(client, front):
    User.objects.create_user(NUMBER, password="secret-1234")
    assert client.post("/accounts/login/code/", {"phone": NUMBER}).status_code == 302
    (sms,) = front.outbox
    _, code = text_and_code(sms)
    client.post("/accounts/login/code/confirm/", {"code": code})
    assert is_logged_in(client)


def test_allauth_tells_who_has_no_account(client, front):
    client.post("/accounts/login/code/", {"phone": "+4799999998"})
    (sms,) = front.outbox
    assert "There is no account" in sms.text


def test_allauth_tells_who_has_an_account_already(client, front):
    User.objects.create_user(NUMBER, password="secret-1234")
    client.post("/accounts/signup/", {"phone": NUMBER, "password1": "another-secret-1234"})
    (sms,) = front.outbox
    assert "already" in sms.text


def test_phone_verify(client, front):
    asked = client.post("/api/phone/register", {"phone_number": NUMBER}, content_type="application/json")
    text, code = text_and_code(*front.outbox)
    assert text == f"Koden din for klinikken er {code}."
    body = {"phone_number": NUMBER, "session_token": asked.json()["session_token"], "security_code": code}
    assert client.post("/api/phone/verify", body, content_type="application/json").status_code == 200


def test_phone_verify_is_no_server_error_where_a_number_is_refused(client, front, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "ALLOWED_REGIONS": ["SE"]}
    asked = client.post("/api/phone/register", {"phone_number": NUMBER}, content_type="application/json")
    assert asked.status_code == 200 and front.outbox == []


def test_phone_verify_without_a_subclass(client, front, settings):
    settings.PHONE_VERIFICATION = {
        **settings.PHONE_VERIFICATION,
        "BACKEND": "django_front_sms.contrib.phone_verify.Backend",
    }
    client.post("/api/phone/register", {"phone_number": NUMBER}, content_type="application/json")
    (sms,) = front.outbox
    assert re.fullmatch(r"Koden din for klinikken er \d{6}\.", sms.text)


@pytest.fixture
def device(db):
    return SMSDevice.objects.create(user=User.objects.create_user("kari"), name="phone", number=NUMBER)


def test_otp_device(device, front):
    assert device.generate_challenge() == "A code was sent by SMS."
    (sms,) = front.outbox
    assert OutboundMessage.objects.get().sensitive
    stored = SMSDevice.objects.get()
    assert stored.verify_token(code_in(sms.text)) and not stored.verify_token(code_in(sms.text))


def test_otp_device_whose_code_is_refused_says_so_and_keeps_the_code_that_was_sent(device, front, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RATE_LIMITS": {"per_recipient": "1/h"}}
    device.generate_challenge()
    assert SMSDevice.objects.get().generate_challenge() == "No code could be sent. Try again later."
    (sms,) = front.outbox
    assert SMSDevice.objects.get().verify_token(code_in(sms.text))
