"""Whatever comes in, a problem goes out, and neither a 5xx nor anybody's number into a log."""

import json
import logging
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from rest_framework.authentication import BasicAuthentication
from rest_framework.exceptions import AuthenticationFailed

from django_front_sms import sending
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import OptOut, OutboundMessage
from django_front_sms.rest.views import common
from django_front_sms.rest.views.common import FrontSMSAPIView
from django_front_sms.rest.views.messages import MAX_BYTES_OF_MANY
from tests.rest.conftest import NUMBER, Api

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.urls")]


def is_problem(answer: Any, status: int, code: str) -> bool:
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["detail"]
    return (answer.status_code, body["code"]) == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b'{"to": NaN}',
        b'{"to": -Infinity}',
        b'{"to": ' + b"9" * 5000 + b"}",
        "{}".encode("utf-16"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(operator: Api, body: bytes) -> None:
    assert is_problem(operator.send_raw("messages/", body), 400, "parse_error")


def test_no_body_lacks_what_is_required(operator: Api) -> None:
    answer = operator.send_raw("messages/", b"")
    assert is_problem(answer, 400, "invalid_request")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/text", "#/to"]


@pytest.mark.parametrize(
    "member",
    [
        '"text": "\\ud800"',
        '"text": "\\uDFFF\\ud83d"',
        '"\\udfff": 1',
        '"metadata": {"\\ud800": 1}',
        '"metadata": {"a": ["\\uDc00"]}',
    ],
)
def test_half_of_a_surrogate_pair_is_refused_wherever_it_stands(operator: Api, member: str) -> None:
    body = f'{{"to": "+4799999999", "text": "Hei", {member}}}'
    assert is_problem(operator.send_raw("messages/", body.encode()), 400, "parse_error")


@pytest.mark.parametrize("body", ["null", "1", '"x"', "[]", "true", '[{"to": "+4799999999", "text": "x"}]'])
@pytest.mark.parametrize("path", ["messages/", "messages/many/", "bulk/", "opt-outs/", "preview/"])
def test_a_body_must_be_an_object(operator: Api, path: str, body: str) -> None:
    assert is_problem(operator.send_raw(path, body.encode()), 400, "invalid_request")


WRONG = [None, True, 1, 2**70, 1.5, [], {}, ["x"], {"x": "x"}, "a\0b", "\u202e", "x" * 100_000]


@pytest.mark.parametrize("value", WRONG, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize(
    "field",
    [
        "to",
        "text",
        "sender",
        "account",
        "unicode",
        "price",
        "priority",
        "scheduled_at",
        "expires_at",
        "on_duplicate",
        "ignore_opt_out",
        "idempotency_key",
        "metadata",
    ],
)
def test_no_value_of_any_field_breaks_it(login: Any, field: str, value: Any) -> None:
    api = login("add_outboundmessage", "set_price_outboundmessage", "ignore_opt_out_outboundmessage")
    asked = {"to": NUMBER, "text": "Hei", field: value}
    for path, body in (("messages/", asked), ("messages/many/", {"messages": [asked]})):
        answer = api.post(path, body)
        assert answer.status_code in (201, 400), answer.content


@pytest.mark.parametrize(
    "moment",
    [
        "2026", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
        "1e9", "", "now", 5,
    ],
)  # fmt: skip
def test_a_time_that_is_none_is_refused(operator: Api, moment: Any) -> None:
    answer = operator.post("messages/", {"to": NUMBER, "text": "Hei", "scheduled_at": moment})
    assert is_problem(answer, 400, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == "#/scheduled_at"


NESTED: Any = {}
for _level in range(12):
    NESTED = {"a": NESTED}


@pytest.mark.parametrize(
    "metadata",
    [{"a": "\0"}, {"\0": 1}, {"a": 2**63}, {"a": -(2**63) - 1}, NESTED, {"a": "x" * 20_001}, {"a": [[]] * 20_000}],
)
def test_metadata_that_no_database_keeps_is_refused(operator: Api, metadata: Any) -> None:
    answer = operator.post("messages/", {"to": NUMBER, "text": "Hei", "metadata": metadata})
    assert is_problem(answer, 400, "invalid_request")


def test_a_number_beyond_all_others_in_metadata_is_refused(operator: Api) -> None:
    body = b'{"to": "+4799999999", "text": "Hei", "metadata": {"a": 1e999}}'
    assert is_problem(operator.send_raw("messages/", body), 400, "invalid_request")


def test_metadata_comes_back_as_it_was_given(operator: Api) -> None:
    metadata = {"a": [1, 2.5, None, True, "å😀"], "b": {"c": 2**63 - 1}, "": ""}
    answer = operator.post("messages/", {"to": NUMBER, "text": "Hei", "metadata": metadata})
    assert operator.get(answer["Location"]).json()["metadata"] == metadata


def test_a_pair_of_surrogates_is_a_character(operator: Api) -> None:
    body = b'{"to": "+4799999999", "text": "\\ud83d\\ude00"}'
    assert operator.send_raw("messages/", body).json()["text"] == "😀"


def test_a_body_that_is_too_long_is_not_read_to_its_end(operator: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "MAX_BODY_BYTES", 1000)
    body = json.dumps({"to": NUMBER, "text": "x" * 1000}).encode()
    assert is_problem(operator.send_raw("messages/", body), 413, "body_too_large")


@pytest.mark.parametrize(
    ("path", "limit"),
    [("messages/", common.MAX_BODY_BYTES), ("messages/many/", MAX_BYTES_OF_MANY), ("bulk/", common.MAX_BODY_BYTES)],
)
def test_each_endpoint_has_a_body_size(operator: Api, path: str, limit: int) -> None:
    assert is_problem(operator.send_raw(path, b" " * (limit + 1)), 413, "body_too_large")
    assert is_problem(operator.send_raw(path, b" " * limit), 400, "parse_error")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_other_types_than_json_are_refused(operator: Api, content_type: str) -> None:
    assert is_problem(operator.send_raw("messages/", b"to=1", content_type), 415, "unsupported_media_type")


def test_a_charset_that_nobody_knows_changes_nothing(operator: Api) -> None:
    body = json.dumps({"to": NUMBER, "text": "Blåbær"}, ensure_ascii=False).encode()
    answer = operator.send_raw("messages/", body, "application/json; charset=klingon")
    assert (answer.status_code, answer.json()["text"]) == (201, "Blåbær")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "nonsense"])
def test_answers_are_json_whatever_a_client_accepts(operator: Api, accept: str) -> None:
    answer = operator.get("messages/", headers={"Accept": accept})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("path", ["messages", "nowhere/", "", "messages/x/", f"messages/{2**70}/", "messages/0/"])
def test_addresses_that_lead_nowhere_are_problems(operator: Api, path: str) -> None:
    assert is_problem(operator.get(path), 404, "not_found")


@pytest.mark.parametrize("pk", [0, 2**63, 2**70, "9" * 5000])
@pytest.mark.parametrize(
    "path",
    [
        "messages/{pk}/",
        "messages/{pk}/timeline/",
        "messages/{pk}/conversation/",
        "bulk/{pk}/",
        "inbound/{pk}/",
        "inbound/{pk}/timeline/",
        "inbound/{pk}/files/{pk}/",
        "inbound/{pk}/conversation/",
        "opt-outs/{pk}/",
    ],
)
def test_a_row_that_is_not_there_is_not_found(operator: Api, path: str, pk: Any) -> None:
    assert is_problem(operator.get(path.format(pk=pk)), 404, "not_found")


def test_a_time_that_a_zone_does_not_have_is_refused_in_a_query_too(operator: Api) -> None:
    assert is_problem(operator.get("messages/?created_from=0001-01-01"), 400, "invalid_request")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_other_methods_are_refused(operator: Api, method: str) -> None:
    answer = getattr(operator, method)("messages/")
    assert is_problem(answer, 405, "method_not_allowed")
    assert "GET" in answer["Allow"]


def test_a_wrong_password_is_a_problem_that_asks_for_one(anonymous: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FrontSMSAPIView, "authentication_classes", (BasicAuthentication,))
    for headers, code in (({}, "not_authenticated"), ({"Authorization": "Basic eDp5"}, "authentication_failed")):
        answer = anonymous.get("messages/", headers=headers)
        assert is_problem(answer, 401, code)
        assert answer["WWW-Authenticate"].startswith("Basic")


class OutOfDate(BasicAuthentication):
    """As djangorestframework-simplejwt refuses a token."""

    def authenticate(self, request: Any) -> Any:
        found = {
            "detail": "The token is out of date.",
            "code": "token_not_valid",
            "messages": [{"token_type": "access"}],
        }
        error = AuthenticationFailed(found)
        error.default_code = "token_not_valid"
        raise error


def test_a_login_that_is_refused_in_more_than_one_word_has_one_code(
    anonymous: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FrontSMSAPIView, "authentication_classes", (OutOfDate,))
    answer = anonymous.get("messages/")
    assert is_problem(answer, 401, "token_not_valid")
    assert answer.json()["detail"] == "The token is out of date."


def test_a_session_without_its_csrf_token_changes_nothing(operator: Api) -> None:
    strict = Api(enforce_csrf_checks=True)
    strict.cookies = operator.cookies
    assert is_problem(strict.post("messages/", {"to": NUMBER, "text": "Hei"}), 403, "permission_denied")
    assert not OutboundMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_refusal_undoes_what_an_atomic_request_wrote(operator: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def store_and_refuse(**_asked: Any) -> None:
        OptOut.objects.create(number=NUMBER)
        raise InvalidMessage("No.", "empty_text")

    monkeypatch.setattr(sending, "send_sms", store_and_refuse)
    for atomic, left in ((True, 0), (False, 1)):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
        assert is_problem(operator.post("messages/", {"to": NUMBER, "text": "Hei"}), 400, "empty_text")
        assert OptOut.objects.count() == left


# How often


def rates(settings: Any, **scopes: str | None) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": scopes}


def test_a_user_who_asks_too_often_is_told_when_to_come_back(login: Any, settings: Any) -> None:
    rates(settings, front_sms_read="2/min")
    first, second = login("view_outboundmessage"), login("view_outboundmessage")
    assert [first.get("messages/").status_code for _ in range(3)] == [200, 200, 429]
    answer = first.get("messages/")
    assert is_problem(answer, 429, "throttled")
    assert 0 < int(answer["Retry-After"]) <= 60
    assert second.get("messages/").status_code == 200


def test_reading_sending_and_sending_many_are_counted_apart(operator: Api, settings: Any) -> None:
    rates(settings, front_sms_read="3/min", front_sms_send="2/min", front_sms_send_many="1/min")
    message = {"to": NUMBER, "text": "Hei"}

    def statuses(path: str, body: Any, times: int) -> list[int]:
        return [operator.post(path, body).status_code for _ in range(times)]

    assert statuses("messages/many/", {"messages": [message]}, 2) == [201, 429]
    assert statuses("bulk/", {"to": [NUMBER], "text": "Hei"}, 1) == [429]
    assert statuses("messages/", message, 3) == [201, 201, 429]
    assert statuses("preview/", {"text": "Hei"}, 4) == [200, 200, 200, 429]


def test_there_are_limits_without_any_setting_and_a_site_lifts_them(operator: Api, settings: Any) -> None:
    asked = {"messages": [{"to": NUMBER, "text": "Hei"}]}
    assert [operator.post("messages/many/", asked).status_code for _ in range(11)] == [201] * 10 + [429]
    rates(settings, front_sms_send_many=None)
    assert operator.post("messages/many/", asked).status_code == 201
    cache.clear()


# Nobody's number, text or key in a log


def test_no_log_has_a_number_a_text_or_a_key(operator: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = ("99999999", "hemmelig", "nokkel-7")
    key = {"Idempotency-Key": "nokkel-7"}
    operator.post("messages/", {"to": NUMBER, "text": "hemmelig"}, headers=key)
    operator.post("messages/", {"to": NUMBER, "text": "hemmelig", "hemmelig": 1, "price": "99999999"}, headers=key)
    operator.post("messages/", {"to": "47999999999999999", "text": "hemmelig 2"}, headers=key)
    operator.post("bulk/", {"to": ["x99999999"], "text": "hemmelig"})
    operator.get("messages/", {"recipient": NUMBER})
    operator.get("messages/", {"recipient": NUMBER, "state": "hemmelig"})
    operator.get("conversations/", {"number": NUMBER})
    operator.post("opt-outs/", {"number": "x99999999"})
    lines = [record.getMessage() for record in caplog.records if not record.name.startswith("django.db")]
    assert any("Bad Request" in line for line in lines)
    for secret in secrets:
        assert not [line for line in lines if secret in line]
