"""The control API, over HTTP."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from django_front_sms.simulator import Account, Network, Submission
from django_front_sms.simulator.control import ROUTES

from .conftest import Exchange, Site

REFERENCE = Path(__file__).parent.parent.parent / "docs" / "reference" / "simulator.md"


@pytest.fixture
def control(get: Exchange, post: Exchange) -> Any:
    def control(path: str, **document: Any) -> Any:
        reply = post(f"/control/{path}", json.dumps(document)) if document else get(f"/control/{path}")
        return json.loads(reply.body)

    return control


@pytest.fixture
def sent(network: Network) -> int:
    parameters = {
        "serviceid": 1234, "fromid": "Mitt Firma", "phoneno": "004799999999", "txt": "Hei", "password": "hemmelig",
    }  # fmt: skip
    return network.submit(Submission(parameters)).id


def test_messages_are_listed_by_recipient_and_from_an_id_on(control: Any, sent: int) -> None:
    (message,) = control("messages")
    assert message["id"] == 145099
    assert (message["to"], message["sender"], message["text"], message["state"], message["segments"]) == (
        "+4799999999", "Mitt Firma", "Hei", "accepted", 1,
    )  # fmt: skip
    assert control("messages?to=%2B4799999999") == control("messages?to=004799999999") == [message]
    assert control("messages?to=%2B4711111111") == control("messages?after=145099") == []


def test_a_message_is_received_with_its_files(control: Any, network: Network) -> None:
    file = {"contentType": "image/png", "fileName": "a.png", "fileData": base64.b64encode(b"\x89PNG").decode()}
    answer = control("receive", **{"from": "+4799999999", "to": "26114", "text": "Ja", "files": [file]})
    assert (answer["id"], answer["counter"], answer["files"]) == (999999, 1, ["smil.xml", "text_1.txt", "a.png"])
    assert network.incoming[999999].files[2].data == b"\x89PNG"
    assert control("incoming") == [answer]


def test_time_passes_and_pushes_are_made(control: Any, sent: int, site: Site) -> None:
    before = control("state")["now"]
    assert control("advance", seconds=2)["now"] == before + 2
    assert control("deliver", go=True) == {"pushes": 2}
    assert site.paths[-1] == "/sms/?status=4&origid=145099"


def test_a_status_is_planned(control: Any, sent: int, network: Network) -> None:
    control("status", id=sent, status=5)
    network.deliver_due()
    assert control("messages")[0]["statuses"] == [5]


def test_the_queue_is_seen_parked_and_restarted(control: Any, network: Network, site: Site) -> None:
    site.answer(*[(500, b"")] * 3)
    network.receive("+4799999999", "26114", "Hei")
    for _ in range(3):
        network.deliver_due()
        network.advance(5)
    state = control("state")
    assert (state["parked"], state["restart_links"]) == (True, network.restart_links())
    assert control("restart", token="wrong") == {"restarted": False}
    assert control("restart", token=None) == {"restarted": True}
    assert control("state")["parked"] is False


def test_the_account_is_changed(control: Any, account: Account) -> None:
    answer = control("account", blocked=True, balance=7)
    assert (account.blocked, account.balance, answer["blocked"], answer["balance"]) == (True, 7, True, 7)
    control("account", service_id=3, blocked=True)
    assert "problem" in control("account", blocked="yes", balance=1)
    assert account.balance == 7


def test_the_log_shows_requests_without_the_password(control: Any, sent: int, network: Network) -> None:
    network.advance(0.5)
    network.deliver_due()
    log = control("log")
    assert [(r["errorcode"], r["id"], r["parameters"]["txt"]) for r in log["requests"]] == [(0, 145099, "Hei")]
    assert "hemmelig" not in json.dumps(log)
    assert [(p["kind"], p["method"], p["delivered"]) for p in log["pushes"]] == [("status", "GET", True)]


@pytest.mark.parametrize(
    ("path", "body"),
    [("receive", b"{}"), ("receive", b"["), ("receive", b"[]"), ("status", b'{"id": 1, "status": 4}'),
     ("advance", b'{"seconds": "soon"}'), ("advance", b'{"seconds": -1}'), ("advance", b'{"seconds": NaN}'),
     ("advance", b'{"seconds": Infinity}'), ("status", b'{"id": 145099, "status": 4, "delay": NaN}'),
     ("fault", b'{"kind": "flood"}'),
     ("account", b'{"service_id": 9}'), ("account", b'{"counter": 9}'), ("account", b'{"inbound_api": "soap"}'),
     ("account", b'{"senders": [26114]}'), ("account", b'{"allowed_ips": [1]}'),
     ("receive", b'{"from": "1", "to": "2", "files": [{"contentType": "a/b", "fileName": "", "fileData": "%"}]}')],
)  # fmt: skip
def test_invalid_values_are_named(post: Exchange, network: Network, sent: int, path: str, body: bytes) -> None:
    reply = post(f"/control/{path}", body)
    assert reply.status == 400
    assert json.loads(reply.body)["problem"]
    assert not network.incoming


def test_an_unknown_address_is_not_found(get: Exchange) -> None:
    assert get("/control/nothing").status == 404


@pytest.mark.skipif(not REFERENCE.exists(), reason="the documentation is not here")
def test_every_request_of_the_control_api_is_in_the_reference() -> None:
    listed = re.findall(r"^\| `(GET|POST) (/control/\w+)[^`]*` \|", REFERENCE.read_text(), re.M)
    assert set(listed) == set(ROUTES)
