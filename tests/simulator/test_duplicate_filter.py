"""Code 17: the same fromid, phoneno and txt within 120 seconds (§2.2)."""

from __future__ import annotations

from typing import Any

import pytest

from django_front_sms.simulator import Account, Network, Submission

GOOD: dict[str, Any] = {"serviceid": 1234, "fromid": "Mitt Firma", "phoneno": "004799999999", "txt": "Hei"}


def send(network: Network, **changes: Any) -> int:
    return network.submit(Submission(GOOD | changes)).code


def test_the_window_is_120_seconds_of_the_networks_clock(network: Network) -> None:
    assert send(network) == 0
    network.advance(119.9)
    assert send(network) == 17
    network.advance(0.1)
    assert send(network) == 0


def test_a_refused_duplicate_does_not_prolong_the_window(network: Network) -> None:
    send(network)
    network.advance(100)
    assert send(network) == 17
    network.advance(20)
    assert send(network) == 0


def test_a_refused_message_is_no_twin(network: Network, account: Account) -> None:
    account.balance = 0
    assert send(network) == 5
    account.balance = 1
    assert send(network) == 0


@pytest.mark.parametrize("change", [{"fromid": "26114123450000"}, {"phoneno": "004799999998"}, {"txt": "hei"}], ids=str)
def test_any_other_sender_recipient_or_text_is_another_message(network: Network, change: dict[str, str]) -> None:
    assert [send(network), send(network, **change)] == [0, 0]


def test_accounts_do_not_share_the_filter(network: Network) -> None:
    psk = "26114123450000"
    assert [send(network, fromid=psk), send(network, fromid=psk, serviceid=3)] == [0, 0]


def test_without_the_filter_everything_passes(network: Network, account: Account) -> None:
    account.duplicate_filter = False
    assert [send(network), send(network)] == [0, 0]
    assert sorted(network.messages) == [145099, 145100]
