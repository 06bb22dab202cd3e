"""Sending, reading, cancelling and resending messages."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from django_front_sms import send_bulk_sms, send_sms
from django_front_sms.models import OutboundMessage
from tests.factories import OptOutFactory
from tests.rest.conftest import NUMBER, VIEW, Api

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.urls")]


def test_a_message_is_queued_as_requested(operator: Api) -> None:
    due = timezone.now().replace(microsecond=0) + timedelta(hours=1)
    fields = {
        "to": "999 99 999",
        "text": " Blåbær ",
        "sender": "Annet Navn",
        "priority": "urgent",
        "scheduled_at": due.isoformat(),
        "expires_at": (due + timedelta(hours=1)).isoformat(),
        "on_duplicate": "reject",
        "metadata": {"order": 7},
    }
    response = operator.post("messages/", fields)
    assert response.status_code == 201
    message = OutboundMessage.objects.get()
    assert response["Location"] == f"http://testserver/api/sms/messages/{message.pk}/"
    assert operator.get(response["Location"]).json() == response.json()
    data = response.json()
    assert data["recipient"] == message.recipient == NUMBER
    assert data["text"] == message.text == " Blåbær "
    assert (data["sender"], data["priority"], data["on_duplicate"]) == ("Annet Navn", "urgent", "reject")
    assert (data["state"], data["gateway_id"], data["metadata"]) == ("queued", None, {"order": 7})
    assert (message.scheduled_at, message.expires_at) == (due, due + timedelta(hours=1))
    assert message.created_by == operator.user
    assert data["created_by"] == str(operator.user.pk)


@pytest.mark.parametrize(
    "field", ["id", "state", "gateway_id", "created_by", "error_code", "next_at", "delivered_at", "segments", "bulk"]
)
def test_fields_that_clients_may_not_set_are_refused(operator: Api, field: str) -> None:
    response = operator.post("messages/", {"to": NUMBER, "text": "Hei", field: 1})
    assert response.status_code == 400
    assert response.json()["errors"] == [
        {
            "code": "unknown_field",
            "detail": "There is no such field, or it is not for clients to set.",
            "pointer": f"#/{field}",
        }
    ]
    assert not OutboundMessage.objects.exists()


PRICED = {"to": NUMBER, "text": "Hei", "price": 500}
IN_SPITE = {"to": NUMBER, "text": "Hei", "ignore_opt_out": True}


@pytest.mark.parametrize(
    ("fields", "permission"),
    [(PRICED, "set_price_outboundmessage"), (IN_SPITE, "ignore_opt_out_outboundmessage")],
)
def test_a_price_and_ignoring_an_opt_out_need_their_permissions(operator: Api, login, fields, permission) -> None:
    OptOutFactory(number="+4799999990")
    for path, body in (("messages/", fields), ("messages/many/", {"messages": [fields]})):
        response = operator.post(path, body)
        assert response.status_code == 403
        assert f"front_sms.{permission}" in response.json()["detail"]
        assert login("add_outboundmessage", permission).post(path, body).status_code == 201


def test_a_null_price_needs_no_permission(operator: Api) -> None:
    fields = {"to": NUMBER, "text": "Hei", "price": None, "ignore_opt_out": False}
    assert operator.post("messages/", fields).status_code == 201


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": "12"}, "invalid_recipient"),
        ({"to": "+4799999990"}, "opted_out"),
        ({"text": "  "}, "empty_text"),
        ({"text": "x" * 1025}, "text_too_long"),
        ({"sender": "Altfor langt navn"}, "invalid_sender"),
        ({"account": "nowhere"}, "unknown_account"),
        ({"price": 5}, "invalid_price"),
        ({"expires_at": "2020-01-01T10:00:00Z"}, "invalid_expiry"),
        ({"price": 500, "text": "x" * 161}, "priced_text_too_long"),
        ({"price": 500, "to": "+46701234567"}, "priced_recipient"),
    ],
)
def test_an_invalid_message_is_refused_with_its_code(login: Any, fields: dict, code: str) -> None:
    api = login("add_outboundmessage", "set_price_outboundmessage")
    OptOutFactory(number="+4799999990")
    response = api.post("messages/", {"to": NUMBER, "text": "Hei", **fields})
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response["Content-Type"] == "application/problem+json"
    assert response.json() | {"detail": ""} == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "code": code,
        "detail": "",
    }
    assert not OutboundMessage.objects.exists()


def test_a_message_over_a_rate_limit_is_refused_with_429(operator: Api, settings: Any) -> None:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RATE_LIMITS": {"per_recipient": "1/h"}}
    assert operator.post("messages/", {"to": NUMBER, "text": "1"}).status_code == 201
    response = operator.post("messages/", {"to": NUMBER, "text": "2"})
    assert (response.status_code, response.json()["code"]) == (429, "rate_limited")


def test_the_header_is_the_idempotency_key(operator: Api) -> None:
    def send(text: str, **headers: str) -> Any:
        return operator.post("messages/", {"to": NUMBER, "text": text}, headers={"Idempotency-Key": "a", **headers})

    first, again, other = send("Hei"), send("Hei"), send("Noe annet")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert first.json()["idempotency_key"] == "a"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")
    assert OutboundMessage.objects.count() == 1


def test_an_empty_key_is_none_and_two_different_keys_are_refused(operator: Api) -> None:
    fields = {"to": NUMBER, "text": "Hei", "idempotency_key": "b"}
    assert operator.post("messages/", {"to": NUMBER, "text": "Hei"}, headers={"Idempotency-Key": ""}).status_code == 201
    assert operator.post("messages/", fields, headers={"Idempotency-Key": "b"}).status_code == 201
    response = operator.post("messages/", fields, headers={"Idempotency-Key": "a"})
    assert response.json()["errors"][0]["header"] == "Idempotency-Key"
    assert response.status_code == 400


@pytest.mark.parametrize("key", ["x" * 201, "a\x00b", "blåbær", "a\tb"])
def test_a_key_that_cannot_be_stored_is_refused(operator: Api, key: str) -> None:
    response = operator.post("messages/", {"to": NUMBER, "text": "Hei"}, headers={"Idempotency-Key": key})
    assert (response.status_code, response.json()["errors"][0]["header"]) == (400, "Idempotency-Key")


def test_a_queued_message_is_cancelled_and_a_final_one_is_not(operator: Api) -> None:
    message = send_sms(NUMBER, "Hei")
    response = operator.post(f"messages/{message.pk}/cancel/")
    assert (response.status_code, response.json()["state"]) == (200, "cancelled")
    assert message.decisions.get().by == operator.user
    again = operator.post(f"messages/{message.pk}/cancel/")
    assert (again.status_code, again.json()["code"]) == (409, "not_possible")


def test_a_final_message_is_resent_and_a_queued_one_is_not(operator: Api) -> None:
    message = send_sms(NUMBER, "Hei")
    assert operator.post(f"messages/{message.pk}/resend/").json()["code"] == "not_possible"
    message.cancel()
    response = operator.post(f"messages/{message.pk}/resend/", headers={"Idempotency-Key": "a"})
    again = operator.post(f"messages/{message.pk}/resend/", headers={"Idempotency-Key": "a"})
    assert response.status_code == 201
    assert response.json() == again.json()
    new = OutboundMessage.objects.latest("pk")
    assert new.pk == response.json()["id"] != message.pk
    assert (new.created_by, new.metadata) == (operator.user, {"resend_of": message.pk})


@pytest.mark.parametrize("fields", [{"price": 500}, {"ignore_opt_out": True}])
def test_resending_needs_the_permissions_of_the_first_message(operator: Api, fields: dict) -> None:
    message = send_sms(NUMBER, "Hei", **fields)
    message.cancel()
    assert operator.post(f"messages/{message.pk}/resend/").status_code == 403


def test_the_timeline_is_in_the_language_of_the_request(viewer: Api) -> None:
    message = send_sms(NUMBER, "Hei")
    message.cancel()
    path = f"messages/{message.pk}/timeline/"
    entries = viewer.get(path).json()["entries"]
    assert [entry["title"] for entry in entries] == ["Put in the queue", "Stopped"]
    assert [entry["kind"] for entry in entries] == ["queued", "decision"]
    norwegian = viewer.get(path, headers={"Accept-Language": "nb"}).json()["entries"]
    assert [entry["title"] for entry in norwegian] != [entry["title"] for entry in entries]


def test_the_text_of_a_sensitive_message_is_shown_nowhere(operator: Api, receive: Any) -> None:
    fields = {"to": NUMBER, "text": "Koden er 482913", "sensitive": True}
    responses = [operator.post("messages/", fields), operator.post("messages/many/", {"messages": [fields]})]
    reply = {"text": "Koden er 482913", "sensitive": True}
    responses.append(operator.post(f"inbound/{receive().pk}/reply/", reply))
    assert [response.status_code for response in responses] == [201, 201, 201]
    for message in OutboundMessage.objects.all():
        assert (message.text, message.sensitive) == ("Koden er 482913", True)
        paths = ("", "timeline/", "conversation/", "cancel/")
        responses += [operator.get(f"messages/{message.pk}/{path}") for path in paths[:3]]
        responses.append(operator.post(f"messages/{message.pk}/cancel/"))
    responses += [operator.get(path) for path in ("messages/", "conversations/")]
    for response in responses:
        assert response.status_code in (200, 201)
        assert "482913" not in response.content.decode()
    assert responses[0].json()["sensitive"] is True


@pytest.mark.parametrize("path", ["messages/", "inbound/", "bulk/", "conversations/", "opt-outs/"])
@pytest.mark.parametrize("name", ["text", "text__startswith", "search", "q", "ordering", "payload_digest", "metadata"])
def test_no_list_can_be_searched_or_ordered_by_a_text(operator: Api, path: str, name: str) -> None:
    send_sms(NUMBER, "Koden er 482913", sensitive=True)
    response = operator.get(path, {name: "Koden er 4"})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "unknown_field")


def test_a_sensitive_message_is_not_resent(operator: Api) -> None:
    message = send_sms(NUMBER, "Koden er 482913", sensitive=True)
    message.cancel()
    response = operator.post(f"messages/{message.pk}/resend/")
    assert (response.status_code, response.json()["code"]) == (409, "not_possible")


def test_a_repeated_key_of_a_sensitive_message_returns_it(operator: Api) -> None:
    fields = {"to": NUMBER, "text": "Koden er 482913", "sensitive": True, "idempotency_key": "a"}
    first, again = (operator.post("messages/", fields) for _ in range(2))
    assert first.json() == again.json()


# Lists


def found(api: Api, **query: Any) -> list[str]:
    response = api.get("messages/", query)
    assert response.status_code == 200, response.content
    return [message["text"] for message in response.json()["results"]]


def test_messages_are_found_by_state_account_recipient_bulk_and_time(viewer: Api, settings: Any) -> None:
    accounts = settings.FRONT_SMS["ACCOUNTS"]
    other = {**accounts["default"], "SERVICE_ID": 2}
    settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNTS": {**accounts, "other": other}}
    send_sms(NUMBER, "1").cancel()
    send_sms("+4799999990", "2")
    send_sms(NUMBER, "3", account="other")
    bulk = send_bulk_sms([NUMBER], "4")
    OutboundMessage.objects.filter(text="1").update(created_at=timezone.now() - timedelta(days=2))
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()

    assert found(viewer) == ["4", "3", "2", "1"]
    assert found(viewer, state="cancelled") == ["1"]
    assert found(viewer, account="other") == ["3"]
    assert found(viewer, recipient="999 99 990") == ["2"]
    assert found(viewer, bulk=bulk.pk) == ["4"]
    assert found(viewer, created_to=yesterday) == ["1"]
    assert found(viewer, created_from=yesterday, recipient=NUMBER) == ["4", "3"]


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("state=gone", "state", "invalid_choice"),
        ("stat=queued", "stat", "unknown_field"),
        ("state=queued&state=sent", "state", "repeated"),
        ("account=", "account", "blank"),
        ("recipient=12", "recipient", "invalid_recipient"),
        ("created_from=yesterday", "created_from", "invalid"),
        ("created_from=0001-01-01T00:00:00%2B14:00", "created_from", "overflow"),
        ("created_to=1999-12-31T00:00:00Z", "created_to", "year"),
        ("bulk=x", "bulk", "invalid"),
        (f"bulk={2**70}", "bulk", "max_value"),
        ("page_size=0", "page_size", "min_value"),
        ("page_size=201", "page_size", "max_value"),
        ("account=a%00b", "account", "null_characters_not_allowed"),
        ("cursor=", "cursor", "blank"),
        ("cursor=abc", "cursor", "invalid_cursor"),
        (f"cursor=older-{2**63}", "cursor", "invalid_cursor"),
        ("cursor=older-%D9%A1", "cursor", "invalid_cursor"),
    ],
)
def test_an_invalid_query_is_refused_with_its_parameter(viewer: Api, query: str, parameter: str, code: str) -> None:
    response = viewer.get(f"messages/?{query}")
    assert response.status_code == 400
    assert [(e["parameter"], e["code"]) for e in response.json()["errors"]] == [(parameter, code)]


def test_pages_work_both_ways_while_messages_are_added(viewer: Api) -> None:
    for n in range(7):
        send_sms(NUMBER, str(n))
    first = viewer.get("messages/", {"page_size": 3, "recipient": NUMBER}).json()
    send_sms(NUMBER, "new")
    second = viewer.get(first["next"]).json()
    third = viewer.get(second["next"]).json()
    assert [m["text"] for page in (first, second, third) for m in page["results"]] == [*"6543210"]
    assert (first["previous"], third["next"]) == (None, None)
    back = viewer.get(third["previous"]).json()
    assert back["results"] == second["results"]
    newest = viewer.get(viewer.get(back["previous"]).json()["previous"]).json()
    assert [m["text"] for m in newest["results"]] == ["new"]
    assert newest["previous"] is None


def test_an_empty_page_links_back(viewer: Api) -> None:
    send_sms(NUMBER, "0")
    pk = OutboundMessage.objects.get().pk
    empty = viewer.get("messages/", {"cursor": f"older-{pk}"}).json()
    assert (empty["results"], empty["next"]) == ([], None)
    assert [m["text"] for m in viewer.get(empty["previous"]).json()["results"]] == ["0"]
    empty = viewer.get("messages/", {"cursor": f"newer-{pk}"}).json()
    assert (empty["results"], empty["previous"]) == ([], None)
    assert [m["text"] for m in viewer.get(empty["next"]).json()["results"]] == ["0"]


def test_a_page_needs_the_same_queries_at_any_length(login: Any, django_assert_num_queries: Any) -> None:
    boss = login(*VIEW)
    with django_assert_num_queries(5):  # session, user, two of permissions, the page
        boss.get("messages/")
    bulk = send_bulk_sms([f"+479999{n:04}" for n in range(30)], "Hei", created_by=boss.user)
    with django_assert_num_queries(5):
        assert len(boss.get("messages/", {"bulk": bulk.pk}).json()["results"]) == 30
