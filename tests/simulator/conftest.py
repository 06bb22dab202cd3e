"""A simulator, a site that it pushes to, and requests written by hand, without the encoders of the package."""

from __future__ import annotations

import http.client
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from django_front_sms.simulator import Account, Network, Simulator


@dataclass
class Received:
    """A push, as the site received it."""

    method: str
    path: str
    content_type: str
    body: bytes


class Site:
    """A customer's site: stores what it receives, and answers as configured (by default 200 and `true`)."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: deque[tuple[int, bytes]] = deque()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site.received.append(Received(self.command, self.path, self.headers.get("Content-Type", ""), body))
                status, answer = site.answers.popleft() if site.answers else (200, b"true")
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, *answers: tuple[int, bytes]) -> None:
        self.answers.extend(answers)

    @property
    def paths(self) -> list[str]:
        return [received.path for received in self.received]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Reply:
    status: int
    content_type: str
    body: bytes


Exchange = Callable[..., Reply]


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def account() -> Account:
    return Account(1234, senders=["Mitt Firma"])


@pytest.fixture
def network(account: Account, site: Site) -> Network:
    """Service ids 1234 and 3, as in the manual's examples; the time changes only when a test advances it."""
    account.status_url, account.inbound_url = f"{site.url}/sms/", f"{site.url}/innkommende/"
    return Network(account, Account(3), clock=lambda: 1_577_836_799.0)  # 2019-12-31T23:59:59Z


@pytest.fixture
def simulator(network: Network) -> Iterator[Simulator]:
    with Simulator(network) as simulator:
        yield simulator


@pytest.fixture
def exchange(simulator: Simulator) -> Exchange:
    """Sends the given bytes on a new connection."""

    def exchange(request: bytes) -> Reply:
        with socket.create_connection(("127.0.0.1", simulator.port), timeout=10) as connection:
            connection.sendall(request)
            response = http.client.HTTPResponse(connection, method=request.split(b" ")[0].decode())
            response.begin()
            return Reply(response.status, response.headers["Content-Type"], response.read())

    return exchange


@pytest.fixture
def post(exchange: Exchange) -> Exchange:
    def post(path: str, body: str | bytes, content_type: str = "application/json") -> Reply:
        raw = body.encode() if isinstance(body, str) else body
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
        return exchange(f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)

    return post


@pytest.fixture
def get(exchange: Exchange) -> Exchange:
    def get(target: str) -> Reply:
        return exchange(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    return get
