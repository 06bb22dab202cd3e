"""§2.5: inbound messages, both APIs; §1.2: three tries, the parked queue and its restart link."""

from __future__ import annotations

import base64
import json

import pytest

from django_front_sms.simulator import Account, Attachment, Network, Submission
from tests.manual import DOCUMENT

from .conftest import Exchange, Site

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\r\n--rest"


def deliver(network: Network, seconds: float = 0) -> list[bool]:
    """Which of the pushes that were due `seconds` later counted as delivered."""
    network.advance(seconds)
    before = len(network.pushes)
    network.deliver_due()
    return [record.delivered for record in list(network.pushes)[before:]]


def test_json_is_posted_as_in_the_manual(network: Network, site: Site, account: Account) -> None:
    account.counter = 7165
    network.receive("+4799999999", "26114", "Test 123")
    assert deliver(network) == [True]
    (push,) = site.received
    assert (push.method, push.path, push.content_type) == ("POST", "/innkommende/", "application/json")
    assert json.loads(push.body) == DOCUMENT


def test_a_get_is_written_as_in_the_manual(network: Network, site: Site, account: Account) -> None:
    account.counter, network.inbound_api = 156, "get"
    network.receive("+4799999999", "26114123450000", "Test æøå ÆØÅ")
    assert deliver(network) == [True]
    (push,) = site.received
    assert (push.method, push.path) == (
        "GET",
        "/innkommende/?fromid=123450000&phonenr=004799999999&txt=Test%20%E6%F8%E5%20%C6%D8%C5"
        "&time=1577836799&countnr=157&code=TEST",
    )


def test_characters_outside_latin_1_become_question_marks_in_get(network: Network, site: Site) -> None:
    network.inbound_api, network.inbound_url = "get", f"{site.url}/inn?key=1"
    network.receive("+4799999999", "2401", "Ω 😊 + &")
    deliver(network)
    assert site.paths == [
        "/inn?key=1&fromid=2401&phonenr=004799999999&txt=%3F%20%3F%20%2B%20%26&time=1577836799&countnr=1&code=%3F"
    ]


def test_an_mms_brings_smil_text_and_picture_in_this_order(network: Network, site: Site) -> None:
    picture = Attachment("image/jpeg", "image01.jpg", JPEG)
    network.receive("+4799999999", "+4759440000", "Test 123", [picture], subject="Hei")
    deliver(network)
    document = json.loads(site.received[0].body)
    smil, text, image = document["files"]
    assert (document["text"], document["keyword"], document["to"]) == ("Hei\nTest 123", "HEI", "+4759440000")
    assert [file["id"] for file in document["files"]] == [4747, 4748, 4749]
    assert smil["contentType"] == "text/xml;Name=smil.xml;Charset=UTF-8"
    assert base64.b64decode(smil["fileData"]).startswith(b'<?xml version="1.0"?><smil>')
    assert text == {
        "id": 4748,
        "contentType": "text/plain;Name=text_1.txt;Charset=UTF-8",
        "fileName": "text_1.txt",
        "fileData": "VGVzdCAxMjM=",
    }
    assert (image["contentType"], image["fileName"]) == ("image/jpeg;Name=image01.jpg", "image01.jpg")
    assert base64.b64decode(image["fileData"]) == JPEG


def test_an_mms_without_text_has_an_empty_text_and_keyword(network: Network, site: Site) -> None:
    network.receive("+4799999999", "26114", "", [Attachment("image/png", "a.png", b"\x89PNG")])
    deliver(network)
    document = json.loads(site.received[0].body)
    assert (document["text"], document["keyword"], len(document["files"])) == ("", "", 2)


def test_an_empty_file_is_still_a_file(network: Network, site: Site) -> None:
    network.receive("+4799999999", "26114", "Hei", [Attachment("image/png", "a.png", b"")])
    deliver(network)
    assert json.loads(site.received[0].body)["files"][2]["fileData"] == ""


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_json_is_acknowledged_by_any_2xx(network: Network, site: Site, status: int) -> None:
    site.answer((status, b""))
    network.receive("+4799999999", "26114", "Hei")
    assert deliver(network) == [True]


@pytest.mark.parametrize("status", [301, 404, 500, 503])
def test_json_is_refused_by_any_other_status(network: Network, site: Site, status: int) -> None:
    site.answer((status, b"true"))
    network.receive("+4799999999", "26114", "Hei")
    assert deliver(network) == [False]


@pytest.mark.parametrize(
    ("answer", "taken"),
    [((200, b"true"), True), ((200, b"true\n"), True), ((200, b""), False), ((200, b"false"), False),
     ((200, b"<p>true</p>"), False), ((500, b"true"), False)],
)  # fmt: skip
def test_a_get_needs_the_answer_true(network: Network, site: Site, answer: tuple[int, bytes], taken: bool) -> None:
    network.inbound_api = "get"
    site.answer(answer)
    network.receive("+4799999999", "26114", "Hei")
    assert deliver(network) == [taken]


def test_the_counter_counts_per_account_over_both_apis(network: Network, site: Site) -> None:
    network.accounts[3].senders = ["26114123450000"]
    first = network.receive("+4799999999", "26114", "Hei")
    network.inbound_api = "get"
    second = network.receive("+4799999999", "26114", "Hei")
    other = network.receive("+4799999999", "26114123450000", "Hei")
    assert [(i.service_id, i.counter) for i in (first, second, other)] == [(1234, 1), (1234, 2), (3, 1)]


def test_a_failed_message_is_tried_three_times_and_then_parked(network: Network, site: Site) -> None:
    site.answer(*[(500, b"")] * 3)
    message = network.receive("+4799999999", "26114", "Hei")
    assert [deliver(network), deliver(network, 4.9), deliver(network, 0.1)] == [[False], [], [False]]
    assert network.restart_links() == []
    assert deliver(network, 5) == [False]
    assert len(network.restart_links()) == 1
    assert deliver(network, 10_000) == []
    assert (message.tries, message.delivered) == (3, False)
    assert [(notice.service_id, notice.link) for notice in network.notices] == [(1234, network.restart_links()[0])]


def test_a_push_is_repeated_byte_for_byte(network: Network, site: Site) -> None:
    site.answer((500, b""))
    network.receive("+4799999999", "26114", "Hei")
    deliver(network)
    deliver(network, 5)
    first, second = site.received
    assert first == second


def test_later_messages_wait_behind_a_parked_one_and_keep_their_order(network: Network, site: Site) -> None:
    site.answer(*[(500, b"")] * 3)
    for text in ("one", "two", "three"):
        network.receive("+4799999999", "26114", text)
    deliver(network), deliver(network, 5), deliver(network, 5)
    network.receive("+4799999999", "26114", "four")
    assert deliver(network, 60) == []
    assert network.restart()
    assert deliver(network) == [True] * 4
    assert [json.loads(push.body)["text"] for push in site.received[3:]] == ["one", "two", "three", "four"]


def test_a_status_is_not_held_up_by_a_parked_queue(network: Network, site: Site) -> None:
    site.answer(*[(500, b"")] * 3)
    network.receive("+4799999999", "26114", "Hei")
    deliver(network), deliver(network, 5), deliver(network, 5)
    network.submit(Submission({"serviceid": 1234, "fromid": "26114", "phoneno": "004799999999", "txt": "Hei"}))
    assert deliver(network, 2) == [True, True]


def test_the_restart_link_works_once_and_each_failure_creates_a_new_one(
    network: Network, site: Site, get: Exchange
) -> None:
    site.answer(*[(500, b"")] * 6)
    network.receive("+4799999999", "26114", "Hei")
    deliver(network), deliver(network, 5), deliver(network, 5)
    (old,) = network.restart_links()
    path = "/restart/" + old.rpartition("/")[2]
    assert get("/restart/guess").status == 404
    assert get(path).status == 303
    assert get(path).status == 404
    deliver(network), deliver(network, 5), deliver(network, 5)
    (new,) = network.restart_links()
    assert new != old
    assert get(path).status == 404
    assert network.restart_links() == [new]
    assert get("/restart/" + new.rpartition("/")[2]).status == 303
    assert deliver(network) == [True]


def test_nothing_is_pushed_without_a_url(network: Network, site: Site) -> None:
    url, network.inbound_url = network.inbound_url, ""
    message = network.receive("+4799999999", "26114", "Hei")
    assert (deliver(network, 100), message.tries) == ([], 0)
    network.inbound_url = url
    assert deliver(network) == [True]


def test_a_site_that_is_down_counts_as_a_failed_try(network: Network) -> None:
    network.inbound_url = "http://127.0.0.1:1/"
    message = network.receive("+4799999999", "26114", "Hei")
    assert (deliver(network), message.tries) == ([False], 1)
    assert network.pushes[-1].reply.problem == "no answer: ConnectionRefusedError"


@pytest.mark.parametrize("url", ["nowhere", "http://[", "http://h:x/", "http://a b/"])
def test_an_unusable_address_counts_as_a_failed_try(network: Network, url: str) -> None:
    network.inbound_url = url
    network.receive("+4799999999", "26114", "Hei")
    assert deliver(network) == [False]
