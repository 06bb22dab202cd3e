"""The HTTP server of the simulator: Front's two addresses, the page with the phones, and the control API.

In a test, pushes are made on demand:

    with Simulator(service_id=1234, senders=["Mitt Firma"]) as simulator:
        settings.GATEWAY_URL = simulator.url
        simulator.network.status_url = "http://127.0.0.1:8000/…"
        …
        simulator.network.advance(2)
        simulator.network.deliver_due()

With `live=True`, threads make them when they are due.
"""

from __future__ import annotations

import logging
import re
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
from .network import Network
from .push_threads import PushThreads
from .recording import RecordingFile
from .records import Verdict, without_password

logger = logging.getLogger("django_front_sms.simulator")

MAX_BODY = 64 * 1024 * 1024  # bytes
LONGEST_WAIT = 30.0  # seconds that the page may wait for a change
LOCAL_ADDRESS = "127.0.0.1"
ALL_ADDRESSES = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 -- compared, not bound
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^][:@/?#\s]+)(?::[0-9]+)?")  # name or address, and port


class Simulator:
    """A simulated gateway on a port (`port=0`: a free one), from construction until `close`.

    Give either the one account's `service_id`, `password` and `senders`, or a whole `network`. `chaos` sets faults and
    latency. `live` starts threads that make due pushes; without it, `network.deliver_due()` makes them. `tls` are the
    files of a certificate and its key; the port then speaks https only.

    Requests must name a loopback address, `localhost` or `host` in their `Host` header. All others are refused with
    421: a web page on another site could otherwise read the log and its webhook tokens through DNS rebinding.
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
        chaos: Chaos | None = None,
        live: bool = False,
        tls: tuple[str, str] | None = None,
    ) -> None:
        self.network = network or Network(Account(service_id, password, senders))
        if chaos:
            self.network.chaos = chaos
        self.closing = threading.Event()
        self.secure = tls is not None
        self._server = _Server((host, port), self, tls)
        self.host, self.port = host, self._server.server_port
        self.network.origin = self.origin
        self._push_threads = PushThreads(self.network) if live else None
        if self._push_threads:
            self._push_threads.start()
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="front-simulator", daemon=True).start()

    @property
    def chaos(self) -> Chaos:
        return self.network.chaos

    @property
    def origin(self) -> str:
        """The address of the page with the phones: `http://127.0.0.1:PORT`."""
        shown = LOCAL_ADDRESS if self.host in ALL_ADDRESSES else self.host
        return f"http{'s' * self.secure}://{shown}:{self.port}"

    @property
    def url(self) -> str:
        """The gateway URL for a site's settings: `http://127.0.0.1:PORT/psk/`."""
        return f"{self.origin}/psk/"

    def answers_to(self, host: str) -> bool:
        """Return whether `host`, the value of a `Host` header, names this server. The port does not matter."""
        found = _HOST.fullmatch(host.strip().lower())
        return found is not None and found[1] in {*LOOPBACK_NAMES, self.host.lower()}

    def close(self) -> None:
        """Free the port and end open connections. May be called twice."""
        if self.closing.is_set():
            return
        self.closing.set()
        self.network.touch()
        self._server.shutdown()
        self._server.server_close()
        if self._push_threads:
            self._push_threads.stop()

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
            # The thread that reads makes the handshake, so that a slow client does not delay others.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for request in list(self._open):  # otherwise kept-alive connections would still be answered
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("A client closed its connection.", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    timeout = 120
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._received, self._sent = RecordingFile(self.rfile), RecordingFile(self.wfile)
        self.rfile, self.wfile = cast(BufferedIOBase, self._received), cast(BufferedIOBase, self._sent)

    def handle_one_request(self) -> None:
        self._received.clear()
        self._sent.clear()
        super().handle_one_request()

    def parse_request(self) -> bool:
        """Refuse a request for another host, whatever its method."""
        if not super().parse_request():
            return False
        hosts = self.headers.get_all("Host", [])
        if len(hosts) == 1 and self._simulator.answers_to(hosts[0]):
            return True
        self.close_connection = True  # its body is not read
        problem = "the Host header names another host; open the simulator at its own address, or name it with --host"
        self._answer(421, {"problem": problem})
        self.wfile.flush()
        return False

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        if path.path == "/psk/push.php":
            self._submit(self._submission(wire.read_query(path.query)), get=True)
        elif path.path == "/phones":
            self._answer_page(self._changes(path.query))
        elif path.path.startswith("/control/"):
            self._answer(*control.handle(self._network, "GET", path.path, path.query, b""))
        else:
            self._answer_page(page.get(self._network, path.path, path.query))

    def do_POST(self) -> None:
        path, body = urlsplit(self.path), self._body()
        if body is None:
            return
        if path.path in ("/psk/push.php", "/psk/push_bulk.php"):
            bulk = path.path == "/psk/push_bulk.php"
            self._submit(self._submission(wire.read_json(body), bulk=bulk))
        elif not self._same_origin():
            self._answer(403, {"problem": "the request came from a page of another site; use the simulator's own page"})
        elif path.path.startswith("/control/"):
            self._answer(*control.handle(self._network, "POST", path.path, path.query, body))
        else:
            content_type = self.headers.get("Content-Type", "")
            self._answer_page(page.post(self._network, path.path, content_type, body))

    def _submission(self, parameters: dict[str, object], *, bulk: bool = False) -> Submission:
        return Submission(parameters, bulk, self.client_address[0], self._simulator.secure)

    def _changes(self, query: str) -> page.Answer:
        """Wait for a change after `version`, at most `wait` seconds, and answer with it."""
        version, wait = page.number(query, "version"), page.number(query, "wait")
        if version is not None and wait and not self._simulator.closing.is_set():
            self._network.wait_for_change(version, min(wait, LONGEST_WAIT))
        return page.changes(self._network, query)

    @property
    def _simulator(self) -> Simulator:
        return self.server.simulator

    @property
    def _network(self) -> Network:
        return self.server.simulator.network

    def _submit(self, submission: Submission, *, get: bool = False) -> None:
        """Check and answer a submission; record the bytes of both, even if the client has disconnected."""
        fault = self._network.chaos.draw()
        verdict = None if fault and not fault.accepted else self._network.submit(submission)
        note = _note(verdict, fault)
        logger.info("%s → %s", "bulk" if submission.bulk else "single", note)
        try:
            self._simulator.closing.wait(self._network.chaos.latency)
            answer = wire.answer(submission, verdict, self._network.rules, get=get)
            self._fail(fault, answer) if fault else self._send(answer.status, answer.content_type, answer.body)
            self.wfile.flush()
        finally:
            good = verdict is not None and verdict.code is ErrorCode.OK and not fault
            request = without_password(self._received.recorded())
            self._network.record("submission", request, self._sent.recorded(), note, good=good)

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
                self._simulator.closing.wait(self._network.chaos.hold)
            case FaultKind.DRIP:
                self._send(answer.status, answer.content_type, answer.body, drip=self._network.chaos.drip)
            case FaultKind.RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                socket.close(self.connection.detach())

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._send(413 if length.isdigit() else 411, "text/plain", b"Content-Length is missing or above 64 MB")
            return None
        return self.rfile.read(int(length))

    def _same_origin(self) -> bool:
        """Return whether the request came from the simulator's own page, or from a client that is not a browser."""
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
        """Log nothing: the request line of a GET contains numbers, text and password."""


def _note(verdict: Verdict | None, fault: Fault | None) -> str:
    """Describe the outcome of a submission for the log and the page."""
    outcome = f"{verdict.code} {wire.describe(verdict.code)}" if verdict else "not accepted"
    if fault is None:
        return outcome
    return f"{outcome}, then chaos: {fault.kind}" if verdict else f"chaos: {fault.kind}, then {outcome}"
