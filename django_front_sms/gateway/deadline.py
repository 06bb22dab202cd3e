"""Sockets with one deadline for the whole exchange.

A timeout for each read restarts with every byte, so a slow server could keep a connection open for ever. Here each
operation gets only the time that is left.
"""

import io
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

Clock = Callable[[], float]
SocketOption = tuple[int, int, int | bytes]


class Deadline:
    """A time on a monotonic clock, `seconds` from now."""

    __slots__ = ("_at", "_clock")

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._at = clock() + seconds

    def left(self) -> float:
        """Seconds left, more than 0; raises TimeoutError when there are none."""
        seconds = self._at - self._clock()
        if seconds <= 0:
            raise TimeoutError("the deadline has passed")
        return seconds


def dial(host: str, port: int, deadline: Deadline, options: Iterable[SocketOption] = ()) -> socket.socket:
    """Connect over TCP before the deadline; raises OSError, or UnicodeError for an invalid host name.

    Each address of the name gets an equal share of the time, so that one that does not respond leaves time for the
    next. Resolving the name has the resolver's own timeouts: it can exceed the deadline, and the exchange then ends.
    """
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure: OSError = OSError("the name has no address")
    for untried, (family, kind, protocol, _, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        seconds = deadline.left() / untried
        try:
            return _connected(socket.socket(family, kind, protocol), address, seconds, options)
        except OSError as error:
            failure = error
    raise failure


def _connected(sock: socket.socket, address: Any, seconds: float, options: Iterable[SocketOption]) -> socket.socket:
    try:
        for option in options:
            sock.setsockopt(*option)
        sock.settimeout(seconds)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def secure(sock: socket.socket, context: ssl.SSLContext, host: str, deadline: Deadline) -> ssl.SSLSocket:
    """Complete the TLS handshake before the deadline; raises OSError (or ssl.SSLError) and then closes the socket."""
    try:
        sock.settimeout(deadline.left())
        return context.wrap_socket(sock, server_hostname=host)
    except BaseException:
        sock.close()
        raise


class DeadlineSocket:
    """The part of a connected socket, TCP or TLS, that `http.client` and urllib3 use.

    Set `deadline` before each exchange; reading and writing raise TimeoutError after it. `stream` is the latest answer.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline, clock: Clock = time.monotonic) -> None:
        self._sock = sock
        self._clock = clock
        self.deadline = deadline
        self.stream: AnswerStream | None = None
        self._used_at = clock()

    @property
    def idle(self) -> float:
        """Seconds since the last byte was received, or since connecting."""
        return self._clock() - self._used_at

    @property
    def surplus(self) -> bool:
        """Whether more was received than the length of the latest answer. Such a socket must not be used again."""
        return self.stream is not None and self.stream.surplus

    def send(self, data: bytes | memoryview) -> int:
        """Pass some of the bytes to the kernel and return how many."""
        self._sock.settimeout(self.deadline.left())
        return self._sock.send(data)

    def recv_into(self, stream: io.RawIOBase, buffer: Any) -> int | None:
        """Read available bytes from a stream of this socket."""
        self._sock.settimeout(self.deadline.left())
        count = stream.readinto(buffer)
        self._used_at = self._clock()
        return count

    def makefile(self, mode: str) -> io.BufferedReader:
        """One answer as a stream. Closing the socket waits for closing the stream, as with real sockets."""
        self.stream = AnswerStream(_DeadlineStream(self, self._sock.makefile("rb", buffering=0)))
        return self.stream

    def fileno(self) -> int:
        return self._sock.fileno()

    def settimeout(self, seconds: float | None) -> None:
        """Do nothing: the deadline applies."""

    def close(self) -> None:
        self._sock.close()


class _DeadlineStream(io.RawIOBase):
    """The bytes of a socket, each read within the time that is left."""

    def __init__(self, sock: DeadlineSocket, stream: io.RawIOBase) -> None:
        self._socket = sock
        self._stream = stream
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        return None if self._ended else self._socket.recv_into(self._stream, buffer)

    def end(self) -> None:
        """Report the end of the stream from now on, without waiting."""
        self._ended = True

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            super().close()


class AnswerStream(io.BufferedReader):
    """One answer. After closing, `surplus` is True if more was received than its length."""

    raw: _DeadlineStream
    surplus = False

    def close(self) -> None:
        if self.closed:
            return
        self.raw.end()
        self.surplus = bool(self.peek(1))
        super().close()
