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
import ssl
import struct
import threading
from collections.abc import Collection
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlsplit

from django_front_sms.gateway.codes import ErrorCode

from . import control, page, wire
from .accounts import Account
from .chaos import Chaos, Fault, FaultKind
from .checks import Submission
from .couriers import Couriers
from .network import Network
from .recording import Noting
from .records import without_password

logger = logging.getLogger("django_front_sms.simulator")

MAX_BODY = 64 * 1024 * 1024  # bytes
LONGEST_WAIT = 30.0  # seconds that the page may wait for news
LOCAL_ADDRESS = "127.0.0.1"


class Simulator:
    """A pretend gateway on a port of its own (`port=0`: a free one), from construction until `close`.

    Either give the one account's `service_id`, `password` and `senders`, or a whole `network`.
    `latency` is waited out before every answer to a submission, in seconds. `chaos` makes requests and
    pushes go wrong. `live` starts the threads that make pushes; without it, `network.deliver_due()` makes
    them. `tls` are the files of a certificate and its key: then the port speaks https alone.
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
        tls: tuple[str, str] | None = None,
    ) -> None:
        self.network = network or Network(Account(service_id, password, senders))
        if chaos:
            self.network.chaos = chaos
        self.latency = latency
        self.closing = threading.Event()
        self.secure = tls is not None
        self._server = _Server((host, port), self, tls)
        self.host, self.port = host, self._server.server_port
        self.network.origin = self.origin
        self._couriers = Couriers(self.network) if live else None
        if self._couriers:
            self._couriers.start()
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="front-simulator", daemon=True).start()

    @property
    def chaos(self) -> Chaos:
        return self.network.chaos

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:PORT`: the page with the phones."""
        everywhere = self.host in ("", "0.0.0.0", "::")  # noqa: S104 -- compared, not bound
        shown = LOCAL_ADDRESS if everywhere else self.host
        return f"http{'s' * self.secure}://{shown}:{self.port}"

    @property
    def url(self) -> str:
        """What a site has as its gateway URL: `http://127.0.0.1:PORT/psk/`."""
        return f"{self.origin}/psk/"

    def close(self) -> None:
        """Frees the port and ends open connections. May be called twice."""
        if self.closing.is_set():
            return
        self.closing.set()
        self.network.touch()
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

    def __init__(self, address: tuple[str, int], simulator: Simulator, tls: tuple[str, str] | None) -> None:
        self.simulator = simulator
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)
        if tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*tls)
            # The handshake is made by the thread that reads: one slow client holds up nobody else.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

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

    def setup(self) -> None:
        super().setup()
        self._read, self._written = Noting(self.rfile), Noting(self.wfile)
        self.rfile, self.wfile = cast(BufferedIOBase, self._read), cast(BufferedIOBase, self._written)

    def handle_one_request(self) -> None:
        self._read.clear()
        self._written.clear()
        super().handle_one_request()

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        if path.path == "/psk/push.php":
            self._submit(self._submission(wire.read_query(path.query)), get=True)
        elif path.path == "/phones":
            self._answer_page(self._fresh(path.query))
        elif path.path.startswith("/control/"):
            self._answer(*control.handle(self._simulator, "GET", path.path, path.query, b""))
        else:
            self._answer_page(page.get(self._simulator, path.path, path.query))

    def do_POST(self) -> None:
        path, body = urlsplit(self.path), self._body()
        if body is None:
            return
        if path.path in ("/psk/push.php", "/psk/push_bulk.php"):
            bulk = path.path == "/psk/push_bulk.php"
            self._submit(self._submission(wire.read_json(body), bulk=bulk))
        elif not self._same_origin():
            self._answer(403, {"problem": "another site asked; open the simulator's own page"})
        elif path.path.startswith("/control/"):
            self._answer(*control.handle(self._simulator, "POST", path.path, path.query, body))
        else:
            content_type = self.headers.get("Content-Type", "")
            self._answer_page(page.post(self._simulator.network, path.path, content_type, body))

    def _submission(self, parameters: dict[str, object], *, bulk: bool = False) -> Submission:
        return Submission(parameters, bulk, self.client_address[0], self._simulator.secure)

    def _fresh(self, query: str) -> page.Answer:
        """What the page has not shown yet; waits for it, `wait` seconds at most."""
        seen, wait = page.number(query, "version"), page.number(query, "wait")
        if seen is not None and wait and not self._simulator.closing.is_set():
            self._simulator.network.wait_for_change(seen, min(wait, LONGEST_WAIT))
        return page.fresh(self._simulator, query)

    @property
    def _simulator(self) -> Simulator:
        return self.server.simulator

    def _submit(self, submission: Submission, *, get: bool = False) -> None:
        """Judges and answers; the bytes of both go on record, however it ends."""
        fault = self._simulator.chaos.draw()
        verdict = None if fault and not fault.accepted else self._simulator.network.submit(submission)
        what = f"{verdict.code} {wire.describe(verdict.code)}" if verdict else "not accepted"
        note = f"chaos: {fault.kind}, then {what}" if fault and not verdict else what
        if fault and verdict:
            note = f"{what}, then chaos: {fault.kind}"
        logger.info("%s → %s", "bulk" if submission.bulk else "single", note)
        try:
            self._simulator.closing.wait(self._simulator.latency)
            answer = wire.answer(submission, verdict, self._simulator.network.rules, get=get)
            self._fail(fault, answer) if fault else self._send(answer.status, answer.content_type, answer.body)
            self.wfile.flush()
        finally:
            good = verdict is not None and verdict.code is ErrorCode.OK and not fault
            request = without_password(self._read.noted())
            self._simulator.network.record("submission", request, self._written.noted(), note, good=good)

    def _fail(self, fault: Fault, answer: wire.Answer) -> None:
        self.close_connection = True
        match fault.kind:
            case FaultKind.ERROR:
                self._send(500, "text/html", b"<h1>Internal Server Error</h1>")
            case FaultKind.GARBAGE:
                self._send(200, "application/json", b"<html><body>Please try later</body></html>")
            case FaultKind.TRUNCATED:
                self._send(200, answer.content_type, answer.body[: len(answer.body) // 2], length=len(answer.body))
            case FaultKind.TIMEOUT:
                self._simulator.closing.wait(self._simulator.chaos.hold)
            case FaultKind.DRIP:
                self._send(answer.status, answer.content_type, answer.body, drip=self._simulator.chaos.drip)
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
        self,
        status: int,
        content_type: str,
        body: bytes,
        *,
        location: str = "",
        length: int | None = None,
        drip: float | None = None,
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
        if drip is None:
            self.wfile.write(body)
            return
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self._simulator.closing.wait(drip):
                return

    def version_string(self) -> str:
        return "front-simulator"

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the request line of a GET holds numbers, text and password."""
