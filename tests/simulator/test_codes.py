"""Every code of §2.2, with its cause."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from django_front_sms.simulator import Account, Network

from .conftest import Exchange

GOOD: dict[str, Any] = {"serviceid": 1234, "fromid": "Mitt Firma", "phoneno": "004799999999", "txt": "Hei"}


@pytest.fixture
def code(post: Exchange) -> Any:
    """The errorcode of a good message with changes; a parameter that is None is left out."""

    def code(**changes: Any) -> int:
        document = {name: value for name, value in (GOOD | changes).items() if value is not None}
        answer = json.loads(post("/psk/push.php", json.dumps(document)).body)
        assert (answer["id"] == 0) == (answer["errorcode"] != 0)
        return int(answer["errorcode"])

    return code


def test_a_good_message_is_accepted(code: Any) -> None:
    assert code() == 0


@pytest.mark.parametrize("number", ["99999999", "4799999999", "0047", "+", "00479999x999", "0047999999999999999"])
def test_1_is_no_international_number(code: Any, number: str) -> None:
    assert code(phoneno=number) == 1


@pytest.mark.parametrize("number", ["0047 99999999", "+4799999999", "004799999999", "0046701234567"])
def test_an_international_number_passes_in_any_form(code: Any, number: str) -> None:
    assert code(phoneno=number) == 0


def test_2_is_a_foreign_address(code: Any, account: Account) -> None:
    account.allowed_ips = {"192.0.2.1"}
    assert code() == 2
    account.allowed_ips = {"127.0.0.1"}
    assert code() == 0


@pytest.mark.parametrize("sender", ["Annen", "mitt firma", "26114123", "4799999999", "+4799999999"])
def test_3_is_a_sender_that_is_not_registered(code: Any, sender: str) -> None:
    assert code(fromid=sender) == 3


@pytest.mark.parametrize("sender", ["26114123456789", "2401", "26114"])
def test_psk_numbers_and_short_codes_need_no_registration(code: Any, sender: str) -> None:
    assert code(fromid=sender) == 0


def test_a_registered_number_passes_in_any_form(code: Any, account: Account) -> None:
    for number in ("+4791234567", "004791234567"):
        account.senders = [number]
        assert [code(fromid="+4791234567", txt=number), code(fromid="004791234567", txt=number)] == [0, 0]


@pytest.mark.parametrize("price", [50, 150, 20_100, -100, "gratis"])
def test_4_is_no_whole_price_from_1_to_200_kroner(code: Any, account: Account, price: Any) -> None:
    account.priced = True
    assert code(price=price) == 4


def test_a_priced_message_comes_from_2401(code: Any, account: Account, network: Network) -> None:
    account.priced = True
    assert code(price=3000) == 0
    (message,) = network.messages.values()
    assert (message.sender, message.price) == ("2401", 3000)


def test_5_is_an_empty_account(code: Any, account: Account) -> None:
    account.balance = 1
    assert [code(txt="a" * 161), code(), code(txt="Hei igjen")] == [5, 0, 5]


def test_6_is_pricing_that_was_not_activated(code: Any) -> None:
    assert [code(price=100), code(price=0)] == [6, 0]


def test_7_is_a_blocked_account_or_a_wrong_serviceid(code: Any, account: Account) -> None:
    assert [code(serviceid=9), code(serviceid="nine")] == [7, 7]
    account.blocked = True
    assert code() == 7


@pytest.mark.parametrize(("name", "expected"), [("serviceid", 8), ("phoneno", 9), ("txt", 10), ("fromid", 11)])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_8_to_11_are_missing_or_blank_parameters(code: Any, name: str, expected: int, value: str | None) -> None:
    assert code(**{name: value}) == expected


def test_12_is_a_priced_message_to_another_country(code: Any, account: Account) -> None:
    account.priced = True
    assert code(price=100, phoneno="0046701234567") == 12


def test_13_is_a_wrong_or_missing_password(code: Any, account: Account) -> None:
    account.password = "hemmelig"
    assert [code(), code(password="feil"), code(password="hemmelig")] == [13, 13, 0]


def test_14_is_more_than_1024_characters(code: Any) -> None:
    assert [code(txt="a" * 1025), code(txt="a" * 1024)] == [14, 0]


def test_15_is_a_priced_message_over_160_characters(code: Any, account: Account) -> None:
    account.priced = True
    assert [code(price=100, txt="a" * 161), code(price=100, txt="a" * 160)] == [15, 0]


def test_16_is_for_bulk_alone(code: Any, post: Exchange, network: Network) -> None:
    assert code(txt="Test 😊") == 0
    assert network.messages[145099].text == "Test ?"
    reply = post("/psk/push_bulk.php", json.dumps(GOOD | {"phoneno": ["004799999998"], "txt": "Test 😊"}))
    assert (reply.status, json.loads(reply.body)["errorcode"]) == (400, 16)


def test_17_is_the_same_message_within_120_seconds(code: Any) -> None:
    assert [code(), code(), code(phoneno="+4799999999")] == [0, 17, 17]


def test_18_is_http_without_tls(code: Any, network: Network) -> None:
    network.https_only = True
    assert code() == 18


def test_19_is_an_unknown_encoding(get: Exchange) -> None:
    query = "serviceid=1234&phoneno=004799999999&fromid=Mitt%20Firma&txt=Hei"
    assert get(f"/psk/push.php?{query}&encoding=latin1").body == b"ErrorCode=19, ID=0"
    assert get(f"/psk/push.php?{query}&encoding=utf-8").body == b"ErrorCode=0, ID=145099"


def test_json_is_utf8_whatever_encoding_says(code: Any) -> None:
    assert code(encoding="latin1") == 0


@pytest.mark.parametrize("flag", ["yes", "True", "", 1])
def test_20_is_a_unicode_flag_other_than_true_and_false(code: Any, flag: Any) -> None:
    assert code(unicode=flag) == 20


@pytest.mark.parametrize("flag", [True, False, "true", "false"])
def test_the_unicode_flag_may_be_a_word(code: Any, flag: Any) -> None:
    assert code(unicode=flag) == 0


def test_21_is_a_blacklisted_number(code: Any, network: Network) -> None:
    network.blacklist.add("+4799999999")
    assert code() == 21


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_has_no_parameters(post: Exchange, body: bytes) -> None:
    assert json.loads(post("/psk/push.php", body).body)["errorcode"] == 8


def test_codes_are_checked_in_a_fixed_order(code: Any, account: Account, network: Network) -> None:
    """A message with every fault loses them one by one, in the order in which they are named."""
    network.https_only, network.blacklist = True, {"+46701234567", "+4791111111"}
    account.blocked, account.password, account.allowed_ips, account.balance = True, "hemmelig", {"192.0.2.1"}, 0
    wrong: dict[str, Any] = {
        "serviceid": None, "phoneno": None, "txt": None, "fromid": None, "unicode": "yes", "price": 50,
    }  # fmt: skip
    seen = [code(**wrong)]
    network.https_only = False
    for repair in (
        {"serviceid": 1234}, {"phoneno": "12"}, {"txt": "a" * 1025}, {"fromid": "Annen"}, {"unicode": "false"},
    ):  # fmt: skip
        seen.append(code(**wrong))
        wrong |= repair
    changes: tuple[Callable[[], object], ...] = (
        lambda: setattr(account, "blocked", False),
        lambda: setattr(account, "password", None),
        lambda: setattr(account, "allowed_ips", None),
        lambda: wrong.update(phoneno="0046701234567"),
        lambda: wrong.update(fromid="Mitt Firma"),
        lambda: wrong.update(txt="a" * 161),
        lambda: wrong.update(price=100),
        lambda: setattr(account, "priced", True),
        lambda: wrong.update(phoneno="004791111111"),
        lambda: wrong.update(txt="a" * 160),
        network.blacklist.clear,
        lambda: setattr(account, "balance", 1),
    )
    for change in changes:
        seen.append(code(**wrong))
        change()
    seen += [code(**wrong), code(**wrong)]
    account.balance = 1
    seen.append(code(**wrong))
    assert seen == [18, 8, 9, 10, 11, 20, 7, 13, 2, 1, 3, 14, 4, 6, 12, 15, 21, 5, 0, 5, 17]
