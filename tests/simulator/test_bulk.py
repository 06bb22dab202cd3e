"""Bulk requests (§2.4): one text to many recipients, status 201, no ids."""

from __future__ import annotations

import json
from typing import Any

import pytest

from django_front_sms.simulator import Account, Network

from .conftest import Exchange, Site


@pytest.fixture
def bulk(post: Exchange) -> Any:
    def bulk(*numbers: Any, **changes: Any) -> tuple[int, int, list[str], list[str]]:
        document = {"serviceid": 1234, "fromid": "Mitt Firma", "phoneno": list(numbers), "txt": "Hei"} | changes
        reply = post("/psk/push_bulk.php", json.dumps(document))
        answer = json.loads(reply.body)
        assert list(answer) == ["errorcode", "description", "invalidPhoneno", "duplicatePhoneno"]
        return reply.status, answer["errorcode"], answer["invalidPhoneno"], answer["duplicatePhoneno"]

    return bulk


def recipients(network: Network) -> list[str]:
    return [message.recipient for message in network.messages.values()]


def test_one_valid_number_is_enough(bulk: Any, network: Network) -> None:
    assert bulk("12", "004799999999", "x") == (201, 0, ["12", "x"], [])
    assert recipients(network) == ["+4799999999"]


def test_without_a_valid_number_nothing_is_sent(bulk: Any, network: Network) -> None:
    assert bulk("12") == (400, 1, ["12"], [])
    assert recipients(network) == []


@pytest.mark.parametrize("numbers", [[], "004799999999", None, {"0": "004799999999"}])
def test_the_recipients_have_to_be_a_list(bulk: Any, numbers: Any) -> None:
    assert bulk(phoneno=numbers)[:2] == (400, 9)


def test_a_number_listed_twice_receives_the_message_once(bulk: Any, network: Network) -> None:
    assert bulk("004799999999", "+4799999999", "004799999998") == (201, 0, [], ["+4799999999"])
    assert recipients(network) == ["+4799999999", "+4799999998"]


def test_a_number_that_just_received_the_text_is_listed_as_duplicate(bulk: Any, network: Network) -> None:
    bulk("004799999999")
    assert bulk("004799999999", "004799999998") == (201, 0, [], ["004799999999"])
    assert bulk("004799999999") == (201, 0, [], ["004799999999"])
    assert recipients(network) == ["+4799999999", "+4799999998"]


def test_a_blacklisted_number_is_listed_as_invalid(bulk: Any, network: Network) -> None:
    network.blacklist.add("+4799999999")
    assert bulk("004799999999", "004799999998") == (201, 0, ["004799999999"], [])
    assert bulk("004799999999") == (400, 21, ["004799999999"], [])


def test_a_bulk_that_exceeds_the_credit_is_refused_whole(bulk: Any, account: Account, network: Network) -> None:
    account.balance = 3
    assert bulk("004799999999", "004799999998", txt="a" * 161)[:2] == (400, 5)
    assert bulk("004799999999", "004799999998", "12")[:2] == (201, 0)
    assert account.balance == 1


def test_no_status_is_pushed_for_a_bulk(bulk: Any, network: Network, site: Site) -> None:
    bulk("004799999999")
    network.advance(10)
    network.deliver_due()
    assert site.received == []
    assert network.messages[145099].state == "delivered"
