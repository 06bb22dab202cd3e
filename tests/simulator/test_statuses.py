"""Status pushes (§2.3)."""

from __future__ import annotations

import pytest

from django_front_sms.simulator import Network, Submission

from .conftest import Site


@pytest.fixture
def sent(network: Network) -> int:
    parameters = {"serviceid": 1234, "fromid": "Mitt Firma", "phoneno": "004799999999", "txt": "Hei"}
    return network.submit(Submission(parameters)).id


def pass_time(network: Network, seconds: float) -> int:
    network.advance(seconds)
    return network.deliver_due()


def test_statuses_are_pushed_as_in_the_manual_when_they_are_due(network: Network, site: Site, sent: int) -> None:
    assert pass_time(network, 0.4) == 0
    assert pass_time(network, 0.1) == 1
    assert pass_time(network, 1.5) == 1
    assert site.paths == ["/sms/?status=-1&origid=145099", "/sms/?status=4&origid=145099"]
    assert {received.method for received in site.received} == {"GET"}
    assert network.messages[sent].state == "delivered"


def test_the_query_of_the_configured_url_is_kept(network: Network, site: Site, sent: int) -> None:
    network.status_url = f"{site.url}/sms?key=a%20b"
    pass_time(network, 0.5)
    assert site.paths == ["/sms?key=a%20b&status=-1&origid=145099"]


def test_a_dead_number_ends_with_5(network: Network, site: Site) -> None:
    network.dead.add("+4790000000")
    network.submit(Submission({"serviceid": 1234, "fromid": "26114", "phoneno": "004790000000", "txt": "Hei"}))
    pass_time(network, 2)
    assert [path.partition("?")[2] for path in site.paths] == ["status=-1&origid=145099", "status=5&origid=145099"]


def test_a_silent_number_gets_no_status(network: Network, site: Site) -> None:
    network.silent.add("+4790000000")
    network.submit(Submission({"serviceid": 1234, "fromid": "26114", "phoneno": "004790000000", "txt": "Hei"}))
    assert pass_time(network, 100) == 0


def test_a_status_is_pushed_once_whatever_the_site_answers(network: Network, site: Site, sent: int) -> None:
    site.answer((500, b""))
    pass_time(network, 0.5)
    network.status_url = "http://127.0.0.1:1/nobody"
    pass_time(network, 1000)
    assert len(site.received) == 1
    assert [record.reply.status for record in network.pushes] == [500, None]
    assert not any(record.delivered for record in network.pushes)


def test_without_a_url_the_message_is_delivered(network: Network, site: Site, sent: int) -> None:
    network.status_url = ""
    assert pass_time(network, 2) == 0
    assert network.messages[sent].state == "delivered"


def test_more_statuses_can_be_pushed_by_hand(network: Network, site: Site, sent: int) -> None:
    pass_time(network, 2)
    network.push_status(sent, -1)
    network.deliver_due()
    assert site.paths[-1] == "/sms/?status=-1&origid=145099"
    assert network.messages[sent].state == "delivered"


def test_a_redirect_is_not_followed(network: Network, site: Site, sent: int) -> None:
    site.answer((302, b""))
    pass_time(network, 0.5)
    assert [record.delivered for record in network.pushes] == [False]
    assert len(site.received) == 1
