"""Canaries: numbers, texts, passwords and tokens appear nowhere but in their own columns."""

import logging
import pickle
import traceback

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.views.debug import ExceptionReporter

from django_front_sms import events, inbox, optouts, send_bulk_sms, send_many_sms, send_sms
from django_front_sms.conf import get_settings
from django_front_sms.exceptions import FrontSMSError
from django_front_sms.gateway.client import Client as GatewayClient
from django_front_sms.gateway.push import decode_inbound_json
from django_front_sms.models import Event, InboundMessage, OptOut, OutboundMessage
from django_front_sms.outbox.claim import claim
from django_front_sms.signals import message_received
from django_front_sms.signing import webhook_path
from django_front_sms.tasks import deliver_events, dispatch, sweep
from tests.configuration import configure
from tests.outbox.worker_steps import slot
from tests.webhooks.pushes import by_post, file, sms

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER, TEXT, PASSWORD, SECRET = "+4791827364", "kanarifuglen synger", "gullfink-i-bur", "dompap-paa-kvist"
BODY = {"from": NUMBER, "text": TEXT, "keyword": "KANARIFUGLEN"}


@pytest.fixture
def canaries(settings):
    """The texts and numbers that must not be found anywhere."""
    configure(settings, PASSWORD=PASSWORD, WEBHOOK_SECRETS=[SECRET])
    tokens = [webhook_path(purpose).split("/")[2] for purpose in ("status", "inbound")]
    return [NUMBER, NUMBER[3:], "kanarifugl", PASSWORD, SECRET, *tokens]


@pytest.fixture
def published(monkeypatch):
    """The messages that were sent to Celery."""
    sent: list[object] = []
    monkeypatch.setattr("celery.app.base.Celery.send_task", lambda self, *args, **options: sent.append((args, options)))
    return sent


def hits(canaries: list[str], text: str) -> list[str]:
    return [canary for canary in canaries if canary.casefold() in text.casefold()]


def provoke(monkeypatch) -> list[BaseException]:
    """Cause every error between a site, Front and the database; returns the exceptions."""
    raised: list[BaseException] = []

    def attempt(function, *args, **kwargs):
        try:
            function(*args, **kwargs)
        except FrontSMSError as error:
            raised.append(error)

    def fail(message, **kwargs):
        raise RuntimeError(message)

    dispatched = send_sms(NUMBER, TEXT)
    dispatch()  # nobody listens there
    OutboundMessage.objects.filter(pk=dispatched.pk).update(risk_at=None)
    optouts.opt_out(NUMBER, sender="26114123450000")
    for wrong in ({"sender": "26114123450000"}, {"price": 1}, {"sender": "x" * 12}, {"account": "none"}):
        attempt(send_sms, NUMBER, TEXT, **wrong)
    attempt(send_sms, f"{NUMBER}55512345", TEXT)
    attempt(send_sms, NUMBER, TEXT * 100)
    attempt(send_many_sms, [{"to": NUMBER, "text": ""}])
    attempt(send_bulk_sms, [NUMBER, f"{NUMBER}55512345"], TEXT)
    attempt(send_bulk_sms, [NUMBER], TEXT + "漢", unicode=False)
    send_sms(NUMBER, TEXT, idempotency_key="k")
    attempt(send_sms, NUMBER, TEXT + "!", idempotency_key="k")
    message_received.connect(fail, sender=InboundMessage)
    try:
        for number, text in enumerate(("STOPP", TEXT, TEXT)):
            by_post(sms(**{**BODY, "id": number % 2, "text": text, "counter": number * 3, "files": [file(b"x")]}))
        by_post(sms(**{**BODY, "id": "x", "counter": 5000}))
        Client().get(webhook_path("status"), {"status": TEXT, "origid": NUMBER})
        monkeypatch.setattr("django_front_sms.inbox.mms.files._flush", fail)
        by_post(sms(**{**BODY, "id": 77, "files": [file(b"y")]}))
        deliver_events()
        attempt(inbox.read_again, InboundMessage.objects.filter(problem="").first())
    finally:
        message_received.disconnect(fail, sender=InboundMessage)
    sweep()
    return raised


def test_no_log_and_no_argument_of_a_task_holds_one(canaries, published, caplog, monkeypatch):
    with caplog.at_level(logging.DEBUG, logger="django_front_sms"):
        provoke(monkeypatch)
        assert events.hints._publisher.flush(20)
    ours = [record for record in caplog.records if record.name.startswith("django_front_sms")]
    text = "\n".join(logging.Formatter().format(record) for record in ours)
    assert len(ours) >= 5 and published
    assert hits(canaries, text) == []
    assert hits(canaries, repr(published)) == []
    assert all(args[1:] == () and not options.get("args") for args, options in published)


def test_no_error_of_ours_holds_one(canaries, monkeypatch):
    raised = provoke(monkeypatch)
    assert len(raised) >= 9
    for error in raised:
        text = "".join(traceback.format_exception(error)) + repr(error) + str(error)
        assert hits([canary for canary in canaries if canary not in getattr(error, "invalid", [])], text) == []


def test_no_repr_holds_one(canaries, monkeypatch):
    push = decode_inbound_json(sms(**BODY, files=[file(TEXT.encode())]))
    message = send_sms(NUMBER, TEXT)
    (job,) = claim(slot(), 1, get_settings()).jobs
    client = GatewayClient("http://127.0.0.1:9/psk/")
    outcome = client.send(job.sms)
    by_post(sms(**BODY))
    inbox.process()
    opt_out = optouts.opt_out(NUMBER)
    shown = [push, *push.files, message, job, job.sms, job.account, outcome, get_settings(), client, opt_out]
    shown += [*InboundMessage.objects.all(), *OptOut.objects.all(), *Event.objects.all()]
    assert len(shown) >= 13
    for each in shown:
        assert hits(canaries, repr(each) + str(each)) == [], type(each)
    assert PASSWORD.encode() in pickle.dumps(job.account)  # it was there to be shown


def test_the_debug_page_of_a_webhook_is_never_made(canaries, settings, monkeypatch):
    settings.DEBUG = True

    def fail(*args, **kwargs):
        raise OperationalError(f"DETAIL: Failing row contains ({NUMBER}, {TEXT})")

    monkeypatch.setattr("django_front_sms.inbox.store.unsaved", fail)
    answer = by_post(sms(**BODY))
    assert answer.status_code == 503
    assert hits(canaries, answer.content.decode()) == []


def _raise() -> None:
    raise RuntimeError


@pytest.mark.parametrize("debug", [True, False])
def test_djangos_page_of_an_error_shows_no_password_and_no_secret(canaries, settings, debug):
    settings.DEBUG = debug
    try:
        _raise()
    except RuntimeError as error:
        within = error.__traceback__.tb_next  # not this test's own variables
        page = ExceptionReporter(RequestFactory().get("/"), RuntimeError, error, within)
    text = page.get_traceback_html() + page.get_traceback_text()
    assert "FRONT_SMS" in text and "SERVICE_ID" in text
    assert hits(canaries, text) == []
