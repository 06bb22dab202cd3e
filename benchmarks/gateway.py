"""A stand-in for the gateway that is fast enough not to be the bottleneck: it reads no request, and accepts everything.

Runs as a process of its own: `python -m benchmarks.gateway LATENCY_SECONDS` prints its port. One thread, one epoll, no
HTTP library: a request ends where its Content-Length says, or with its head.
"""

import heapq
import itertools
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"


@contextmanager
def gateway(latency: float) -> Iterator[str]:
    """A stand-in that takes `latency` seconds to answer, in a process of its own; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.gateway", str(latency)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/psk/"
    finally:
        process.terminate()
        process.wait()


class Line:
    """One kept-alive connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.unread = b""

    def requests(self) -> int:
        """Read what is there; how many requests ended with it. -1: the other side has hung up."""
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
            self.unread = self.unread[whole:]
            count += 1
        return count


def serve(listener: socket.socket, latency: float) -> None:
    """Answer until the process is ended."""
    poll, lines = select.epoll(), dict[int, Line]()
    poll.register(listener, select.EPOLLIN)
    ids, order = itertools.count(1), itertools.count()
    due: list[tuple[float, int, int]] = []  # when, in which order, on which connection

    def answer(number: int) -> None:
        body = b'{"id": %d, "errorcode": 0, "description": "OK"}' % next(ids)
        if line := lines.get(number):
            try:
                line.sock.send(_HEAD % (len(body), body))
            except OSError:
                close(number)

    def close(number: int) -> None:
        lines.pop(number).sock.close()  # which takes it out of the epoll

    while True:
        for number, _events in poll.poll(max(0.0, due[0][0] - time.monotonic()) if due else None):
            if number == listener.fileno():
                sock, _address = listener.accept()
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                poll.register(sock, select.EPOLLIN)
                lines[sock.fileno()] = Line(sock)
                continue
            requests = lines[number].requests()
            if requests < 0:
                close(number)
            for _ in range(requests):
                if latency:
                    heapq.heappush(due, (time.monotonic() + latency, next(order), number))
                else:
                    answer(number)
        while due and due[0][0] <= time.monotonic():
            answer(heapq.heappop(due)[2])


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as server:
        print(server.getsockname()[1], flush=True)
        serve(server, float(sys.argv[1]))
