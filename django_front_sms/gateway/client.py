"""One exchange with the gateway over HTTP (§2.1, §2.4): one request, written at most once, within one deadline.

No request is retried and no redirect is followed; `outcome` describes the possible results.

urllib3 pools the connections and detects dropped ones; it never sees a request. Its `urlopen` handles retries,
redirects and encodings that are not wanted here, and costs as much as the rest of the exchange.

Log records and errors never contain a text, a number or a password. Proxies named in the environment are not used:
the gateway identifies its customers by their IP address (§1.1).
"""

import http.client
import os
import queue
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self, cast

from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ClosedPoolError, EmptyPoolError, HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from django_front_sms.gateway.deadline import AnswerStream, Clock, Deadline, DeadlineSocket, SocketOption, dial, secure
from django_front_sms.gateway.outcome import ExchangeResult, NotSent, ResultKind, Unclear, bulk_answer, single_answer
from django_front_sms.gateway.submit import Answer, BulkAnswer, BulkSms, Sms, encode_bulk, encode_json, encode_query

__all__ = ["Client", "ExchangeResult", "ResultKind"]

MAX_IDLE = 5.0  # seconds; a server or firewall may drop an older connection without a FIN or RST
MAX_ANSWER = 64 * 1024  # bytes
MAX_BULK_ANSWER = 4 * 1024 * 1024  # bytes; it can list every number (§2.4)

_WIRE_ERRORS = (HTTPError, http.client.HTTPException, OSError, ValueError, LookupError)

_ABOUT_US = "User-Agent: django-front-sms\r\nAccept-Encoding: identity\r\n"
_ABOUT_JSON = "Accept: application/json\r\nContent-Type: application/json\r\n"

MayWrite = Callable[[], bool]


class Client:
    """Keep-alive connections to one gateway, for many threads; after a fork the child opens new ones.

    `gateway_url` is the URL below which `push.php` and `push_bulk.php` are; raises ValueError if it cannot be used.
    `timeout` is the number of seconds for one whole exchange: waiting for a free connection, connecting, TLS,
    writing and reading. Only the DNS lookup can exceed it, and nothing is sent then.
    `max_connections` is the number of exchanges at a time; further threads wait.
    `clock` is monotonic, in seconds.

    Certificates are verified against the system's authorities, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
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
    ) -> ExchangeResult:
        """Submit one message (§2.1).

        `may_write` is called once, right before the first byte; False ends the exchange as NOT_SENT. Raises no
        exception for network errors.
        """
        if transport == "get":
            exchange = _Exchange("GET", f"push.php?{encode_query(sms)}", may_write)
        else:
            exchange = _Exchange("POST", "push.php", may_write, body=encode_json(sms))
        return self._outcome(exchange, MAX_ANSWER, single_answer)

    def send_bulk(self, bulk: BulkSms, *, may_write: MayWrite | None = None) -> ExchangeResult:
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
    ) -> ExchangeResult:
        started = self._clock()
        exchange.deadline = Deadline(self._timeout, self._clock)
        answer: Answer | BulkAnswer | None = None
        try:
            body = self._ask(exchange, limit)
            kind, answer, detail = ResultKind.ANSWERED, judge(exchange.status, body), ""
        except NotSent as reason:
            kind, detail = ResultKind.NOT_SENT, str(reason)
        except Unclear as reason:
            kind, detail = ResultKind.AMBIGUOUS, str(reason)
        return ExchangeResult(kind, answer, exchange.status or None, detail, self._clock() - started)

    def _ask(self, exchange: "_Exchange", limit: int) -> bytes:
        """Write the request, read the answer and set `exchange.status`; return the body. Raises NotSent or Unclear."""
        try:
            body = self._pool().ask(exchange, limit, self._timeout)
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
                inherited = self._pools.pop(other, None)
                if inherited is not None:
                    inherited.close_inherited()
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
            address=self._address,
        )


@dataclass(frozen=True, slots=True)
class _Address:
    """The address of the gateway: `authority` is the Host header, `path` ends with a slash."""

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
        if not parts.host or not cls._is_plain(parts):
            raise ValueError(
                "GATEWAY_URL must be http or https, with a host and a path and nothing else: https://www.pling.as/psk/"
            )
        tls = parts.scheme == "https"
        path = (parts.path or "").rstrip("/") + "/"
        return cls(tls, parts.host, parts.port or (443 if tls else 80), parts.netloc or parts.host, path)

    @staticmethod
    def _is_plain(parts: Url) -> bool:
        """Whether the URL has a scheme of HTTP, and no user, query or fragment."""
        return parts.scheme in ("http", "https") and not (parts.auth or parts.query or parts.fragment)


@dataclass(slots=True)
class _Exchange:
    """One request. `touched`: a byte of it may have been sent; `status`: 0 until an answer arrives."""

    method: str
    page: str
    may_write: MayWrite | None
    body: bytes = b""
    deadline: Deadline = field(init=False)
    stream: AnswerStream | None = None
    touched: bool = False
    status: int = 0

    def request(self, address: _Address) -> bytes:
        """The head and body of the request, in bytes."""
        head = f"{self.method} {address.path}{self.page} HTTP/1.1\r\nHost: {address.authority}\r\n{_ABOUT_US}"
        if self.method == "POST":
            head += f"{_ABOUT_JSON}Content-Length: {len(self.body)}\r\n"
        return f"{head}\r\n".encode("ascii") + self.body

    def loss(self, error: Exception) -> str:
        """The reason for a missing answer: the type of the error only, because its text could quote the answer."""
        try:
            self.deadline.left()
        except TimeoutError:
            return "no complete answer in time"
        cause = next((part for part in error.args if isinstance(part, Exception)), error)
        return f"no complete answer: {type(cause).__name__}"


class _Connection(HTTPConnection):
    """A connection that keeps its exchange's deadline and calls `may_write` before the first byte."""

    _exchange: _Exchange

    def __init__(self, *args: Any, tls: ssl.SSLContext | None, clock: Clock, **options: Any) -> None:
        super().__init__(*args, **options)
        self._tls = tls
        self._clock = clock
        self._line: DeadlineSocket | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the pool may reuse it."""
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

    def write(self, exchange: _Exchange, request: bytes) -> None:
        """Send the request, after connecting where needed."""
        self._exchange = exchange
        if self.is_closed:
            self.connect()
        line = cast(DeadlineSocket, self._line)
        line.deadline = exchange.deadline
        if exchange.may_write is not None and not exchange.may_write():
            raise NotSent("not sent: may_write returned False")
        unsent = memoryview(request)
        exchange.touched = True
        try:
            unsent = unsent[line.send(unsent) :]
        except OSError as error:
            if self._tls is not None:
                raise  # TLS may have sent a part
            raise NotSent(_connect_failure(error)) from None  # no byte was sent
        while unsent:
            unsent = unsent[line.send(unsent) :]

    def read(self, limit: int) -> bytes:
        """Read the answer's body; the exchange gets its status as soon as that is known."""
        answer = http.client.HTTPResponse(cast(socket.socket, self._line), method=self._exchange.method)
        try:
            answer.begin()
            self._exchange.stream = self._line.stream if self._line else None
            self._exchange.status = answer.status
            body = _body(answer, limit)
        finally:
            answer.close()
        if answer.will_close:
            self.close()
        return body


class _FreeConnections(queue.LifoQueue[Any]):
    """Returns the connection used last. In a forked child it is replaced: the inherited lock may be held for ever."""

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

    def __init__(self, host: str, port: int, *, address: _Address, **options: Any) -> None:
        super().__init__(host, port, **options)
        self._address = address

    def ask(self, exchange: _Exchange, limit: int, pool_timeout: float) -> bytes:
        """Write the request and read the answer's body, on a connection that is free within `pool_timeout` seconds."""
        with self._borrowed(pool_timeout) as connection:
            connection.write(exchange, exchange.request(self._address))
            return connection.read(limit)

    @contextmanager
    def _borrowed(self, pool_timeout: float) -> Iterator[_Connection]:
        """Lend a connection, and close it where the exchange fails.

        `_get_conn` and `_put_conn` are private to urllib3, and used here alone; the tests name the versions that were
        tried. Raises `EmptyPoolError` where none becomes free within `pool_timeout` seconds.
        """
        connection = cast(_Connection, self._get_conn(pool_timeout))
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        finally:
            self._put_conn(connection)

    def close_inherited(self) -> None:
        """In a forked child: close the parent's sockets, without sending anything."""
        for connection in list(self.pool.queue if self.pool else ()):
            if connection is not None:
                connection.close()


def _socket_options(timeout: float) -> list[SocketOption]:
    """Options that keep the kernel from delivering a request after it was given up, or from delaying small packets."""
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


def _body(answer: http.client.HTTPResponse, limit: int) -> bytes:
    """Read the answer's body, at most `limit` bytes."""
    if not (200 <= answer.status < 300 or 400 <= answer.status < 500):
        raise Unclear(f"HTTP {answer.status}")
    length = ", ".join(answer.headers.get_all("Content-Length", ["0"]))
    if not (length.isascii() and length.isdigit()):
        raise Unclear("the answer's length is unreadable")
    if answer.length is not None:
        if answer.length > limit:
            raise Unclear("the answer is too large")
        return answer.read()
    body = b""
    while part := answer.read(limit + 1 - len(body)):
        body += part
        if len(body) > limit:
            raise Unclear("the answer is too large")
    return body
