"""The HTTP face of the simulator: Front's two addresses, the page with the phones, the control API.

In a test, pushes are made when the test says so:

    with Simulator(service_id=1234, senders=["Mitt Firma"]) as simulator:
        settings.GATEWAY_URL = simulator.url
        simulator.network.status_url = "http://127.0.0.1:8000/…"
        …
        simulator.network.advance(2)
        simulator.network.deliver_due()

With `live=True` a few threads make them when they fall due.
"""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from collections.abc import Collection
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from django_front_sms.gateway.codes import ErrorCode

from . import control, page, wire
from .accounts import Account
from .chaos import Chaos, Fault, FaultKind
from .checks import Submission
from .courier import Couriers
from .network import Network
from .records import Verdict

logger = logging.getLogger("django_front_sms.simulator")

MAX_BODY = 64 * 1024 * 1024  # bytes
LOCAL_ADDRESS = "127.0.0.1"


class Simulator:
    """A pretend gateway on a port of its own (`port=0`: a free one), from construction until `close`.

    Either give the one account's `service_id`, `password` and `senders`, or a whole `network`.
    `latency` is waited out before every answer to a submission, in seconds. `chaos` makes requests go
    wrong. `live` starts the threads that make pushes; without it, `network.deliver_due()` makes them.
    """

    def __init__(
        self,
        network: Network | None = None,
        *,
        service_id: int = 1234,
        password: str | None = None,
        senders: Collection[str] = ("Mitt Firma",),
        host: str = LOCAL_ADDRESS,
        port: int = 0,
        latency: float = 0.0,
        chaos: Chaos | None = None,
        live: bool = False,
    ) -> None:
        self.network = network or Network(Account(service_id, password, senders))
        self.chaos = chaos or Chaos()
        self.latency = latency
        self.closing = threading.Event()
        self._server = _Server((host, port), self)
        self.host, self.port = host, self._server.server_port
        self.network.origin = self.origin
        self._couriers = Couriers(self.network) if live else None
        if self._couriers:
            self._couriers.start()
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="front-simulator", daemon=True).start()

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:PORT`: the page with the phones."""
        everywhere = self.host in ("", "0.0.0.0", "::")  # noqa: S104 -- compared, not bound
        shown = LOCAL_ADDRESS if everywhere else self.host
        return f"http://{shown}:{self.port}"

    @property
    def url(self) -> str:
        """What a site has as its gateway URL: `http://127.0.0.1:PORT/psk/`."""
        return f"{self.origin}/psk/"

    def close(self) -> None:
        """Frees the port and ends open connections. May be called twice."""
        if self.closing.is_set():
            return
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        if self._couriers:
            self._couriers.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], simulator: Simulator) -> None:
        self.simulator = simulator
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for request in list(self._open):  # kept-alive connections would go on being answered
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("A client went away", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    timeout = 120
    server: _Server

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        if path.path == "/psk/push.php":
            self._submit(Submission(wire.read_query(path.query), address=self.client_address[0]), get=True)
        elif path.path.startswith("/control/"):
            self._answer(*control.handle(self._simulator, "GET", path.path, path.query, b""))
        else:
            self._answer_page(page.get(self._simulator.network, path.path, path.query))

    def do_POST(self) -> None:
        path, body = urlsplit(self.path), self._body()
        if body is None:
            return
        if path.path in ("/psk/push.php", "/psk/push_bulk.php"):
            bulk = path.path == "/psk/push_bulk.php"
            self._submit(Submission(wire.read_json(body), bulk=bulk, address=self.client_address[0]))
        elif not self._same_origin():
            self._answer(403, {"problem": "another site asked; open the simulator's own page"})
        elif path.path.startswith("/control/"):
            self._answer(*control.handle(self._simulator, "POST", path.path, path.query, body))
        else:
            content_type = self.headers.get("Content-Type", "")
            self._answer_page(page.post(self._simulator.network, path.path, content_type, body))

    @property
    def _simulator(self) -> Simulator:
        return self.server.simulator

    def _submit(self, submission: Submission, *, get: bool = False) -> None:
        fault = self._simulator.chaos.draw()
        if fault and not fault.accepted:
            return self._fail(fault, None)
        verdict = self._simulator.network.submit(submission)
        logger.info("%s → %d %s", "bulk" if submission.bulk else "single", verdict.code, wire.describe(verdict.code))
        time.sleep(self._simulator.latency)
        if fault:
            return self._fail(fault, verdict)
        self._answer_verdict(submission, verdict, get=get)

    def _answer_verdict(self, submission: Submission, verdict: Verdict, *, get: bool) -> None:
        """A refusal has 200 in single sending, which the manual leaves open, and 400 in bulk (§2.4: not 201)."""
        if submission.bulk:
            status = 201 if verdict.code is ErrorCode.OK else 400
            return self._send(status, "application/json", wire.answer_bulk(verdict))
        if get:
            return self._send(200, "text/plain; charset=utf-8", wire.answer_text(verdict))
        self._send(200, "application/json", wire.answer_json(verdict))

    def _fail(self, fault: Fault, verdict: Verdict | None) -> None:
        logger.info("chaos: %s, %s", fault.kind, "accepted" if verdict else "not accepted")
        self.close_connection = True
        match fault.kind:
            case FaultKind.ERROR:
                self._send(500, "text/html", b"<h1>Internal Server Error</h1>")
            case FaultKind.GARBAGE:
                self._send(200, "application/json", b"<html><body>Please try later</body></html>")
            case FaultKind.TRUNCATED:
                body = wire.answer_json(verdict or Verdict(ErrorCode.OK))
                self._send(200, "application/json", body[: len(body) // 2], length=len(body))
            case FaultKind.TIMEOUT:
                self._simulator.closing.wait(self._simulator.chaos.hold)
            case FaultKind.RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                socket.close(self.connection.detach())

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._send(413 if length.isdigit() else 411, "text/plain", b"send a Content-Length that is not too large")
            return None
        return self.rfile.read(int(length))

    def _same_origin(self) -> bool:
        """Whether a browser asked from our own page; other clients send no Origin."""
        origin = self.headers.get("Origin")
        return origin is None or urlsplit(origin).netloc == self.headers.get("Host")

    def _answer(self, status: int, document: object) -> None:
        self._send(status, "application/json", control.dump(document))

    def _answer_page(self, answer: page.Answer) -> None:
        self._send(answer.status, answer.content_type, answer.body, location=answer.location)

    def _send(
        self, status: int, content_type: str, body: bytes, *, location: str = "", length: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
        if location:
            self.send_header("Location", location)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        return "front-simulator"

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the request line of a GET holds numbers, text and password."""
