"""Delivery of pushes to the customer's site (§2.3, §2.5) by HTTP."""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from .pushes import Push, Reply
from .recording import MAX_RECORDED

TIMEOUT = 60.0  # §2.5.1, seconds
MAX_ANSWER = 65_536  # bytes of the site's answer that are read


def post(push: Push, *, timeout: float = TIMEOUT) -> Reply:
    """Make the request on a new connection. Follows no redirect and never raises.

    `timeout` covers the whole exchange, in seconds.
    """
    deadline = time.monotonic() + timeout
    sent, received = bytearray(), bytearray()
    try:
        parts = urlsplit(push.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    except (ValueError, http.client.InvalidURL) as error:
        return Reply(None, problem=f"the URL is not usable ({error}); set an absolute http or https address")
    try:
        _record_traffic(connection, sent, received)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        headers = {"Connection": "close", "User-Agent": "front-simulator"}
        if push.body is not None:
            headers["Content-Type"] = push.content_type
        connection.request(push.method, target, push.body, headers)
        response = connection.getresponse()
        return Reply(
            response.status, _read(connection, response, deadline), request=bytes(sent), answer=bytes(received)
        )  # fmt: skip
    except (OSError, ValueError, http.client.HTTPException) as error:
        problem = f"no answer: {type(error).__name__}"
        return Reply(None, problem=problem, request=bytes(sent), answer=bytes(received))
    finally:
        connection.close()


def _record_traffic(connection: http.client.HTTPConnection, sent: bytearray, received: bytearray) -> None:
    """Make `connection` record the bytes that it sends and receives."""
    send = connection.send

    def recording_send(data: Any) -> None:
        send(data)
        sent.extend(data[: MAX_RECORDED - len(sent)])

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            self.fp = io.BufferedReader(_RecordingReader(self.fp, received))

    connection.send = recording_send  # type: ignore[method-assign]
    connection.response_class = Response


class _RecordingReader(io.RawIOBase):
    """Reads from `source` and records the bytes in `received`."""

    def __init__(self, source: io.BufferedReader, received: bytearray) -> None:
        self._source, self._received = source, received

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._source.read1(len(buffer))
        buffer[: len(chunk)] = chunk
        self._received.extend(chunk[: MAX_RECORDED - len(self._received)])
        return len(chunk)

    def close(self) -> None:
        self._source.close()
        super().close()


def _read(connection: http.client.HTTPConnection, response: http.client.HTTPResponse, deadline: float) -> bytes:
    body = b""
    while len(body) < MAX_ANSWER:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if connection.sock is not None:
            connection.sock.settimeout(left)
        chunk = response.read1(MAX_ANSWER)
        if not chunk:
            break
        body += chunk
    return body
