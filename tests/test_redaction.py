"""Error mails, debug pages and Sentry's local variables show no text and no number of a request that crashed."""

import importlib
import logging
import traceback
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.core import mail
from django.db import DataError, IntegrityError
from django.test import Client
from django.utils.log import AdminEmailHandler

from django_front_sms import asend_sms, optouts, send_bulk_sms, send_many_sms, send_sms, tasks
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import InboundMessage
from django_front_sms.redaction import redact, redacted_errors, redacted_view
from django_front_sms.signing import webhook_path
from tests.webhooks.pushes import by_post, sms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]

NUMBER, TEXT = "+4791827364", "kanarifuglen synger"
CANARIES = ("91827364", "91 82 73 64", "kanarifugl")


def hits(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text.casefold()]


def local_variables(error: BaseException, module: str = "django_front_sms") -> str:
    """The local variables that Sentry, or a log with variables, shows: of the frames of a module and all below."""
    shown, inside = [], False
    for frame, _line in traceback.walk_tb(error.__traceback__):
        inside = inside or frame.f_globals.get("__name__", "").startswith(module)
        if inside:
            shown.append(repr(frame.f_locals))
    return "\n".join([*shown, repr(error), *traceback.format_exception(error)[-1:]])


class CrashAbove:
    """A middleware that crashes after the view, and remembers what got through it otherwise."""

    active = False
    seen: list[BaseException] = []

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        answer = self.get_response(request)
        if CrashAbove.active:
            raise RuntimeError("above")
        return answer

    def process_exception(self, request: Any, error: Exception) -> None:
        CrashAbove.seen.append(error)


@pytest.fixture
def mails(settings, monkeypatch):
    """The mails to admins, as Django's own handler writes them in text and HTML."""
    settings.ADMINS = [("Admin", "admin@example.com")]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.test_redaction.CrashAbove"]
    settings.ROOT_URLCONF = "tests.rest.urls"
    settings.DEBUG_PROPAGATE_EXCEPTIONS = False
    monkeypatch.setattr(CrashAbove, "active", False)
    monkeypatch.setattr(CrashAbove, "seen", [])
    handler = AdminEmailHandler(include_html=True)
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    yield mail.outbox
    logger.removeHandler(handler)


@pytest.fixture
def browser(db) -> Client:
    user = User.objects.create_superuser("kari")
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    return browser


def requests(browser: Client) -> dict[str, Any]:
    """One request with a number and a text for each kind of view."""
    return {
        "composer": lambda: browser.post(
            "/admin/front_sms/outboundmessage/add/",
            {"recipients": NUMBER, "text": TEXT, "account": "default"},
            follow=True,
        ),
        "search": lambda: browser.get("/admin/front_sms/outboundmessage/", {"q": NUMBER}),
        "conversation": lambda: browser.get("/admin/front_sms/conversation/with/", {"number": NUMBER}),
        "opt-out": lambda: browser.post("/admin/front_sms/optout/add/", {"number": NUMBER, "note": TEXT}),
        "REST send": lambda: browser.post(
            "/api/sms/messages/", {"to": NUMBER, "text": TEXT}, content_type="application/json"
        ),
        "REST list": lambda: browser.get("/api/sms/messages/", {"recipient": NUMBER}),
    }


KINDS = ["composer", "search", "conversation", "opt-out", "REST send", "REST list"]
PLACES = {
    "composer": "django_front_sms.admin.composer.views.ComposerForm",
    "search": "django_front_sms.admin.readonly.FastChangeList.get_results",
    "conversation": "django_front_sms.admin.conversations.views.thread",
    "opt-out": "django_front_sms.admin.optout.OptOutForm.clean_number",
    "REST send": "django_front_sms.sending.send_sms",
    "REST list": "django_front_sms.rest.views.common.FrontSMSAPIView.initial",
}


def crash(*args: Any, **kwargs: Any) -> None:
    number, text = NUMBER, TEXT
    raise RuntimeError(f"the text has {len(number + text)} characters")


def report(outbox: list[Any]) -> str:
    """All mails: by the handler of these tests, and by Django's own where DEBUG is off."""
    parts: list[str] = []
    for message in outbox:
        parts += [message.subject, message.body, *(str(content) for content, _type in message.alternatives)]
    return "\n".join(parts)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_above_a_view_mails_no_text_and_no_number(kind, debug, mails, browser, settings, monkeypatch):
    monkeypatch.setattr(CrashAbove, "active", True)
    settings.DEBUG = debug
    answer = requests(browser)[kind]()
    assert answer.status_code == 500
    assert "RuntimeError" in report(mails)
    assert hits(report(mails)) == []
    assert hits(answer.content.decode()) == []


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_in_or_below_a_view_mails_no_text_and_no_number(kind, debug, mails, browser, settings, monkeypatch):
    monkeypatch.setattr(PLACES[kind], crash)
    settings.DEBUG = debug
    answer = requests(browser)[kind]()
    assert answer.status_code == 500
    assert "RuntimeError" in report(mails) and "crash" in report(mails)
    assert hits(report(mails)) == []
    assert hits(answer.content.decode()) == []
    assert hits(local_variables(CrashAbove.seen[-1])) == []


@pytest.mark.parametrize("purpose", ["status", "inbound"])
def test_a_crash_above_a_webhook_mails_no_text_and_no_number(purpose, mails, monkeypatch):
    monkeypatch.setattr(CrashAbove, "active", True)
    path = webhook_path(purpose)
    Client(raise_request_exception=False).post(
        f"{path}?phonenr={NUMBER}", sms(**{"from": NUMBER, "text": TEXT}), content_type="application/json"
    )
    assert "RuntimeError" in report(mails) and hits(report(mails)) == []


@pytest.mark.parametrize("place", ["django_front_sms.inbox.store_inbound", "django_front_sms.inbox.store_status"])
def test_a_crash_in_or_below_a_webhook_is_answered_there_and_mails_nothing(place, mails, monkeypatch):
    monkeypatch.setattr(place, crash)
    purpose = place.rpartition("_")[2]
    assert by_post(sms(**{"from": NUMBER, "text": TEXT}), purpose).status_code == 503
    assert hits(report(mails)) == []


@pytest.mark.parametrize(
    "call",
    [
        lambda: send_sms(NUMBER, TEXT),
        lambda: async_to_sync(asend_sms)(NUMBER, TEXT),  # in this thread, with its connection
        lambda: send_many_sms([{"to": NUMBER, "text": TEXT}]),
        lambda: send_bulk_sms([NUMBER], TEXT),
    ],
    ids=["send_sms", "asend_sms", "send_many_sms", "send_bulk_sms"],
)
def test_a_crash_below_the_public_functions_leaves_no_text_in_frames(call, monkeypatch):
    monkeypatch.setattr("django_front_sms.sending.limits.check", crash, raising=False)
    monkeypatch.setattr("django.db.models.query.QuerySet._insert", crash)
    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", crash)
    with pytest.raises(RuntimeError) as caught:
        call()
    assert hits(local_variables(caught.value)) == []


def test_an_invalid_message_keeps_what_it_says_and_no_local_variables():
    with pytest.raises(InvalidMessage) as caught:
        send_sms(NUMBER, "")
    assert (caught.value.code, str(caught.value) != "") == ("empty_text", True)
    assert hits(local_variables(caught.value)) == []


def test_a_crash_in_a_worker_leaves_no_text_in_frames(monkeypatch):
    by_post(sms(**{"from": NUMBER, "text": TEXT}))
    monkeypatch.setattr(importlib.import_module("django_front_sms.inbox.process"), "answered_by", crash)
    with pytest.raises(RuntimeError) as caught:
        tasks.deliver_events()
    assert InboundMessage.objects.get().text == TEXT
    assert hits(local_variables(caught.value)) == []


@pytest.mark.postgresql
@pytest.mark.mysql
def test_an_error_of_the_database_names_its_kind_and_no_value():
    @redacted_errors
    def store_twice() -> None:
        for _ in range(2):
            InboundMessage.objects.create(account=TEXT, api="json", identity=TEXT, sender=NUMBER)

    with pytest.raises(IntegrityError) as caught:
        store_twice()
    assert caught.value.args and hits(local_variables(caught.value)) == []
    assert hits("".join(traceback.format_exception(caught.value))) == []


def test_the_driver_and_the_number_of_a_database_error_stay():
    class FromMySQL(Exception):
        pass

    class FromPostgreSQL(Exception):
        sqlstate = "22001"

    for cause, expected in [
        (FromMySQL(1406, f"Data too long: {TEXT}"), (1406, "FromMySQL; the details are left out.")),
        (FromPostgreSQL(TEXT), ("FromPostgreSQL (SQLSTATE 22001); the details are left out.",)),
    ]:
        error = DataError(*cause.args)
        error.__cause__ = cause
        redact(error)
        assert error.args == cause.args == expected


def test_an_encoding_error_does_not_carry_the_text():
    with pytest.raises(UnicodeEncodeError) as caught:
        redacted_errors(lambda text: text.encode("ascii"))(f"{TEXT} æ")
    assert hits(repr(caught.value.object) + repr(caught.value.args) + str(caught.value)) == []


def test_an_exception_that_the_caller_handles_keeps_its_frames():
    def of_the_site() -> None:
        order = 42
        raise KeyError(order)

    try:
        of_the_site()
    except KeyError as error:
        with pytest.raises(InvalidMessage) as caught:
            send_sms(NUMBER, "")
        assert caught.value.__context__ is error
        frames = [frame.f_locals for frame, _line in traceback.walk_tb(error.__traceback__)]
        assert {"order": 42} in frames


def test_a_view_keeps_its_marks_and_its_name():
    def view(request: Any) -> None:
        """Shows something."""

    view.csrf_exempt = True  # type: ignore[attr-defined]
    assert redacted_view(view).csrf_exempt and redacted_view(view).__name__ == "view"  # type: ignore[attr-defined]


def test_an_opt_out_is_not_in_the_frames_either(monkeypatch):
    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", crash)
    with pytest.raises(RuntimeError) as caught:
        optouts.opt_out(NUMBER)
    assert hits(local_variables(caught.value)) == []
