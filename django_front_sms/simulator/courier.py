"""Carries pushes to the customer's site (§2.3, §2.5) and tells whether they were taken."""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from django_front_sms.gateway.push import TRUE

from .noting import KEEP_AT_MOST

if TYPE_CHECKING:
    from .network import Network

TIMEOUT = 60.0  # §2.5.1, seconds
READ_AT_MOST = 65_536  # bytes of the site's answer


@dataclass(frozen=True, slots=True)
class Push:
    """One request to the customer's site. `wanted` is what makes it a success: §2.5.1, §2.5.2."""

    kind: Literal["status", "inbound"]
    url: str = field(repr=False)
    body: bytes | None = field(default=None, repr=False)  # None: a GET
    wanted: Literal["2xx", "true"] = "2xx"
    content_type: str = "application/json"  # of the body

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"

    @property
    def line(self) -> bytes:
        """What stands for the request where nobody saw its bytes."""
        return f"{self.method} {self.url}\r\n\r\n".encode() + (self.body or b"")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the site answered; `status` is None where it gave no answer, and `problem` says why. `request` and
    `answer` are the bytes that went over the wire, as far as there was one."""

    status: int | None
    body: bytes = field(default=b"", repr=False)
    problem: str = ""
    request: bytes = field(default=b"", repr=False)
    answer: bytes = field(default=b"", repr=False)

    def takes(self, push: Push) -> bool:
        """Whether the push counts as delivered."""
        if self.status is None or not 200 <= self.status < 300:
            return False
        return push.wanted == "2xx" or self.body.strip() == TRUE


def append_query(url: str, query: str) -> str:
    """`url` with `query` after the query that it may have already (§2.3: `…/sms/?status=4&origid=145099`)."""
    parts = urlsplit(url)
    return parts._replace(query="&".join(filter(None, (parts.query, query))), fragment="").geturl()


def post(push: Push, *, timeout: float = TIMEOUT) -> Reply:
    """Makes the request, on a connection of its own; follows no redirect and never raises."""
    deadline = time.monotonic() + timeout
    sent, seen = bytearray(), bytearray()
    try:
        parts = urlsplit(push.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    except (ValueError, http.client.InvalidURL) as error:
        return Reply(None, problem=f"the URL is unusable ({error}); set it to an absolute http(s) address")
    try:
        _listen(connection, sent, seen)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        headers = {"Connection": "close", "User-Agent": "front-simulator"}
        if push.body is not None:
            headers["Content-Type"] = push.content_type
        connection.request(push.method, target, push.body, headers)
        response = connection.getresponse()
        return Reply(
            response.status, _read(connection, response, deadline), request=bytes(sent), answer=bytes(seen)
        )  # fmt: skip
    except (OSError, ValueError, http.client.HTTPException) as error:
        problem = f"no answer: {type(error).__name__}"
        return Reply(None, problem=problem, request=bytes(sent), answer=bytes(seen))
    finally:
        connection.close()


def _listen(connection: http.client.HTTPConnection, sent: bytearray, seen: bytearray) -> None:
    """Has `connection` note down what it sends and what it reads, byte for byte."""
    send = connection.send

    def send_noting(data: Any) -> None:
        send(data)
        sent.extend(data[: KEEP_AT_MOST - len(sent)])

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            self.fp = io.BufferedReader(_Tap(self.fp, seen))

    connection.send = send_noting  # type: ignore[method-assign]
    connection.response_class = Response


class _Tap(io.RawIOBase):
    """Reads from `source`, and notes what came."""

    def __init__(self, source: io.BufferedReader, seen: bytearray) -> None:
        self._source, self._seen = source, seen

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._source.read1(len(buffer))
        buffer[: len(chunk)] = chunk
        self._seen.extend(chunk[: KEEP_AT_MOST - len(self._seen)])
        return len(chunk)

    def close(self) -> None:
        self._source.close()
        super().close()


def _read(connection: http.client.HTTPConnection, response: http.client.HTTPResponse, deadline: float) -> bytes:
    body = b""
    while len(body) < READ_AT_MOST:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if connection.sock is not None:
            connection.sock.settimeout(left)
        chunk = response.read1(READ_AT_MOST)
        if not chunk:
            break
        body += chunk
    return body


class Couriers:
    """A few threads that carry what is due, until `stop`. One waits on a slow site, the others go on."""

    def __init__(self, network: Network, threads: int = 4) -> None:
        self._network = network
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"front-courier-{n}", daemon=True) for n in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends the threads; one that waits for a slow site is left behind to end by itself."""
        self._stopped.set()
        self._network.wake()
        for thread in self._threads:
            thread.join(timeout=1)

    def _run(self) -> None:
        while not self._stopped.is_set():
            if not self._network.deliver_next():
                self._network.wait_for_work(0.5)
