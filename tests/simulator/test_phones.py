"""The states of phones: switched off, dead, blacklisted."""

from __future__ import annotations

from typing import Any

import pytest

from django_front_sms.simulator import Network, Submission

from .conftest import Site

NUMBER = "+4799999999"


@pytest.fixture
def send(network: Network) -> Any:
    def send(text: str = "Hei", **changes: Any) -> int:
        parameters = {"serviceid": 1234, "fromid": "Mitt Firma", "phoneno": "004799999999", "txt": text, **changes}
        return int(network.submit(Submission(parameters)).code)

    return send


def pushed(network: Network, site: Site, seconds: float = 60) -> list[str]:
    network.advance(seconds)
    network.deliver_due()
    return [path.partition("?")[2] for path in site.paths]


def test_a_phone_that_is_off_receives_its_message_when_it_is_on(network: Network, site: Site, send: Any) -> None:
    network.set_phone(NUMBER, on=False)
    send()
    (message,) = network.messages.values()
    assert pushed(network, site, 10_000) == ["status=-1&origid=145099"]
    assert network.waits(message)
    network.set_phone(NUMBER, on=True)
    assert pushed(network, site, 0) == ["status=-1&origid=145099", "status=4&origid=145099"]
    assert not network.waits(message)


def test_waiting_messages_keep_their_order(network: Network, site: Site, send: Any) -> None:
    network.set_phone(NUMBER, on=False)
    send("one"), send("two")
    pushed(network, site)
    network.set_phone(NUMBER, on=True)
    assert pushed(network, site, 0)[2:] == ["status=4&origid=145099", "status=4&origid=145100"]


def test_a_phone_that_stays_off_fails_its_waiting_messages(network: Network, site: Site, send: Any) -> None:
    network.set_phone(NUMBER, on=False)
    send()
    pushed(network, site)
    network.set_phone(NUMBER, dead=True)
    assert pushed(network, site, 0)[1:] == ["status=5&origid=145099"]


def test_other_phones_do_not_wait(network: Network, site: Site, send: Any) -> None:
    network.set_phone("+4711111111", on=False)
    send()
    assert pushed(network, site)[-1] == "status=4&origid=145099"


def test_a_status_pushed_by_hand_does_not_depend_on_the_phone(network: Network, site: Site, send: Any) -> None:
    network.set_phone(NUMBER, on=False, dead=True)
    send()
    network.push_status(145099, 4)
    assert pushed(network, site, 0) == ["status=4&origid=145099"]


def test_a_number_can_be_blacklisted_and_removed_from_the_blacklist(network: Network, send: Any) -> None:
    network.set_phone("0047 99999999", blacklisted=True)
    assert send() == 21
    network.set_phone(NUMBER, blacklisted=False)
    assert send() == 0


def test_a_phone_can_be_shown_before_it_receives_a_message(network: Network) -> None:
    network.set_phone(NUMBER, silent=True)
    assert network.phones() == {NUMBER: []}
    assert network.silent == {NUMBER}
