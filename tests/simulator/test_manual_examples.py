"""The manual's own requests, byte for byte, and its own answers."""

from __future__ import annotations

import json

import pytest

from django_front_sms.simulator import Network
from tests.manual import BULK, BULK_EMOJI, GETS, POST, POST_EMOJI

from .conftest import Exchange

OK = {"id": 145099, "errorcode": 0, "description": "OK"}


def the_message(network: Network) -> tuple[str, str, str]:
    (message,) = network.messages.values()
    return message.recipient, message.text, message.encoding


def test_a_json_document_is_accepted_with_the_manuals_answer(post: Exchange, network: Network) -> None:
    reply = post("/psk/push.php", POST)
    assert (reply.status, reply.content_type, json.loads(reply.body)) == (200, "application/json", OK)
    assert the_message(network) == ("+47999999999", "Test æøå ÆØÅ", "gsm7")


def test_an_emoji_in_json_arrives(post: Exchange, network: Network) -> None:
    assert json.loads(post("/psk/push.php", POST_EMOJI).body) == OK
    assert the_message(network) == ("+47999999999", "Test 😊", "ucs2")


def test_a_failed_request_has_the_manuals_answer(post: Exchange) -> None:
    reply = post("/psk/push.php", POST.replace(b"0047999999999", b"0047"))
    assert json.loads(reply.body) == {"id": 0, "errorcode": 1, "description": "Invalid mobile number"}


@pytest.mark.parametrize(
    ("name", "recipient", "text"),
    [
        ("latin", "+4799999999", "Test æøå ÆØÅ"),
        ("utf8", "+479999999999", "Test æøå ÆØÅ"),
        ("emoji", "+479999999999", "Test 🤣"),
    ],
)
def test_a_get_is_accepted_with_the_manuals_answer(
    get: Exchange, network: Network, name: str, recipient: str, text: str
) -> None:
    reply = get(f"/psk/push.php?{GETS[name]}")
    assert (reply.status, reply.body) == (200, b"ErrorCode=0, ID=145099")
    assert the_message(network)[:2] == (recipient, text)


def test_utf8_without_encoding_breaks_the_norwegian_letters(get: Exchange, network: Network) -> None:
    get("/psk/push.php?serviceid=1234&phoneno=004799999999&fromid=26114123450000&txt=%C3%A6")
    assert the_message(network)[1] == "??"  # Ã and ¦, which GSM lacks


@pytest.mark.parametrize("document", [BULK, BULK_EMOJI], ids=["latin", "emoji"])
def test_a_bulk_is_created_with_the_manuals_answer(post: Exchange, network: Network, document: bytes) -> None:
    reply = post("/psk/push_bulk.php", document)
    assert reply.status == 201
    assert json.loads(reply.body) == {
        "errorcode": 0,
        "description": "OK",
        "invalidPhoneno": [],
        "duplicatePhoneno": [],
    }
    assert [m.recipient for m in network.messages.values()] == ["+4799999999", "+4799999998"]


def test_ids_go_upwards(get: Exchange) -> None:
    one = get("/psk/push.php?serviceid=1234&phoneno=004799999999&fromid=Mitt%20Firma&txt=one")
    two = get("/psk/push.php?serviceid=1234&phoneno=004799999999&fromid=Mitt+Firma&txt=two")
    assert (one.body, two.body) == (b"ErrorCode=0, ID=145099", b"ErrorCode=0, ID=145100")
