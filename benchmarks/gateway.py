"""A minimal gateway that is fast enough not to be the bottleneck: it accepts every request without reading it.

Runs as a separate process: `python -m benchmarks.gateway LATENCY_SECONDS` prints its port. One thread, one epoll, no
HTTP library: a request ends where its Content-Length says, or with its head.
"""

import heapq
import itertools
import queue
import re
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

# A text that begins so, with a time in nanoseconds: the gateway prints how old it is when it arrives, in milliseconds.
STAMP = "Sent at "
_STAMPED = re.compile(STAMP.encode() + rb"(\d+)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"


@contextmanager
def gateway(latency: float, ages: "queue.Queue[float] | None" = None) -> Iterator[str]:
    """Run a gateway that answers after `latency` seconds, in a process of its own; yield its address.

    `ages` gets the age in milliseconds of each text with a `STAMP`, when its request arrives.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.gateway", str(latency)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        if ages is not None:
            threading.Thread(target=_read_ages, args=[process.stdout, ages], daemon=True).start()
        yield f"http://127.0.0.1:{port}/psk/"
    finally:
        process.terminate()
        process.wait()


def _read_ages(lines: IO[str], ages: "queue.Queue[float]") -> None:
    for line in lines:
        ages.put(float(line))


class Connection:
    """One kept-alive connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.unread = b""

    def requests(self) -> int:
        """Read the available bytes; return how many requests they complete, -1 if the client has closed."""
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return 0
        except OSError:
            return -1
        if not data:
            return -1
        self.unread += data
        count = 0
        while (end := self.unread.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self.unread, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self.unread) < whole:
                break
            if (start := self.unread.find(STAMP.encode(), 0, whole)) >= 0:
                sent_at = _STAMPED.match(self.unread, start)
                print((time.time_ns() - int(sent_at[1])) / 1e6 if sent_at else 0.0, flush=True)
            self.unread = self.unread[whole:]
            count += 1
        return count


class Server:
    """Answers every request `latency` seconds after it was received."""

    def __init__(self, listener: socket.socket, latency: float) -> None:
        self.listener, self.latency = listener, latency
        self.poll = select.epoll()
        self.poll.register(listener, select.EPOLLIN)
        self.connections: dict[int, Connection] = {}
        self.ids, self.order = itertools.count(1), itertools.count()
        self.due: list[tuple[float, int, int]] = []  # time, order, connection

    def serve(self) -> None:
        """Answer requests until the process is terminated."""
        while True:
            wait = max(0.0, self.due[0][0] - time.monotonic()) if self.due else None
            for number, _events in self.poll.poll(wait):
                if number == self.listener.fileno():
                    self.accept()
                else:
                    self.read(number)
            while self.due and self.due[0][0] <= time.monotonic():
                self.answer(heapq.heappop(self.due)[2])

    def accept(self) -> None:
        sock, _address = self.listener.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.poll.register(sock, select.EPOLLIN)
        self.connections[sock.fileno()] = Connection(sock)

    def read(self, number: int) -> None:
        requests = self.connections[number].requests()
        if requests < 0:
            self.close(number)
        for _ in range(requests):
            if latency := self.next_latency():
                heapq.heappush(self.due, (time.monotonic() + latency, next(self.order), number))
            else:
                self.answer(number)

    def next_latency(self) -> float:
        """Seconds until the next request is answered."""
        return self.latency

    def answer(self, number: int) -> int:
        """Answer one request; return the id that it was given."""
        body = b'{"id": %d, "errorcode": 0, "description": "OK"}' % (given := next(self.ids))
        if connection := self.connections.get(number):
            try:
                connection.sock.send(_HEAD % (len(body), body))
            except OSError:
                self.close(number)
        return given

    def close(self, number: int) -> None:
        self.connections.pop(number).sock.close()  # also removes it from the epoll


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as server:
        print(server.getsockname()[1], flush=True)
        Server(server, float(sys.argv[1])).serve()
