"""Repeated idempotency keys, of the same user and of others."""

from typing import Any

import pytest

from django_front_sms import send_sms
from django_front_sms.models import BulkSend, OutboundMessage
from tests.rest.conftest import NUMBER, Api

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.urls")]

KEY = {"Idempotency-Key": "order-1834"}
MESSAGE = {"to": NUMBER, "text": "Hei"}
BULK = {"to": [NUMBER], "text": "Hei"}
SENDING = [
    ("messages/", MESSAGE, "add_outboundmessage", "view_outboundmessage"),
    ("bulk/", BULK, "add_bulksend", "view_bulksend"),
]


@pytest.fixture
def keyed_rows(operator: Api) -> None:
    """A message and a bulk send with metadata, by a user who is not the caller."""
    metadata = {"journal": 7}
    assert operator.post("messages/", {**MESSAGE, "metadata": metadata}, headers=KEY).status_code == 201
    assert operator.post("bulk/", {**BULK, "metadata": metadata}, headers=KEY).status_code == 201


@pytest.mark.parametrize(("path", "body", "add", "view"), SENDING)
def test_a_key_of_another_user_shows_nothing_to_those_who_may_not_view(
    login: Any, keyed_rows: None, path: str, body: Any, add: str, view: str
) -> None:
    response = login(add).post(path, body, headers=KEY)
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_mismatch")
    other_payload = login(add).post(path, {**body, "text": "Noe annet"}, headers=KEY)
    assert other_payload.json() == response.json()
    assert "journal" not in response.content.decode()


@pytest.mark.parametrize(("path", "body", "add", "view"), SENDING)
def test_a_key_of_another_user_returns_the_row_to_those_who_may_view(
    login: Any, keyed_rows: None, path: str, body: Any, add: str, view: str
) -> None:
    response = login(add, view).post(path, body, headers=KEY)
    assert (response.status_code, response.json()["metadata"]) == (201, {"journal": 7})


@pytest.mark.parametrize(("path", "body", "add", "view"), SENDING)
def test_a_repeated_request_returns_the_users_own_row(login: Any, path: str, body: Any, add: str, view: str) -> None:
    api = login(add)
    first, again = (api.post(path, body, headers=KEY) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())


def test_a_key_of_another_user_among_many_refuses_all_and_stores_none(login: Any, keyed_rows: None) -> None:
    before = OutboundMessage.objects.count()
    messages = [{"to": NUMBER, "text": "Ny"}, {**MESSAGE, "idempotency_key": "order-1834"}]
    response = login("add_outboundmessage").post("messages/many/", {"messages": messages})
    assert (response.status_code, response.json()["code"], response.json()["index"]) == (409, "idempotency_mismatch", 1)
    assert OutboundMessage.objects.count() == before


def test_a_reply_with_a_key_of_another_user_shows_nothing(login: Any, receive: Any) -> None:
    inbound = receive()
    inbound.reply("Hei", idempotency_key="order-1834", metadata={"journal": 7})
    response = login("view_inboundmessage", "add_outboundmessage").post(
        f"inbound/{inbound.pk}/reply/", {"text": "Hei"}, headers=KEY
    )
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_mismatch")


def test_a_key_that_the_site_used_shows_nothing_either(login: Any) -> None:
    send_sms(NUMBER, "Hei", idempotency_key="order-1834", metadata={"journal": 7})
    response = login("add_outboundmessage").post("messages/", MESSAGE, headers=KEY)
    assert response.status_code == 409
    assert BulkSend.objects.count() == 0


@pytest.mark.parametrize("path", ["messages/", "messages/many/"])
def test_a_key_of_a_sensitive_message_confirms_no_guess_of_its_text(login: Any, operator: Api, path: str) -> None:
    sensitive = {"to": NUMBER, "text": "Koden er 482913", "sensitive": True, "idempotency_key": "login-7"}
    assert operator.post("messages/", sensitive).status_code == 201
    other = login("add_outboundmessage", "view_outboundmessage")

    def guess(text: str) -> Any:
        body = {**sensitive, "text": text}
        return other.post(path, {"messages": [body]} if "many" in path else body)

    wrong, right = guess("Koden er 111111"), guess("Koden er 482913")
    assert (wrong.status_code, wrong.json()) == (right.status_code, right.json()) == (409, wrong.json())
    assert wrong.json()["code"] == "idempotency_mismatch"
    assert OutboundMessage.objects.count() == 1
    assert operator.post("messages/", sensitive).status_code == 201
