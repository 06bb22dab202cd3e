"""The manual's own requests, byte for byte, and its own answers."""

from __future__ import annotations

import json

import pytest

from django_front_sms.simulator import Network

from .conftest import Exchange

OK = {"id": 145099, "errorcode": 0, "description": "OK"}

LATIN = """{
  "serviceid": 3,
  "fromid": "26114123450000",
  "phoneno": "0047999999999",
  "txt": "Test æøå ÆØÅ",
  "unicode": false
}
"""
EMOJI = """{
  "serviceid": 3,
  "fromid": "26114123450000",
  "phoneno": "0047999999999",
  "txt": "Test 😊",
  "unicode": true
}
"""
BULK = """{
  "serviceid": 1234,
  "phoneno": ["004799999999", "004799999998"],
  "txt": "Test æøå ÆØÅ",
  "fromid": "Mitt Firma"
}
"""
BULK_EMOJI = """{
  "serviceid": 1234,
  "phoneno": ["004799999999", "004799999998"],
  "txt": "Test 😊",
  "unicode": true,
  "fromid": "Mitt Firma"
}
"""


def the_message(network: Network) -> tuple[str, str, str]:
    (message,) = network.messages.values()
    return message.recipient, message.text, message.encoding


def test_a_json_document_is_accepted_with_the_manuals_answer(post: Exchange, network: Network) -> None:
    reply = post("/psk/push.php", LATIN)
    assert (reply.status, reply.content_type, json.loads(reply.body)) == (200, "application/json", OK)
    assert the_message(network) == ("+47999999999", "Test æøå ÆØÅ", "gsm7")


def test_an_emoji_in_json_arrives(post: Exchange, network: Network) -> None:
    assert json.loads(post("/psk/push.php", EMOJI).body) == OK
    assert the_message(network) == ("+47999999999", "Test 😊", "ucs2")


def test_a_failed_request_has_the_manuals_answer(post: Exchange) -> None:
    reply = post("/psk/push.php", LATIN.replace("0047999999999", "0047"))
    assert json.loads(reply.body) == {"id": 0, "errorcode": 1, "description": "Invalid mobile number"}


@pytest.mark.parametrize(
    ("query", "recipient", "text"),
    [
        (
            "serviceid=1234&phoneno=004799999999&fromid=26114123450000&txt=Test%20%E6%F8%E5%20%C6%D8%C5",
            "+4799999999",
            "Test æøå ÆØÅ",
        ),
        (
            "serviceid=1234&encoding=utf8&phoneno=00479999999999&fromid=26114123450000"
            "&txt=Test%20%C3%A6%C3%B8%C3%A5%20%C3%86%C3%98%C3%85",
            "+479999999999",
            "Test æøå ÆØÅ",
        ),
        (
            "serviceid=1234&encoding=utf8&unicode=true&phoneno=00479999999999&fromid=26114123450000"
            "&txt=Test%20%F0%9F%A4%A3",
            "+479999999999",
            "Test 🤣",
        ),
    ],
    ids=["latin", "utf8", "emoji"],
)
def test_a_get_is_accepted_with_the_manuals_answer(
    get: Exchange, network: Network, query: str, recipient: str, text: str
) -> None:
    reply = get(f"/psk/push.php?{query}")
    assert (reply.status, reply.body) == (200, b"ErrorCode=0, ID=145099")
    assert the_message(network)[:2] == (recipient, text)


def test_utf8_without_encoding_breaks_the_norwegian_letters(get: Exchange, network: Network) -> None:
    get("/psk/push.php?serviceid=1234&phoneno=004799999999&fromid=26114123450000&txt=%C3%A6")
    assert the_message(network)[1] == "Ã¦".replace("Ã", "?").replace("¦", "?")


@pytest.mark.parametrize("document", [BULK, BULK_EMOJI], ids=["latin", "emoji"])
def test_a_bulk_is_created_with_the_manuals_answer(post: Exchange, network: Network, document: str) -> None:
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
