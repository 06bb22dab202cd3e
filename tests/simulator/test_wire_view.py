"""The view of recorded requests: the exact bytes of each exchange, without passwords."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import ssl
import subprocess
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from django_front_sms.simulator import Fault, FaultKind, Network, Rules, Simulator
from django_front_sms.simulator.records import without_password

from .conftest import Exchange, Reply, Site

BODY = '{"serviceid": 1234, "fromid": "Mitt Firma", "phoneno": "004799999999", "txt": "Blåbær"}'.encode()
REQUEST = b"POST /psk/push.php HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


def response_to(port: int, request: bytes) -> bytes:
    """The complete response of the simulator."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_submission_and_its_answer_are_kept_byte_for_byte(simulator: Simulator, network: Network) -> None:
    answer = response_to(simulator.port, REQUEST)
    (exchange,) = network.exchanges
    assert exchange.request == REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    assert exchange.answer == answer
    assert (exchange.kind, exchange.note, exchange.good) == ("submission", "0 OK", True)


@pytest.mark.parametrize("kind", [FaultKind.TRUNCATED, FaultKind.GARBAGE, FaultKind.DRIP, FaultKind.ERROR])
def test_answers_changed_by_faults_are_recorded_unchanged(
    simulator: Simulator, network: Network, kind: FaultKind
) -> None:
    simulator.chaos.drip = 0
    simulator.chaos.plan(Fault(kind, accepted=True))
    answer = response_to(simulator.port, REQUEST)
    (exchange,) = network.exchanges
    assert (exchange.answer, exchange.good) == (answer, False)
    assert exchange.note == f"0 OK, then chaos: {kind}"


def test_no_answer_is_shown_if_none_was_sent(simulator: Simulator, network: Network) -> None:
    simulator.chaos.hold = 0
    simulator.chaos.plan(Fault(FaultKind.TIMEOUT))
    assert response_to(simulator.port, REQUEST) == b""
    (exchange,) = network.exchanges
    assert (exchange.answer, exchange.note) == (b"", "chaos: timeout, then not accepted")
    assert b"no bytes" in get_page(simulator)


def get_page(simulator: Simulator) -> bytes:
    with urllib.request.urlopen(simulator.origin, timeout=10) as response:
        return bytes(response.read())


def test_a_push_and_its_answer_are_kept_byte_for_byte() -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-Odd:   spaced \r\nContent-Length: 4\r\n\r\ntrue"
    seen: list[bytes] = []

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            while b"}" not in (data := b"".join(seen)) or b"\r\n\r\n" not in data:
                seen.append(connection.recv(65536))
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        network = Network()
        network.inbound_url = f"http://127.0.0.1:{server.getsockname()[1]}/inn/"
        network.receive("+4799999999", "26114", "Blåbær")
        network.deliver_due()
        thread.join()
    (exchange,) = network.exchanges
    assert (exchange.request, exchange.answer) == (b"".join(seen), answer)
    assert (exchange.kind, exchange.note) == ("inbound", "taken")


@pytest.mark.parametrize(
    ("request_", "shown"),
    [
        (b'{"password": "hem\\"melig", "txt": "a"}', b'{"password": "***", "txt": "a"}'),
        (b"GET /psk/push.php?password=hemmelig&txt=a HTTP/1.1", b"GET /psk/push.php?password=***&txt=a HTTP/1.1"),
        (b"GET /psk/push.php?txt=a&password=hem%20melig HTTP/1.1", b"GET /psk/push.php?txt=a&password=*** HTTP/1.1"),
        (b'{"txt": "my password is a"}', b'{"txt": "my password is a"}'),
    ],
)
def test_a_password_is_never_kept(request_: bytes, shown: bytes) -> None:
    assert without_password(request_) == shown


def test_the_bytes_can_be_downloaded(get: Exchange, simulator: Simulator, network: Network) -> None:
    response_to(simulator.port, REQUEST)
    (exchange,) = network.exchanges
    reply: Reply = get("/wire/1/request")
    assert (reply.body, reply.content_type) == (exchange.request, "application/octet-stream")
    assert get("/wire/1/answer").body == exchange.answer
    assert get("/wire/1/note").status == get("/wire/2/request").status == 404


def test_bytes_that_are_no_text_are_shown_as_bytes(get: Exchange, network: Network) -> None:
    get("/psk/push.php?txt=%E6")
    network.record("submission", b"GET /?txt=\xe6\x00<b> HTTP/1.1", b"", "x", good=False)
    page = get("/").body.decode()
    assert "GET /?txt=\\xe6\\x00&lt;b&gt; HTTP/1.1" in page


def test_the_control_api_returns_the_bytes_too(get: Exchange, simulator: Simulator, network: Network) -> None:
    response_to(simulator.port, REQUEST)
    (shown,) = json.loads(get("/control/wire").body)
    assert base64.b64decode(shown["answer"]) == network.exchanges[0].answer
    assert json.loads(get("/control/wire?after=1").body) == []


def test_the_page_is_updated_when_something_changes(
    simulator: Simulator, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's request waits already: what ends it is the phone that goes off, and not its time-out."""
    answers: list[dict[str, Any]] = []
    waiting = threading.Event()
    wait_for_change, version = network.wait_for_change, network.version

    def noticed(seen: int, timeout: float) -> int:
        with network._changed:  # held until it waits
            waiting.set()
            return wait_for_change(seen, timeout)

    def ask() -> None:
        url = f"{simulator.origin}/phones?version={version}&wait=30"
        with urllib.request.urlopen(url, timeout=60) as response:
            answers.append(json.load(response))

    monkeypatch.setattr(network, "wait_for_change", noticed)
    thread = threading.Thread(target=ask)
    thread.start()
    assert waiting.wait(10)
    network.set_phone("+4799999999", on=False)
    thread.join(timeout=20)
    assert answers and answers[0]["order"] == ["+4799999999"]


def test_the_page_fetches_only_missing_exchanges(get: Exchange, simulator: Simulator) -> None:
    response_to(simulator.port, REQUEST)
    response_to(simulator.port, REQUEST)
    numbers = [
        [entry.partition('data-number="')[2].partition('"')[0] for entry in json.loads(get(url).body)["wire"]]
        for url in ("/phones", "/phones?wire=1", "/phones?wire=2")
    ]
    assert numbers == [["1", "2"], ["2"], []]


def test_phones_rules_and_https_are_switched_by_the_control_api(
    post: Exchange, get: Exchange, network: Network, site: Site
) -> None:
    phone = json.loads(post("/control/phone", json.dumps({"number": "0047 99999999", "on": False})).body)
    assert phone == {"number": "+4799999999", "on": False, "dead": False, "silent": False, "blacklisted": False}
    post("/control/rules", json.dumps({"doubled_pictures": True, "status_tries": 3}))
    assert network.rules == Rules(doubled_pictures=True, status_tries=3)
    post("/control/account", json.dumps({"https_only": True}))
    state = json.loads(get("/control/state").body)
    assert (state["phones"], state["https_only"], state["rules"]["status_tries"]) == ([phone], True, 3)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [("phone", {"number": "+471", "on": "no"}), ("phone", {"number": "+471", "colour": True}), ("phone", {"on": True}),
     ("rules", {"doubled_pictures": True, "no_status": 2}), ("rules", {"weather": 1})],
)  # fmt: skip
def test_invalid_switches_change_nothing(post: Exchange, network: Network, path: str, wrong: Any) -> None:
    assert post(f"/control/{path}", json.dumps(wrong)).status == 400
    assert (network.phones(), network.rules) == ({}, Rules())


def test_the_mail_lists_waiting_messages_and_its_link_restarts_the_queue(get: Exchange, network: Network) -> None:
    network.chaos.cut_off, network.rules.retry_delay = True, 0
    network.receive("+4799999999", "26114", "Er dere <der>?")
    network.deliver_due()
    page = get("/").body.decode()
    assert "Er dere &lt;der&gt;?" in page and "tried 3×" in page
    (mail,) = json.loads(get("/control/mails").body)
    assert mail["link"] in page
    assert get("/restart/" + mail["link"].rpartition("/")[2]).status == 303
    assert 'class="mail"' not in get("/").body.decode()


def test_the_sample_picture_is_sent_from_a_phone(post: Exchange, network: Network) -> None:
    post("/text", "from=%2B4799999999&to=26114&text=Se&sample=1", "application/x-www-form-urlencoded")
    (incoming,) = network.incoming.values()
    data = incoming.files[2].data
    assert data is not None and data.startswith(b"\xff\xd8\xff")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes the certificate, is not installed")
def test_https_is_spoken_with_a_certificate(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    network = Network(https_only=True)
    context = ssl.create_default_context(cafile=str(certificate))
    query = "push.php?serviceid=1234&phoneno=004799999999&fromid=26114&txt=Hei"
    with Simulator(network, tls=(str(certificate), str(key))) as simulator:
        assert simulator.url.startswith("https://")
        with urllib.request.urlopen(simulator.url + query, timeout=10, context=context) as response:
            assert response.read() == b"ErrorCode=0, ID=145099"
    with (
        Simulator(Network(https_only=True)) as simulator,
        urllib.request.urlopen(simulator.url + query, timeout=10) as response,
    ):
        assert response.read() == b"ErrorCode=18, ID=0"
