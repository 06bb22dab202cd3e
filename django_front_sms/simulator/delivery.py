"""Carries pushes to the customer's site (§2.3, §2.5) and tells whether they were taken."""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from .pushes import Push, Reply
from .recording import KEEP_AT_MOST

TIMEOUT = 60.0  # §2.5.1, seconds
READ_AT_MOST = 65_536  # bytes of the site's answer


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
