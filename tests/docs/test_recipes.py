"""The recipes do what they say."""

import base64
import hashlib
import hmac
import json
import sys
from datetime import timedelta
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.request import Request

import pytest
from django.core import mail
from django.utils import timezone

from django_front_sms import send_sms
from django_front_sms.models import Event
from django_front_sms.testing import FrontSMS
from django_front_sms.testing.front import ReceiverFailed
from tests.docs.pages import DOCS, HERE, blocks_of

pytestmark = [pytest.mark.skipif(not HERE, reason="the documentation is not here"), pytest.mark.django_db]
NUMBER = "+4799999999"
OURS = "26114123450000"


def recipe(function: str) -> dict[str, Any]:
    """Run the block that defines a function; what it defines. Signals hold receivers weakly: keep it."""
    (block,) = [each for each in blocks_of(DOCS / "howto" / "recipes.md") if f"def {function}(" in each.text]
    names: dict[str, Any] = {"__name__": "recipe"}
    exec(compile(block.text, str(block), "exec"), names)
    return names


class Internet:
    """Takes the requests of a recipe instead of `urllib`; the first of them fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.requests: list[Request] = []
        monkeypatch.setattr("urllib.request.urlopen", self._open)

    def _open(self, request: Request, timeout: float) -> Any:
        self.requests.append(request)
        if len(self.requests) == 1:
            raise OSError("no connection")
        return SimpleNamespace(close=lambda: None)


def receive_twice(front: FrontSMS, text: str) -> Any:
    """Receive an SMS whose receiver fails once, and is called again when its time has come."""
    with pytest.raises(ReceiverFailed):
        front.receive_sms(NUMBER, text, to=OURS)
    front.advance(60)


def test_an_outgoing_webhook_is_signed_and_keeps_its_id(front, settings, monkeypatch):
    internet, key = Internet(monkeypatch), b"0123456789abcdef01234567"
    settings.FORWARD_SMS_TO = {"url": "https://example.no/", "secret": f"whsec_{base64.b64encode(key).decode()}"}
    kept = recipe("forward")

    receive_twice(front, "Hei")

    first, second = internet.requests
    assert (
        first.headers["Webhook-id"]
        == second.headers["Webhook-id"]
        == str(Event.objects.get(kind="message_received").event_id)
    )
    signed = f"{second.headers['Webhook-id']}.{second.headers['Webhook-timestamp']}.".encode() + second.data
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert second.headers["Webhook-signature"] == f"v1,{digest}"
    assert json.loads(second.data)["data"]["text"] == "Hei" and kept


def test_slack_hears_of_a_message_without_its_text(front, settings, monkeypatch):
    internet = Internet(monkeypatch)
    settings.SLACK_WEBHOOK_URL = "https://hooks.example.no/"
    kept = recipe("tell_slack")

    receive_twice(front, "En hemmelighet")

    body = json.loads(internet.requests[1].data)
    assert body["text"].startswith("A new SMS") and "hemmelighet" not in str(body) and kept


def test_managers_get_a_mail_about_what_was_not_delivered(front, settings):
    settings.MANAGERS = [("Kari", "kari@example.no")]
    kept = recipe("tell_managers")

    front.push_status(send_sms(NUMBER, "Hei"), 5)

    assert "undelivered" in mail.outbox[0].body and NUMBER not in mail.outbox[0].body and kept


def test_an_opt_out_is_confirmed_once(front):
    kept = recipe("confirm_opt_out")
    send_sms(NUMBER, "Hei", sender=OURS)

    front.receive_sms(NUMBER, "STOP", to=OURS)

    assert [sms.text[:15] for sms in front.outbox] == ["Hei", "Du får ikke fle"] and kept


def test_reminders_are_sent_once_and_note_the_answer(front, settings, monkeypatch):
    appointment = SimpleNamespace(pk=7, phone=NUMBER, when=timezone.now() + timedelta(days=1), state="")

    class Rows(list):
        def update(self, **changes: str) -> None:
            vars(appointment).update(changes)

    rows = Rows([appointment])
    models = ModuleType("shop.models")
    vars(models).update(Appointment=SimpleNamespace(objects=SimpleNamespace(filter=lambda **lookup: rows)))
    monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
    monkeypatch.setitem(sys.modules, "shop.models", models)
    settings.FRONT_SMS["ACCOUNTS"]["default"]["SENDER"] = OURS
    remind, kept = recipe("remind_tomorrow")["remind_tomorrow"], recipe("note_the_answer")

    remind(), remind()
    front.receive_sms(NUMBER, "Ja", to=OURS)

    assert [sms.text.partition(" ")[0] for sms in front.outbox] == ["Du", "Takk"]
    assert appointment.state == "confirmed" and kept
