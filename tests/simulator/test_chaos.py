"""Faults of pushes: repeated, out of order, lost, cut off; planned, random, and by the control API."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest

from django_front_sms.simulator import Account, Chaos, Fault, FaultKind, Network, PushFault, Simulator, Submission
from django_front_sms.simulator.__main__ import build

from .conftest import Exchange, Site


@pytest.fixture
def sent(network: Network) -> int:
    parameters = {"serviceid": 1234, "fromid": "Mitt Firma", "phoneno": "004799999999", "txt": "Hei"}
    return network.submit(Submission(parameters)).id


def pushed(network: Network, site: Site) -> list[str]:
    for _ in range(30):
        network.advance(1)
        network.deliver_due()
    return [path.partition("status=")[2].partition("&")[0] for path in site.paths]


def test_a_repeated_status_is_pushed_twice(network: Network, site: Site, sent: int) -> None:
    network.chaos.plan_push(None, PushFault.REPEAT)
    assert pushed(network, site) == ["-1", "4", "4"]


def test_a_late_status_is_pushed_after_later_ones(network: Network, site: Site, sent: int) -> None:
    network.chaos.plan_push(PushFault.LATE)
    assert pushed(network, site) == ["4", "-1"]
    assert network.messages[sent].statuses == [-1, 4]


def test_a_lost_status_is_never_pushed(network: Network, site: Site, sent: int) -> None:
    network.chaos.plan_push(PushFault.LOST)
    assert pushed(network, site) == ["4"]
    assert network.messages[sent].state == "delivered"


def test_a_repeated_inbound_message_is_the_same_byte_for_byte(network: Network, site: Site) -> None:
    network.chaos.plan_push(PushFault.REPEAT)
    incoming = network.receive("+4799999999", "26114", "Hei")
    network.deliver_due()
    first, second = site.received
    assert first == second
    assert (incoming.delivered, incoming.tries) == (True, 1)


@pytest.mark.parametrize("fault", [PushFault.LATE, PushFault.LOST])
def test_inbound_messages_are_never_lost_and_keep_their_order(network: Network, site: Site, fault: PushFault) -> None:
    network.chaos.plan_push(*[fault] * 2)
    for text in ("one", "two"):
        network.receive("+4799999999", "26114", text)
    network.deliver_due()
    assert [json.loads(received.body)["text"] for received in site.received] == ["one", "two"]


def test_while_the_site_is_cut_off_nothing_reaches_it(network: Network, site: Site, sent: int) -> None:
    network.chaos.cut_off = True
    network.receive("+4799999999", "26114", "Hei")
    assert pushed(network, site) == []
    assert len(network.restart_links()) == 1
    network.chaos.cut_off = False
    network.restart()
    network.deliver_due()
    assert len(site.received) == 1


def test_the_same_seed_gives_the_same_push_faults() -> None:
    first, second, other = Chaos(pushes=0.5, seed=7), Chaos(pushes=0.5, seed=7), Chaos(pushes=0.5, seed=8)
    drawn = [first.draw_push() for _ in range(200)]
    assert drawn == [second.draw_push() for _ in range(200)]
    assert drawn != [other.draw_push() for _ in range(200)]
    assert set(drawn) == {None, *PushFault}


def test_requests_and_pushes_have_separate_random_generators() -> None:
    alone, mixed = Chaos(0.5, pushes=0.5, seed=7), Chaos(0.5, pushes=0.5, seed=7)
    faults = []
    for _ in range(100):
        mixed.draw_push()
        faults.append(mixed.draw())
    assert faults == [alone.draw() for _ in range(100)]


def test_a_dripping_answer_comes_byte_by_byte(simulator: Simulator) -> None:
    simulator.chaos.drip = 0.02
    simulator.chaos.plan(Fault(FaultKind.DRIP, accepted=True))
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=10)
    connection.request("GET", "/psk/push.php?serviceid=1234&phoneno=004799999999&fromid=26114&txt=Hei")
    response = connection.getresponse()
    pieces = []
    while piece := response.read1(1000):
        pieces.append(piece)
    assert b"".join(pieces) == b"ErrorCode=0, ID=145099"
    assert len(pieces) > 5


def test_chaos_is_given_by_flag() -> None:
    simulator = build(["--port", "0", "--chaos", "0.2", "--chaos-pushes", "0.3", "--seed", "7"])
    simulator.close()
    assert (simulator.chaos.probability, simulator.chaos.pushes, simulator.chaos.seed) == (0.2, 0.3, 7)


def test_chaos_is_given_by_the_control_api(post: Exchange, simulator: Simulator) -> None:
    wanted = {"probability": 0.5, "pushes": 0.25, "seed": 7, "cut_off": True, "latency": 20, "hold": 1, "drip": 0}
    answer = json.loads(post("/control/chaos", json.dumps(wanted)).body)
    assert answer == wanted | {"lateness": 10.0}
    assert (simulator.chaos.probability, simulator.chaos.latency, simulator.chaos.cut_off) == (0.5, 0.02, True)
    expected = Chaos(0.5, seed=7)
    assert [simulator.chaos.draw() for _ in range(50)] == [expected.draw() for _ in range(50)]


@pytest.mark.parametrize(
    "wrong", [{"probability": 2}, {"pushes": -1}, {"seed": "x"}, {"hold": -1}, {"cut_off": 1}, {"weather": 1}]
)
def test_invalid_chaos_settings_change_nothing(post: Exchange, simulator: Simulator, wrong: dict[str, Any]) -> None:
    assert post("/control/chaos", json.dumps({"pushes": 0.1} | wrong)).status == 400
    assert (simulator.chaos.pushes, simulator.chaos.seed, simulator.chaos.cut_off) == (0, None, False)


def test_push_faults_and_faults_are_planned_by_the_control_api(post: Exchange, simulator: Simulator) -> None:
    for document in ({"kind": "repeat"}, {"kind": "drip", "accepted": True}):
        assert post("/control/fault", json.dumps(document)).status == 200
    assert simulator.chaos.draw_push() is PushFault.REPEAT
    assert simulator.chaos.draw() == Fault(FaultKind.DRIP, accepted=True)


def test_an_address_in_an_allowed_network_is_accepted() -> None:
    account = Account(1234, senders=["Mitt Firma"], allowed_ips=["192.0.2.0/24", "2001:db8::1"])
    network = Network(account)
    parameters = {"serviceid": 1234, "fromid": "Mitt Firma", "phoneno": "004799999999", "txt": "Hei"}
    codes = {
        address: int(network.submit(Submission(parameters | {"txt": address}, address=address)).code)
        for address in ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "192.0.3.7", "nowhere")
    }
    assert codes == {
        "192.0.2.7": 0, "::ffff:192.0.2.7": 0, "2001:db8::1": 0, "192.0.3.7": 2, "nowhere": 2,
    }  # fmt: skip
