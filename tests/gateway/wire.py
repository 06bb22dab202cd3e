"""A socket server that a test scripts byte by byte. It does not use the encoders of the package."""

import os
import queue
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Self

HANG_TIMEOUT = 20  # seconds after which a test that hangs fails


class Line:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.requests: list[bytes] = []

    def read(self) -> bytes:
        """Read one complete request; b"" if the client closed the connection."""
        received = b""
        while b"\r\n\r\n" not in received:
            part = self.sock.recv(65536)
            if not part:
                return b""
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            part = self.sock.recv(65536)
            if not part:
                return b""
            body += part
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]

    def write(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self) -> None:
        """Send one byte per packet, until the client closes the connection."""
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                self.write(b"a")
        except OSError:
            return

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def ending(self) -> str:
        """Return how the client ends the connection: "close" or "reset"."""
        bare = socket.socket(fileno=os.dup(self.sock.fileno()))  # TLS would hide the difference
        bare.settimeout(HANG_TIMEOUT)
        try:
            while bare.recv(65536):
                pass
        except ConnectionResetError:
            return "reset"
        finally:
            bare.close()
        return "close"


Script = Callable[[Line], None]


class Server:
    """Accepts connections on a free port and runs the script on each, in its own thread.

    `lines` are the connections so far; what a script puts into `notes` a test takes out with `note()`.
    """

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script, self.tls = script, tls
        self.lines: list[Line] = []
        self.notes: queue.Queue[object] = queue.Queue()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/psk/"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def requests(self) -> list[bytes]:
        return [request for line in self.lines for request in line.requests]

    def note(self) -> object:
        return self.notes.get(timeout=HANG_TIMEOUT)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.settimeout(HANG_TIMEOUT)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            line = Line(self.tls.wrap_socket(sock, server_side=True) if self.tls else sock)
            self.lines.append(line)
            with line.sock:
                self.script(line)
        except OSError:
            sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def framed(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    """An answer with its right length."""
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def answers(*replies: bytes) -> Script:
    """Answer the first request of each connection with the first reply, and so on; then close."""

    def script(line: Line) -> None:
        for reply in replies:
            if not line.read():
                return
            line.write(reply)

    return script


def always(reply: bytes) -> Script:
    def script(line: Line) -> None:
        while line.read():
            line.write(reply)

    return script


class Clock:
    """A clock that changes only when it is advanced, or advances by `step` seconds at each reading."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step = 1000.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now
