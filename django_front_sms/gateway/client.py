"""One exchange with the gateway over HTTP (§2.1, §2.4): written at most once, answered within one deadline.

Nothing is tried again and no redirect is followed; ``outcome`` says what is certain afterwards.

Neither log records nor errors hold a text, a number or a password: urllib3 is told the bare path, and the query and
body go past it. Proxies named in the environment are not used: the gateway knows its customers by their address (§1.1).
"""

import http.client
import os
import queue
import socket
import ssl
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self, cast

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPHeaderDict, HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ClosedPoolError, EmptyPoolError, HTTPError, LocationParseError
from urllib3.util import parse_url

from django_front_sms.gateway.deadline import AnswerStream, Clock, Deadline, DeadlineSocket, SocketOption, dial, secure
from django_front_sms.gateway.outcome import Fate, NotSent, Outcome, Unclear, bulk_answer, single_answer
from django_front_sms.gateway.submit import Answer, BulkAnswer, BulkSms, Sms, encode_bulk, encode_json, encode_query

__all__ = ["Client", "Fate", "Outcome"]

MAX_IDLE = 5.0  # seconds; a server or firewall may drop an older connection without a word
MAX_ANSWER = 64 * 1024  # bytes
MAX_BULK_ANSWER = 4 * 1024 * 1024  # bytes; it can list every number (§2.4)

_WIRE_ERRORS = (HTTPError, http.client.HTTPException, OSError, ValueError, LookupError)

MayWrite = Callable[[], bool]


class Client:
    """Keep-alive connections to one gateway, for many threads; after a fork the child makes its own.

    ``gateway_url`` is the address that ``push.php`` and ``push_bulk.php`` live under; ValueError where it can't be one.
    ``timeout`` is the number of seconds for one whole exchange: waiting for a free connection, connecting, TLS,
    writing and reading. Only the look-up of the name can overrun it, and nothing is sent then.
    ``max_connections`` is the number of exchanges at a time; further threads wait.
    ``clock`` is monotonic, in seconds.

    Certificates are verified against the system's authorities, or those of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``.
    """

    def __init__(
        self, gateway_url: str, *, timeout: float = 10.0, max_connections: int = 64, clock: Clock = time.monotonic
    ) -> None:
        self._address = _Address.parse(gateway_url)
        self._timeout = timeout
        self._max_connections = max_connections
        self._clock = clock
        self._pools: dict[int, _Pool] = {}

    def send(
        self, sms: Sms, *, transport: Literal["json", "get"] = "json", may_write: MayWrite | None = None
    ) -> Outcome:
        """Submit one message (§2.1).

        ``may_write`` is asked once, connected and right before the first byte; False ends the exchange as NOT_SENT.
        Whatever the wire does, nothing is raised.
        """
        if transport == "get":
            exchange = _Exchange("GET", "push.php", may_write, query=encode_query(sms))
        else:
            exchange = _Exchange("POST", "push.php", may_write, body=encode_json(sms))
        return self._outcome(exchange, MAX_ANSWER, single_answer)

    def send_bulk(self, bulk: BulkSms, *, may_write: MayWrite | None = None) -> Outcome:
        """Submit one text for many recipients (§2.4); otherwise as :meth:`send`."""
        exchange = _Exchange("POST", "push_bulk.php", may_write, body=encode_bulk(bulk))
        return self._outcome(exchange, MAX_BULK_ANSWER, bulk_answer)

    def close(self) -> None:
        """Close the idle connections, and busy ones when they are done. Sending again opens new ones."""
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _outcome(
        self, exchange: "_Exchange", limit: int, judge: Callable[[int, bytes], Answer | BulkAnswer]
    ) -> Outcome:
        started = self._clock()
        exchange.deadline = Deadline(self._timeout, self._clock)
        answer: Answer | BulkAnswer | None = None
        try:
            body = self._ask(exchange, limit)
            fate, answer, detail = Fate.ANSWERED, judge(exchange.status, body), ""
        except NotSent as reason:
            fate, detail = Fate.NOT_SENT, str(reason)
        except Unclear as reason:
            fate, detail = Fate.AMBIGUOUS, str(reason)
        return Outcome(fate, answer, exchange.status or None, detail, self._clock() - started)

    def _ask(self, exchange: "_Exchange", limit: int) -> bytes:
        """Write the request and read the answer's body, its HTTP status put down. Raises NotSent or Unclear."""
        try:
            response = self._pool().urlopen(
                exchange.method,
                self._address.path + exchange.page,
                body=cast(Any, exchange),  # the one argument that comes to the connection untouched
                headers={"Host": self._address.authority, **exchange.headers},
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
                pool_timeout=cast(int, self._timeout),  # fractions are fine
            )
            exchange.status = response.status
            body = _body(response, limit)
        except (EmptyPoolError, ClosedPoolError):
            raise NotSent("no connection became free in time") from None
        except _WIRE_ERRORS as error:
            if not exchange.touched:
                raise
            raise Unclear(exchange.loss(error)) from None
        if exchange.stream is not None and exchange.stream.surplus:
            raise Unclear("the answer is longer than its length says")
        return body

    def _pool(self) -> "_Pool":
        """The connections of this process. No lock: a fork could copy it locked."""
        pid = os.getpid()
        pool = self._pools.get(pid)
        if pool is None:
            for other in set(self._pools) - {pid}:
                forsaken = self._pools.pop(other, None)
                if forsaken is not None:
                    forsaken.forsake()
            pool = self._pools.setdefault(pid, self._new_pool())
        return pool

    def _new_pool(self) -> "_Pool":
        return _Pool(
            self._address.host,
            self._address.port,
            maxsize=self._max_connections,
            block=True,
            socket_options=_socket_options(self._timeout),
            tls=ssl.create_default_context() if self._address.tls else None,
            clock=self._clock,
        )


@dataclass(frozen=True, slots=True)
class _Address:
    """Where the gateway is: ``authority`` is the Host header, ``path`` ends with a slash."""

    tls: bool
    host: str
    port: int
    authority: str
    path: str

    @classmethod
    def parse(cls, url: str) -> Self:
        try:
            parts = parse_url(url)
        except LocationParseError:
            parts = parse_url("")
        if parts.scheme not in ("http", "https") or not parts.host or parts.auth or parts.query or parts.fragment:
            raise ValueError(
                "The gateway's URL must be http or https, with a host and a path alone: https://www.pling.as/psk/"
            )
        tls = parts.scheme == "https"
        path = (parts.path or "").rstrip("/") + "/"
        return cls(tls, parts.host, parts.port or (443 if tls else 80), parts.netloc or parts.host, path)


@dataclass(slots=True)
class _Exchange:
    """One request under way. ``touched``: a byte of it may have left; ``status``: 0 until an answer came."""

    method: str
    page: str
    may_write: MayWrite | None
    query: str = ""
    body: bytes = b""
    deadline: Deadline = field(init=False)
    stream: AnswerStream | None = None
    touched: bool = False
    status: int = 0

    @property
    def headers(self) -> dict[str, str]:
        if self.method == "GET":
            return {"User-Agent": "django-front-sms"}
        return {
            "User-Agent": "django-front-sms",
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Content-Length": str(len(self.body)),
        }

    def loss(self, error: Exception) -> str:
        """Why no complete answer came: the kind of the error, since its words could quote the answer."""
        try:
            self.deadline.left()
        except TimeoutError:
            return "no complete answer in time"
        cause = next((part for part in error.args if isinstance(part, Exception)), error)
        return f"no complete answer: {type(cause).__name__}"


class _Connection(HTTPConnection):
    """A connection that keeps its exchange's deadline and asks before the first byte."""

    auto_open = 0  # http.client would reconnect without a word
    _exchange: _Exchange

    def __init__(self, *args: Any, tls: ssl.SSLContext | None, clock: Clock, **options: Any) -> None:
        super().__init__(*args, **options)
        self._tls = tls
        self._clock = clock
        self._line: DeadlineSocket | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the pool may lend it again."""
        line = self._line
        return line is not None and not line.surplus and line.idle < MAX_IDLE and super().is_connected

    def connect(self) -> None:
        deadline = self._exchange.deadline
        try:
            sock = dial(self.host, self.port, deadline, self.socket_options or ())
            if self._tls is not None:
                sock = secure(sock, self._tls, self.host, deadline)
        except (OSError, UnicodeError) as error:
            raise NotSent(_connect_failure(error)) from None
        self._line = DeadlineSocket(sock, deadline, self._clock)
        self.sock = cast(socket.socket, self._line)

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any) -> None:
        self._exchange = cast(_Exchange, body)
        if self.is_closed:
            self.connect()
        super().request(method, url, None, headers, **options)

    def putrequest(self, method: str, url: str, *args: Any, **options: Any) -> None:
        query = self._exchange.query
        super().putrequest(method, f"{url}?{query}" if query else url, *args, **options)

    def send(self, data: Any) -> None:
        """Write the head, which http.client hands over in one piece, and the body behind it."""
        exchange, line = self._exchange, cast(DeadlineSocket, self._line)
        line.deadline = exchange.deadline
        if exchange.may_write is not None and not exchange.may_write():
            raise NotSent("held back: may_write said no")
        unsent = memoryview(data + exchange.body)
        exchange.touched = True
        try:
            unsent = unsent[line.send(unsent) :]
        except OSError as error:
            if self._tls is not None:
                raise  # TLS may have passed on a part
            raise NotSent(_connect_failure(error)) from None  # the kernel took nothing
        while unsent:
            unsent = unsent[line.send(unsent) :]

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3's, as its own does
        """As urllib3's own, which logs the headers that it can't read."""
        answer = http.client.HTTPConnection.getresponse(self)
        self._exchange.stream = self._line.stream if self._line else None
        return HTTPResponse(
            body=answer,
            headers=HTTPHeaderDict(answer.msg.items()),
            status=answer.status,
            version=answer.version,
            reason=answer.reason,
            preload_content=False,
            decode_content=False,
            original_response=answer,
            enforce_content_length=True,
            request_method=self._exchange.method,
        )


class _FreeConnections(queue.LifoQueue[Any]):
    """The one used last is lent first. A forked child takes nothing out: the lock it inherited may be held for ever."""

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._pid = os.getpid()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if os.getpid() != self._pid:
            raise queue.Empty
        return super().get(block, timeout)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection
    QueueCls = _FreeConnections

    def forsake(self) -> None:
        """In a forked child: let go of the parent's sockets. Not a word goes out on them."""
        for connection in list(self.pool.queue if self.pool else ()):
            if connection is not None:
                connection.close()


def _socket_options(timeout: float) -> list[SocketOption]:
    """What a given-up request needs in order not to be delivered later, and no delay for small packets."""
    options: list[SocketOption] = [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)),  # closing drops what is not yet delivered
    ]
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        options.append((socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(1, int(timeout * 1000))))
    return options


def _connect_failure(error: Exception) -> str:
    match error:
        case socket.gaierror() | UnicodeError():
            return "the gateway's name was not found"
        case ssl.SSLCertVerificationError():
            return f"the gateway's certificate was refused: {error.verify_message}"
        case TimeoutError():
            return "no connection in time"
        case ssl.SSLError():
            return f"TLS failed: {error.reason}"
        case OSError(errno=int(number)):
            return f"no connection: {os.strerror(number)}"
    return f"no connection: {type(error).__name__}"


def _body(response: BaseHTTPResponse, limit: int) -> bytes:
    """Read the answer's body, at most ``limit`` bytes, and give the connection back, closed unless it is at its end."""
    try:
        status = response.status
        if not (200 <= status < 300 or 400 <= status < 500):
            raise Unclear(f"HTTP {status}")
        length = response.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            raise Unclear("the answer's length is unreadable")
        body = b""
        while part := response.read(limit + 1 - len(body)):
            body += part
            if len(body) > limit:
                raise Unclear("the answer is too large")
        return body
    finally:
        response.close()
        response.release_conn()
