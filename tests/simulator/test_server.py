"""Connections, deliberate faults, live pushes, and the command line."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

from django_front_sms.simulator import Account, Chaos, Fault, FaultKind, Network, Simulator
from django_front_sms.simulator.__main__ import build

from .conftest import Exchange, Received, Site

QUERY = "/psk/push.php?serviceid=1234&phoneno=004799999999&fromid=Mitt%20Firma&txt="


def test_the_address_is_what_a_site_has_as_gateway_url() -> None:
    with Simulator() as simulator:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/psk/", simulator.url)
        assert f":{simulator.port}/" in simulator.url


def test_a_connection_is_kept_alive(simulator: Simulator) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=10)
    bodies = []
    for text in "abc":
        connection.request("GET", QUERY + text)
        sock = connection.sock
        bodies.append(connection.getresponse().read())
        assert connection.sock is sock
    assert bodies == [b"ErrorCode=0, ID=145099", b"ErrorCode=0, ID=145100", b"ErrorCode=0, ID=145101"]


def test_closing_ends_connections_that_are_kept_alive(network: Network) -> None:
    simulator = Simulator(network)
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=10)
    connection.request("GET", QUERY + "a")
    connection.getresponse().read()
    simulator.close()
    simulator.close()
    connection.auto_open = 0
    with pytest.raises((OSError, http.client.HTTPException)):
        connection.request("GET", QUERY + "b")
        connection.getresponse()
    assert len(network.messages) == 1


@pytest.mark.parametrize(("header", "status"), [(b"X: y", 411), (b"Content-Length: 99999999999", 413)])
def test_a_post_needs_a_valid_length(exchange: Exchange, header: bytes, status: int) -> None:
    assert exchange(b"POST /psk/push.php HTTP/1.1\r\nHost: localhost\r\n" + header + b"\r\n\r\n").status == status


def test_of_equal_messages_from_many_threads_one_is_accepted(simulator: Simulator, network: Network) -> None:
    answers: list[bytes] = []

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=10)
        connection.request("GET", QUERY + "Hei")
        answers.append(connection.getresponse().read())

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [b"ErrorCode=0, ID=145099"] + [b"ErrorCode=17, ID=0"] * 19


def fail(simulator: Simulator) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=10)
    connection.request("GET", QUERY + "Hei")
    response = connection.getresponse()
    return response.status, response.read()


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize("kind", FaultKind)
def test_a_fault_comes_before_or_after_acceptance(
    simulator: Simulator, network: Network, kind: FaultKind, accepted: bool
) -> None:
    simulator.chaos.hold = simulator.chaos.drip = 0
    simulator.chaos.plan(Fault(kind, accepted))
    expected: Any = {
        FaultKind.RESET: ConnectionResetError,
        FaultKind.TIMEOUT: http.client.RemoteDisconnected,
        FaultKind.TRUNCATED: http.client.IncompleteRead,
    }.get(kind)
    if expected:
        with pytest.raises(expected) as caught:
            fail(simulator)
        assert caught.type is expected  # an orderly end is a kind of ConnectionResetError, too
    else:
        status, body = fail(simulator)
        dripped = kind is FaultKind.DRIP and accepted
        assert status == (200 if kind is FaultKind.GARBAGE or dripped else 500)
        assert (body == b"ErrorCode=0, ID=145099") == dripped
    assert len(network.messages) == accepted
    assert fail(simulator)[1] == (b"ErrorCode=17, ID=0" if accepted else b"ErrorCode=0, ID=145099")


def test_the_same_seed_gives_the_same_faults() -> None:
    first, second = (Chaos(0.5, seed=7) for _ in range(2))
    drawn = [first.draw() for _ in range(200)]
    assert drawn == [second.draw() for _ in range(200)]
    assert 60 < drawn.count(None) < 140
    assert {fault.kind for fault in drawn if fault} == set(FaultKind)
    assert {fault.accepted for fault in drawn if fault} == {True, False}


@pytest.mark.parametrize("probability", [-0.1, 1.1])
def test_a_probability_is_from_0_to_1(probability: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        Chaos(probability)


def test_live_pushes_are_made_without_a_call(site: Site) -> None:
    arrived = threading.Semaphore(0)

    class Counted(list[Received]):
        def append(self, received: Received) -> None:
            super().append(received)
            arrived.release()

    site.received = Counted()
    network = Network(Account(1234, status_url=site.url, inbound_url=site.url), status_plan=[(0, -1), (0, 4)])
    with Simulator(network, live=True) as simulator:
        fail_free = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=10)
        fail_free.request("GET", QUERY.replace("Mitt%20Firma", "26114") + "Hei")
        fail_free.getresponse().read()
        network.receive("+4799999999", "26114", "Hei")
        assert all(arrived.acquire(timeout=10) for _ in range(3))
    assert sorted(site.paths) == ["/", "/?status=-1&origid=145099", "/?status=4&origid=145099"]


def test_the_command_line_describes_account_and_network() -> None:
    simulator = build([
        "--port", "0", "--service-id", "7", "--password", "hemmelig", "--sender", "Mitt Firma", "--sender", "Annen",
        "--status-url", "http://s/", "--inbound-url", "http://i/", "--inbound-api", "get", "--no-duplicate-filter",
        "--latency", "250", "--chaos", "0.2", "--priced", "--status-delay", "8", "--blacklist", "+471",
        "--dead", "+472",
    ])  # fmt: skip
    simulator.close()
    account = simulator.network.account
    assert (account.service_id, account.password, account.senders) == (7, "hemmelig", ["Mitt Firma", "Annen"])
    assert (account.status_url, account.inbound_url, account.inbound_api) == ("http://s/", "http://i/", "get")
    assert (account.duplicate_filter, account.priced) == (False, True)
    assert (simulator.chaos.latency, simulator.chaos.probability) == (0.25, 0.2)
    assert simulator.network.status_plan == ((2.0, -1), (8.0, 4))
    assert (simulator.network.blacklist, simulator.network.dead) == ({"+471"}, {"+472"})


def test_the_simulator_runs_as_a_module_until_it_is_stopped() -> None:
    command = [sys.executable, "-m", "django_front_sms.simulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        phones, gateway = process.stdout.readline(), process.stdout.readline()
        port = int(phones.rstrip("/\n").rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert gateway == f"Gateway: http://127.0.0.1:{port}/psk/\n"


LOOPBACK = ("localhost", "LOCALHOST", "localhost:9900", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:9900")
FOREIGN = (
    "evil.example", "evil.example:9900", "localhost.evil.example", "127.0.0.1.nip.io", "192.0.2.1", "evil@localhost",
    "localhost/", "localhost:x", "[::2]", "", " ",
)  # fmt: skip
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH")


def _request(method: str, host: str, target: str = "/control/state") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize("host", LOOPBACK)
def test_a_request_that_names_this_machine_is_answered(exchange: Exchange, host: str) -> None:
    assert exchange(_request("GET", host)).status == 200


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("host", FOREIGN)
def test_a_request_that_names_another_host_is_refused_whatever_its_method(
    exchange: Exchange, host: str, method: str
) -> None:
    """A page of another site, whose name was made to lead here (DNS rebinding), reads nothing and changes nothing."""
    assert exchange(_request(method, host)).status == 421


@pytest.mark.parametrize(
    "target", ["/", "/phones", "/control/log", "/control/wire", "/wire/1/request", "/psk/push.php?serviceid=1234"]
)
def test_a_request_for_another_host_gets_no_content_of_any_path(
    exchange: Exchange, network: Network, site: Site, target: str
) -> None:
    network.receive("+4799999999", "26114", "hemmelig")
    reply = exchange(_request("GET", "evil.example", target))
    assert reply.status == 421
    assert b"hemmelig" not in reply.body and site.url.encode() not in reply.body


def test_a_request_for_another_host_changes_no_url(exchange: Exchange, network: Network) -> None:
    body = b'{"inbound_url": "http://evil.example/"}'
    head = b"POST /control/account HTTP/1.1\r\nHost: evil.example\r\nContent-Length: %d\r\n\r\n" % len(body)
    before = network.inbound_url
    assert exchange(head + body).status == 421
    assert network.inbound_url == before


@pytest.mark.parametrize("hosts", ["", "Host: localhost\r\nHost: evil.example\r\n"])
def test_a_request_without_one_host_is_refused(exchange: Exchange, hosts: str) -> None:
    assert exchange(f"GET /control/state HTTP/1.1\r\n{hosts}\r\n".encode()).status == 421


def test_the_given_host_may_be_named() -> None:
    with Simulator(host="0.0.0.0") as simulator:
        assert simulator.answers_to("0.0.0.0:9900") and simulator.answers_to("localhost")
        assert not simulator.answers_to("192.0.2.1")
