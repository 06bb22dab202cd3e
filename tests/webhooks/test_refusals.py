"""Middleware and Django's own limits in front of the webhooks, and addresses below them that do not exist."""

import logging
from typing import Any

import pytest
from django.test import Client
from django.utils.log import configure_logging

from django_front_sms.models import DeliveryStatus, InboundMessage, MmsFile, RefusedPush
from django_front_sms.monitoring import alerts
from django_front_sms.signing import webhook_path
from tests.webhooks.pushes import JPEG, SMS, STATUS, by_post, file, sms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]

LARGE = JPEG * 1500  # 3 MB, beyond DATA_UPLOAD_MAX_MEMORY_SIZE
FORM = b'--x\r\nContent-Disposition: form-data; name="status"\r\n\r\n4\r\n' + (
    b'--x\r\nContent-Disposition: form-data; name="origid"\r\n\r\n145099\r\n--x--\r\n'
)


class Reads:
    """A middleware that reads an attribute of each request, as request loggers and profilers do."""

    attribute = "body"

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        getattr(request, Reads.attribute)
        return self.get_response(request)


@pytest.fixture(params=["body", "POST"])
def reading(request, settings, monkeypatch) -> str:
    settings.MIDDLEWARE = ["tests.webhooks.test_refusals.Reads", *settings.MIDDLEWARE]
    monkeypatch.setattr(Reads, "attribute", request.param)
    return request.param


class TestBehindAMiddlewareThatReadsTheBody:
    def test_a_message_is_stored(self, reading):
        assert by_post(SMS).content == b"true"
        assert bytes(InboundMessage.objects.get().raw) == SMS

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("application/x-www-form-urlencoded", STATUS),
            ("multipart/form-data; boundary=x", FORM),
            ("application/json", b'{"status": 4, "origid": 145099}'),
        ],
    )
    def test_a_status_is_stored_from_any_kind_of_body(self, reading, content_type, body):
        assert by_post(body, "status", content_type).content == b"true"
        status = DeliveryStatus.objects.get()
        assert (status.status, status.gateway_id, status.problem) == (4, 145099, "")

    def test_a_large_mms_is_stored_or_its_refusal_is_noted_for_staff(self, reading, caplog):
        answer = by_post(sms(files=[file(LARGE)]))
        if reading == "POST":  # which does not read JSON
            assert answer.status_code == 200 and MmsFile.objects.get().size == len(LARGE)
            return
        assert answer.status_code == 400  # Django's, before the view
        note = RefusedPush.objects.get()
        assert (note.account, note.purpose, note.limit) == ("default", "inbound", None)
        assert note.reason == "RequestDataTooBig" and note.size > 3_000_000
        assert alerts.current()["pushes_too_large"].count == 1
        (record,) = [r for r in caplog.records if r.name == "django_front_sms.inbox.refusals"]
        assert record.levelno == logging.ERROR and "RequestDataTooBig" in record.getMessage()
        assert webhook_path("inbound").split("/")[2] not in record.getMessage()


class TestRefusedByDjango:
    def test_a_host_that_is_not_allowed_is_recorded(self, settings):
        settings.ALLOWED_HOSTS = ["example.com"]
        assert by_post(SMS).status_code == 400
        assert RefusedPush.objects.get().reason == "DisallowedHost"

    def test_a_refusal_is_recorded_after_logging_was_configured_again(self, settings):
        """`runserver` calls `django.setup()` twice; the second call removes the handlers of Django's loggers."""
        by_post(SMS)
        configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
        assert not logging.getLogger("django.security").handlers
        settings.ALLOWED_HOSTS = ["example.com"]
        assert [by_post(SMS).status_code for _push in range(2)] == [400, 400]
        assert [push.reason for push in RefusedPush.objects.all()] == ["DisallowedHost"] * 2

    def test_an_unauthenticated_push_is_not_recorded(self, settings):
        settings.ALLOWED_HOSTS = ["example.com"]
        assert by_post(SMS, REMOTE_ADDR="6.6.6.6").status_code == 400
        assert Client().post("/front-sms/x/inbound/").status_code == 400
        assert Client().post("/elsewhere/inbound/").status_code == 400
        token = webhook_path("inbound").split("/")[2]
        assert Client().post(f"/elsewhere/{token}/inbound/").status_code == 400
        assert not RefusedPush.objects.exists()

    def test_a_middleware_that_raises_is_recorded(self, settings, monkeypatch):
        settings.MIDDLEWARE = ["tests.webhooks.test_refusals.Reads", *settings.MIDDLEWARE]
        monkeypatch.setattr(Reads, "attribute", "no_such_attribute")
        Client(raise_request_exception=False).post(webhook_path("inbound"), SMS, content_type="application/json")
        assert RefusedPush.objects.get().reason == "AttributeError"


class TestAddresses:
    @pytest.mark.parametrize("debug", [False, True])
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_the_last_slash_may_be_missing(self, debug, method, settings):
        settings.DEBUG = debug
        path = webhook_path("status").rstrip("/")
        answer = getattr(Client(), method)(f"{path}?{STATUS.decode()}")
        assert (answer.status_code, answer.content) == (200, b"true")
        assert DeliveryStatus.objects.get().gateway_id == 145099

    def test_paths_are_given_with_their_last_slash(self):
        assert webhook_path("inbound").endswith("/inbound/")

    @pytest.mark.parametrize("tail", ["", "/", "/statuses/", "/status/x/", "/inbound//", "/status/inbound"])
    @pytest.mark.parametrize("debug", [False, True])
    def test_any_other_address_is_a_404_whose_logs_hold_no_token(self, tail, debug, settings, caplog):
        settings.DEBUG = debug
        token = webhook_path("status").split("/")[2]
        with caplog.at_level(logging.DEBUG):
            for method in ("get", "post", "put"):
                answer = getattr(Client(), method)(f"/front-sms/{token}{tail}")
                assert (answer.status_code, answer.content) == (404, b"")
                assert answer["Cache-Control"] == "no-store"
        text = "\n".join(logging.Formatter().format(record) for record in caplog.records)
        assert text and token not in text
