"""The gateway stand-in: answers after 0 to 20 ms, and pushes two statuses for each message over HTTP.

For each ten messages it also pushes an SMS, and for each thousand an MMS. One thread, one epoll, like
`benchmarks.gateway`; at SIGTERM it writes its log, with the duration of each answer, into a file.
"""

import argparse
import base64
import hashlib
import heapq
import json
import os
import random
import select
import signal
import socket
import time
from array import array
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.gateway import Server

LATENCY = 0.02  # seconds at most
STATUSES = ((-1, 0.3), (4, 1.5))  # status, and seconds after the answer
SMS_EVERY, MMS_EVERY = 10, 1000  # messages
PICTURE = 150_000  # bytes
AT_ONCE = 16  # connections, as the threads of a sender
TRIES, PAUSE = 3, 5.0  # §2.5: three tries; here seconds apart, not minutes


@dataclass
class Push:
    kind: str
    request: bytes
    due: float
    tries: int = 0
    digest: str = ""


@dataclass
class Log:
    """The log of the gateway. `at`, `ms` and `late_ms` have an entry for each answered push, in order of `kinds`."""

    answered: int = 0  # messages
    refused: list[str] = field(default_factory=list)  # tries that were not answered with 200
    given_up: int = 0
    open: int = 0  # pushes that were not done at the end
    pictures: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    at: array = field(default_factory=lambda: array("d"))  # time.time() of the answer
    ms: array = field(default_factory=lambda: array("f"))  # from the request to its answer
    late_ms: array = field(default_factory=lambda: array("f"))  # from when it was due to the request

    def write(self, path: Path) -> None:
        values = {name: list(value) if isinstance(value, array) else value for name, value in vars(self).items()}
        path.write_text(json.dumps(values))


class Call:
    """One connection to the site, and the push that it carries."""

    def __init__(self, address: tuple[str, int], poll: select.epoll) -> None:
        self.poll = poll
        self.sock = socket.create_connection(address, timeout=10)
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(self.sock, select.EPOLLIN)
        self.push: Push | None = None
        self.unsent, self.answer, self.began = memoryview(b""), b"", 0.0

    def begin(self, push: Push) -> None:
        self.push, self.unsent, self.answer, self.began = push, memoryview(push.request), b"", time.monotonic()
        self.send()

    def send(self) -> None:
        with suppress(BlockingIOError):
            self.unsent = self.unsent[self.sock.send(self.unsent) :]
        self.poll.modify(self.sock, select.EPOLLIN | (select.EPOLLOUT if self.unsent else 0))

    def read(self) -> str | None:
        """The status of a complete answer; None while it is incomplete. Raises `OSError` if the site has closed."""
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionResetError
        self.answer += data
        head, _, body = self.answer.partition(b"\r\n\r\n")
        is_chunked = b"transfer-encoding: chunked" in head.lower()
        whole = body.endswith(b"0\r\n\r\n") if is_chunked else len(body) >= _length(head)
        return head[9:12].decode() if body and whole else None

    @property
    def will_be_closed(self) -> bool:
        head, _, _body = self.answer.lower().partition(b"\r\n\r\n")
        return b"\r\nconnection: close" in head

    def close(self) -> None:
        self.sock.close()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 1


class Front(Server):
    def __init__(self, listener: socket.socket, site: tuple[str, int], paths: dict[str, str]) -> None:
        super().__init__(listener, LATENCY)
        self.site, self.paths, self.log = site, paths, Log()
        self.waiting: list[tuple[float, int, Push]] = []
        self.calls: dict[int, Call] = {}
        self.idle: deque[Call] = deque()
        self.is_stopping = False
        self.counter = 0

    def next_latency(self) -> float:
        return random.uniform(0, LATENCY)

    def serve(self) -> None:
        while not self.is_stopping:
            for number, events in self.poll.poll(self._pause()):
                if call := self.calls.get(number):
                    self._proceed(call, events)
                elif number == self.listener.fileno():
                    self.accept()
                elif number in self.connections:
                    self.read(number)
            now = time.monotonic()
            while self.due and self.due[0][0] <= now:
                self.answer(heapq.heappop(self.due)[2])
            self._push_what_is_due(now)
        self.log.open = len(self.waiting) + sum(call.push is not None for call in self.calls.values())

    def _pause(self) -> float:
        due = [heap[0][0] for heap in (self.due, self.waiting if self._has_room() else ()) if heap]
        return min(0.2, max(0.0, min(due) - time.monotonic())) if due else 0.2

    def _has_room(self) -> bool:
        return bool(self.idle) or len(self.calls) < AT_ONCE

    # ---- The pushes of a message

    def answer(self, number: int) -> int:
        given, now = super().answer(number), time.monotonic()
        self.log.answered += 1
        for status, after in STATUSES:
            path = f"{self.paths['status']}?status={status}&origid={given}"
            self._plan(Push("status", self._head("GET", path), now + after))
        if self.log.answered % SMS_EVERY == 0:
            self._plan(self._sms(now + 1))
        if self.log.answered % MMS_EVERY == 0:
            self._plan(self._mms(now + 2))
        return given

    def _plan(self, push: Push) -> None:
        heapq.heappush(self.waiting, (push.due, next(self.order), push))

    def _head(self, method: str, path: str, body: bytes = b"") -> bytes:
        length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        return f"{method} {path} HTTP/1.1\r\nHost: {self.site[0]}\r\n{length}\r\n".encode() + body

    def _sms(self, due: float, **more: object) -> Push:
        """§2.5.1."""
        self.counter += 1
        push = {
            "id": self.counter,
            "to": "26114",
            "from": f"+479{random.randrange(60_000):07}",
            "text": random.choice(("Takk, det passer fint", "NEI", "Kan jeg få en annen tid?")),
            "sent": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "counter": self.counter,
            "keyword": "TIME",
            "files": [],
            **more,
        }
        return Push("inbound", self._head("POST", self.paths["inbound"], json.dumps(push).encode()), due)

    def _mms(self, due: float) -> Push:
        picture = b"\xff\xd8\xff\xe0" + os.urandom(PICTURE)
        file = {"id": 1, "contentType": "image/jpeg;Name=a.jpg", "fileName": "a.jpg"}
        push = self._sms(due, files=[{**file, "fileData": base64.b64encode(picture).decode()}])
        push.kind, push.digest = "mms", hashlib.sha256(picture).hexdigest()
        return push

    # ---- Sending pushes

    def _push_what_is_due(self, now: float) -> None:
        while self.waiting and self.waiting[0][0] <= now and self._has_room():
            push = heapq.heappop(self.waiting)[2]
            push.tries += 1
            call = self.idle.popleft() if self.idle else self._connect(push)
            if call is not None:
                try:
                    call.begin(push)
                except OSError as error:
                    self._failed(call, type(error).__name__)

    def _connect(self, push: Push) -> Call | None:
        try:
            call = Call(self.site, self.poll)
        except OSError as error:
            self._again(push, type(error).__name__)
            return None
        self.calls[call.sock.fileno()] = call
        return call

    def _proceed(self, call: Call, events: int) -> None:
        try:
            if call.unsent and events & select.EPOLLOUT:
                call.send()
            if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR) and (status := call.read()):
                self._done(call, status)
        except BlockingIOError:
            return
        except OSError as error:
            self._failed(call, type(error).__name__)

    def _done(self, call: Call, status: str) -> None:
        push, now = call.push, time.monotonic()
        call.push = None
        if call.will_be_closed:
            self._close(call)
        else:
            self.idle.append(call)
        if push is None:
            return
        if status != "200" or b"true" not in call.answer:
            self._again(push, status)
            return
        log = self.log
        log.kinds.append(push.kind)
        log.at.append(time.time())
        log.ms.append((now - call.began) * 1000)
        log.late_ms.append(max(0.0, call.began - push.due) * 1000)
        if push.digest:
            log.pictures.append(push.digest)

    def _failed(self, call: Call, why: str) -> None:
        self._close(call)
        if call.push is not None:
            self._again(call.push, why)

    def _close(self, call: Call) -> None:
        del self.calls[call.sock.fileno()]
        if call in self.idle:
            self.idle.remove(call)
        call.close()

    def _again(self, push: Push, why: str) -> None:
        self.log.refused.append(f"{push.kind}: {why}")
        if push.tries >= TRIES:
            self.log.given_up += 1
            return
        push.due = time.monotonic() + PAUSE
        self._plan(push)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("site", type=int, help="the port of the site on this machine")
    parser.add_argument("status", help="the path of the webhook")
    parser.add_argument("inbound", help="the path of the webhook")
    parser.add_argument("log", type=Path)
    given = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        front = Front(listener, ("127.0.0.1", given.site), {"status": given.status, "inbound": given.inbound})

        def stop(*_: object) -> None:
            front.is_stopping = True

        signal.signal(signal.SIGTERM, stop)
        print(listener.getsockname()[1], flush=True)
        front.serve()
    front.log.write(given.log)


if __name__ == "__main__":
    main()
