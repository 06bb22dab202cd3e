"""Every invalid request gets a problem, never a 5xx, and no log has a number."""

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
from tests.factories import OptOutFactory
from tests.rest.conftest import NUMBER, Api

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.urls")]


def is_problem(response: Any, status: int, code: str) -> bool:
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert body["detail"]
    return (response.status_code, body["code"]) == (status, code)


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
def test_an_unreadable_body_is_a_problem(operator: Api, body: bytes) -> None:
    assert is_problem(operator.send_raw("messages/", body), 400, "parse_error")


def test_an_empty_body_lacks_the_required_fields(operator: Api) -> None:
    response = operator.send_raw("messages/", b"")
    assert is_problem(response, 400, "invalid_request")
    assert [error["pointer"] for error in response.json()["errors"]] == ["#/text", "#/to"]


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
def test_half_of_a_surrogate_pair_is_refused_everywhere(operator: Api, member: str) -> None:
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
def test_no_value_of_any_field_is_a_server_error(login: Any, field: str, value: Any) -> None:
    api = login("add_outboundmessage", "set_price_outboundmessage", "ignore_opt_out_outboundmessage")
    fields = {"to": NUMBER, "text": "Hei", field: value}
    for path, body in (("messages/", fields), ("messages/many/", {"messages": [fields]})):
        response = api.post(path, body)
        assert response.status_code in (201, 400), response.content


@pytest.mark.parametrize(
    "moment",
    [
        "2026", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
        "1e9", "", "now", 5,
    ],
)  # fmt: skip
def test_an_invalid_time_is_refused(operator: Api, moment: Any) -> None:
    response = operator.post("messages/", {"to": NUMBER, "text": "Hei", "scheduled_at": moment})
    assert is_problem(response, 400, "invalid_request")
    assert response.json()["errors"][0]["pointer"] == "#/scheduled_at"


NESTED: Any = {}
for _level in range(12):
    NESTED = {"a": NESTED}


@pytest.mark.parametrize(
    "metadata",
    [{"a": "\0"}, {"\0": 1}, {"a": 2**63}, {"a": -(2**63) - 1}, NESTED, {"a": "x" * 20_001}, {"a": [[]] * 20_000}],
)
def test_metadata_that_cannot_be_stored_is_refused(operator: Api, metadata: Any) -> None:
    response = operator.post("messages/", {"to": NUMBER, "text": "Hei", "metadata": metadata})
    assert is_problem(response, 400, "invalid_request")


def test_an_infinite_number_in_metadata_is_refused(operator: Api) -> None:
    body = b'{"to": "+4799999999", "text": "Hei", "metadata": {"a": 1e999}}'
    assert is_problem(operator.send_raw("messages/", body), 400, "invalid_request")


def test_metadata_is_returned_unchanged(operator: Api) -> None:
    metadata = {"a": [1, 2.5, None, True, "å😀"], "b": {"c": 2**63 - 1}, "": ""}
    response = operator.post("messages/", {"to": NUMBER, "text": "Hei", "metadata": metadata})
    assert operator.get(response["Location"]).json()["metadata"] == metadata


def test_a_pair_of_surrogates_is_a_character(operator: Api) -> None:
    body = b'{"to": "+4799999999", "text": "\\ud83d\\ude00"}'
    assert operator.send_raw("messages/", body).json()["text"] == "😀"


def test_a_too_large_body_is_refused(operator: Api, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_errors_raised_by_django_are_answered_as_problems(operator: Api) -> None:
    query = "&".join(f"a{n}=1" for n in range(1001))  # DATA_UPLOAD_MAX_NUMBER_FIELDS is 1000
    assert is_problem(operator.get(f"messages/?{query}"), 400, "parse_error")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_other_content_types_than_json_are_refused(operator: Api, content_type: str) -> None:
    assert is_problem(operator.send_raw("messages/", b"to=1", content_type), 415, "unsupported_media_type")


def test_an_unknown_charset_changes_nothing(operator: Api) -> None:
    body = json.dumps({"to": NUMBER, "text": "Blåbær"}, ensure_ascii=False).encode()
    response = operator.send_raw("messages/", body, "application/json; charset=klingon")
    assert (response.status_code, response.json()["text"]) == (201, "Blåbær")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "nonsense"])
def test_responses_are_json_whatever_the_client_accepts(operator: Api, accept: str) -> None:
    response = operator.get("messages/", headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("path", ["messages", "nowhere/", "", "messages/x/", f"messages/{2**70}/", "messages/0/"])
def test_unknown_addresses_are_problems(operator: Api, path: str) -> None:
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
def test_a_missing_row_is_not_found(operator: Api, path: str, pk: Any) -> None:
    assert is_problem(operator.get(path.format(pk=pk)), 404, "not_found")


def test_a_time_that_a_zone_does_not_have_is_refused_in_a_query(operator: Api) -> None:
    assert is_problem(operator.get("messages/?created_from=0001-01-01"), 400, "invalid_request")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_other_methods_are_refused(operator: Api, method: str) -> None:
    response = getattr(operator, method)("messages/")
    assert is_problem(response, 405, "method_not_allowed")
    assert "GET" in response["Allow"]


def test_a_wrong_password_is_a_problem_with_a_challenge(anonymous: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FrontSMSAPIView, "authentication_classes", (BasicAuthentication,))
    for headers, code in (({}, "not_authenticated"), ({"Authorization": "Basic eDp5"}, "authentication_failed")):
        response = anonymous.get("messages/", headers=headers)
        assert is_problem(response, 401, code)
        assert response["WWW-Authenticate"].startswith("Basic")


class OutOfDate(BasicAuthentication):
    """Refuses a token as djangorestframework-simplejwt does."""

    def authenticate(self, request: Any) -> Any:
        found = {
            "detail": "The token is out of date.",
            "code": "token_not_valid",
            "messages": [{"token_type": "access"}],
        }
        error = AuthenticationFailed(found)
        error.default_code = "token_not_valid"
        raise error


def test_a_refused_login_with_several_details_has_one_code(anonymous: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FrontSMSAPIView, "authentication_classes", (OutOfDate,))
    response = anonymous.get("messages/")
    assert is_problem(response, 401, "token_not_valid")
    assert response.json()["detail"] == "The token is out of date."


def test_a_session_without_its_csrf_token_changes_nothing(operator: Api) -> None:
    strict = Api(enforce_csrf_checks=True)
    strict.cookies = operator.cookies
    assert is_problem(strict.post("messages/", {"to": NUMBER, "text": "Hei"}), 403, "permission_denied")
    assert not OutboundMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_refusal_rolls_back_an_atomic_request(operator: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def store_and_refuse(**_asked: Any) -> None:
        OptOutFactory(number=NUMBER)
        raise InvalidMessage("No.", "empty_text")

    monkeypatch.setattr(sending, "send_sms", store_and_refuse)
    for atomic, left in ((True, 0), (False, 1)):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
        assert is_problem(operator.post("messages/", {"to": NUMBER, "text": "Hei"}), 400, "empty_text")
        assert OptOut.objects.count() == left


# Throttling


def rates(settings: Any, **scopes: str | None) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": scopes}


def test_a_throttled_user_gets_the_seconds_to_wait(login: Any, settings: Any) -> None:
    rates(settings, front_sms_read="2/min")
    first, second = login("view_outboundmessage"), login("view_outboundmessage")
    assert [first.get("messages/").status_code for _ in range(3)] == [200, 200, 429]
    response = first.get("messages/")
    assert is_problem(response, 429, "throttled")
    assert 0 < int(response["Retry-After"]) <= 60
    assert second.get("messages/").status_code == 200


def test_reading_sending_and_sending_many_are_throttled_separately(operator: Api, settings: Any) -> None:
    rates(settings, front_sms_read="3/min", front_sms_send="2/min", front_sms_send_many="1/min")
    message = {"to": NUMBER, "text": "Hei"}

    def statuses(path: str, body: Any, times: int) -> list[int]:
        return [operator.post(path, body).status_code for _ in range(times)]

    assert statuses("messages/many/", {"messages": [message]}, 2) == [201, 429]
    assert statuses("bulk/", {"to": [NUMBER], "text": "Hei"}, 1) == [429]
    assert statuses("messages/", message, 3) == [201, 201, 429]
    assert statuses("preview/", {"text": "Hei"}, 4) == [200, 200, 200, 429]


def test_the_default_limits_can_be_removed(operator: Api, settings: Any) -> None:
    fields = {"messages": [{"to": NUMBER, "text": "Hei"}]}
    assert [operator.post("messages/many/", fields).status_code for _ in range(11)] == [201] * 10 + [429]
    rates(settings, front_sms_send_many=None)
    assert operator.post("messages/many/", fields).status_code == 201
    cache.clear()


# Logs


def test_no_log_contains_a_number_a_text_or_a_key(operator: Api, caplog: pytest.LogCaptureFixture) -> None:
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
