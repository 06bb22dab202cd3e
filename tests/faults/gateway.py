"""A pretend gateway with a bad temper, in a process of its own: `python -m tests.faults.gateway --port … --folder …`.

It shares no code with the package. What it accepts goes to `accepted.jsonl` before anybody hears of it; that file is
the truth that a run is judged by. Which fault a request meets follows from the seed, the text, and how often that text
was seen, so that a seed can be played again.

`control.json` in the folder says how it behaves for now: {"calm": bool, "away": bool, "code": int | null}, and where
it pushes to: {"started": bool, "hooks": {service id: [address of statuses, address of inbound messages]}}.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import random
import socket
import struct
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.faults.pushes import Pushes

FIRST_ID = 2**33  # beyond 32 bits
# How often each happens among the requests that meet trouble. "before": not accepted; "after": accepted first.
FAULTS = {
    "timeout before": 10,
    "timeout after": 14,
    "reset before": 7,
    "reset after": 9,
    "500 before": 6,
    "500 after": 8,
    "500 readable after": 6,
    "302 before": 3,
    "302 after": 3,
    "html before": 3,
    "html after": 4,
    "truncated after": 5,
    "wrong shape after": 5,
    "id 0 after": 4,
    "unknown code": 3,
    "refused": 4,
    "drip before": 3,
    "drip after": 5,
    "late": 8,
    "slow": 8,
}


def now() -> float:
    """Seconds on the clock that every process of this machine shares, and that nobody can step."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Log:
    """Append-only; a line is with the kernel before the answer that it is about is written."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, **line: Any) -> None:
        os.write(self._file, (json.dumps({"at": now(), **line}) + "\n").encode())


@dataclass(frozen=True, slots=True)
class Request:
    sender: str
    recipient: str
    text: str
    tag: str  # the password field: which message and attempt this is, and when it was claimed
    price: int = 0
    service: str = ""
    is_get: bool = False

    @classmethod
    def from_query(cls, target: str) -> Self:
        """§2.1.2: Latin-1, unless `encoding` says otherwise."""
        query = urlsplit(target).query
        encoding = "utf-8" if "encoding=utf" in query else "latin-1"
        fields = dict(parse_qsl(query, keep_blank_values=True, encoding=encoding))
        return cls.of(fields, is_get=True)

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        return cls.of(json.loads(body))

    @classmethod
    def of(cls, fields: Mapping[str, Any], *, is_get: bool = False) -> Self:
        return cls(
            sender=fields["fromid"],
            recipient=fields["phoneno"],
            text=fields["txt"],
            tag=str(fields.get("password", "")),
            price=int(fields.get("price", 0)),
            service=str(fields["serviceid"]),
            is_get=is_get,
        )

    @property
    def all(self) -> "list[Request]":
        return [self]

    def words(self, answer: dict[str, Any]) -> bytes:
        """The answer in the form that was asked for (§2.1.1, §2.1.2)."""
        if self.is_get:
            return f"ErrorCode={answer['errorcode']}, ID={answer['id']}".encode()
        return json.dumps(answer).encode()

    @property
    def key(self) -> tuple[str, str, str]:
        return self.sender, self.recipient, self.text

    @property
    def digest(self) -> str:
        return hashlib.sha256("\0".join([*self.key, str(self.price)]).encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Bulk:
    """One text for many (§2.4). Its password has the tags of all, in their order."""

    all: list[Request]

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        fields = json.loads(body)
        tags = str(fields.get("password", "")).split(",")
        return cls(
            [
                Request.of({**fields, "phoneno": recipient, "password": tag})
                for recipient, tag in zip(fields["phoneno"], tags, strict=True)
            ]
        )

    @property
    def digest(self) -> str:
        return self.all[0].digest

    def words(self, answer: dict[str, Any]) -> bytes:
        lists = {"invalidPhoneno": answer.get("invalid", []), "duplicatePhoneno": answer.get("duplicates", [])}
        return json.dumps({"errorcode": answer["errorcode"], "description": answer["description"], **lists}).encode()


class Gateway:
    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.folder = Path(given.folder)
        self.accepted = Log(self.folder / "accepted.jsonl")
        self.seen = Log(self.folder / "seen.jsonl")
        self.filter: dict[tuple[str, str, str], float] = {}
        self.times: dict[str, int] = {}
        self.first_accepted: dict[str, float] = {}
        self.next_id = FIRST_ID
        self.control: dict[str, Any] = {"calm": False, "away": False, "code": None, "started": False, "hooks": {}}
        self.pushes = Pushes(given, self.control, Log(self.folder / "pushed.jsonl"))
        self.longest_stall = 0.0
        self.late: set[asyncio.Task[None]] = set()

    # ---- What a gateway decides

    def accept(self, request: Request | Bulk, how: str = "") -> dict[str, Any]:
        """What the answer says to a request that meets no refusal."""
        return self.accept_bulk(request, how) if isinstance(request, Bulk) else self.accept_one(request, how)

    def accept_bulk(self, bulk: Bulk, how: str) -> dict[str, Any]:
        """No filter is documented, and no ids. A number here and there is left out, and the answer names it."""
        left_out: dict[int, list[str]] = {1: [], 17: []}
        for request in bulk.all:
            kind = random.Random(f"{self.given.seed} {request.digest} bulk").random()
            code = 1 if kind < 0.04 else 17 if kind < 0.06 else 0
            if code:
                self.refuse(request, code, "")
                left_out[code].append(request.recipient)
            else:
                self.note(request, how)
        return {"errorcode": 0, "description": "OK", "invalid": left_out[1], "duplicates": left_out[17]}

    def accept_one(self, request: Request, how: str) -> dict[str, Any]:
        """The duplicate filter, then the log, then the answer (§2.2, code 17)."""
        at = now()
        before = self.filter.get(request.key)
        if before is not None and at - before < self.given.window:
            return self.refuse(request, 17, "Duplicate message")
        self.filter[request.key] = at
        self.first_accepted.setdefault(request.digest, at)
        gateway_id = self.note(request, how)
        self.pushes.accepted(request.service, request.recipient, gateway_id)
        return {"id": gateway_id, "errorcode": 0, "description": "OK"}

    def note(self, request: Request, how: str) -> int:
        self.next_id += 1
        self.accepted.write(
            id=self.next_id,
            sender=request.sender,
            recipient=request.recipient,
            digest=request.digest,
            tag=request.tag,
            how=how,
        )
        return self.next_id

    def refuse(self, request: Request | Bulk, code: int, description: str) -> dict[str, Any]:
        for one in request.all:
            self.seen.write(kind="refused", tag=one.tag, digest=one.digest, code=code)
        return {"id": 0, "errorcode": code, "description": description}

    def fault(self, request: Request | Bulk) -> str:
        """What happens to this request."""
        number = self.times[request.digest] = self.times.get(request.digest, 0) + 1
        temper = random.Random(f"{self.given.seed} {request.digest}")
        is_stubborn = temper.random() < self.given.stubborn
        if self.control["calm"] and not (is_stubborn and number > 1):
            return ""
        if self.control["code"]:
            return "account code"
        if is_stubborn:
            return self.stubborn(request, number)
        dice = random.Random(f"{self.given.seed} {request.digest} {number}")
        if dice.random() >= self.given.trouble:
            return ""
        return dice.choices(list(FAULTS), list(FAULTS.values()))[0]

    def stubborn(self, request: Request | Bulk, number: int) -> str:
        """Accepted at first; from then on no clear answer, until well past the window. In the last stretch before its
        end a request is left lying, and processed late."""
        if number == 1:
            return "timeout after"
        age = now() - self.first_accepted.get(request.digest, now())
        given = self.given
        if age >= given.window + given.margin:
            return ""
        if age >= given.window:
            return "timeout after"
        if given.window - given.timeout - given.margin * 0.9 <= age:
            return "late"
        return random.Random(f"{given.seed} {request.digest} {number}").choice(["timeout before", "reset before"])

    # ---- How it tells

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await self.read(reader)) is not None:
                if not await self.answer(request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def read(self, reader: asyncio.StreamReader) -> Request | Bulk | None:
        """One whole request; None where the other side is gone. Half of one is no request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.split("\r\n")
        if first.startswith("GET "):
            return Request.from_query(first.split(" ")[1])
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        kind = Bulk if "push_bulk.php" in first else Request
        return kind.from_json(await reader.readexactly(int(headers["content-length"])))

    async def answer(self, request: Request | Bulk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection is kept."""
        fault = self.fault(request)
        for one in request.all:
            self.seen.write(kind="seen", tag=one.tag, digest=one.digest, fault=fault or "none")
        match fault.split():
            case ["account", "code"]:
                return await self.reply(request, writer, self.refuse(request, self.control["code"], "Account"))
            case ["refused"]:
                return await self.reply(request, writer, self.refuse(request, 21, "Blacklisted"))
            case ["unknown", "code"]:
                return await self.reply(request, writer, self.refuse(request, 99, "Something new"))
            case ["late"]:
                self.late.add(task := asyncio.create_task(self.accept_late(request)))
                task.add_done_callback(self.late.discard)
                return await self.hang(reader)
            case ["slow"]:
                await asyncio.sleep(self.given.timeout * 0.5)
                return await self.reply(request, writer, self.accept(request, fault))
            case [*kind, "before"]:
                return await self.spoil(" ".join(kind), request, None, reader, writer)
            case [*kind, "after"]:
                return await self.spoil(" ".join(kind), request, self.accept(request, fault), reader, writer)
        return await self.reply(request, writer, self.accept(request))

    async def accept_late(self, request: Request | Bulk) -> None:
        """After the client gave up, but never later than the margin allows: that is an assumption of the promise."""
        arrived = now()
        await asyncio.sleep(self.given.timeout + self.given.margin * 0.9)
        if now() - arrived <= self.given.timeout + self.given.margin * 0.98:
            self.accept(request, "late")

    async def spoil(
        self,
        kind: str,
        request: Request | Bulk,
        answer: dict[str, Any] | None,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Answer with the fault `kind`; `answer` is None if nothing was accepted. Return whether to stay connected."""
        empty = {"id": 0, "errorcode": 0, "description": "OK"}
        true = request.words(answer or empty)
        whole: dict[str, tuple[Any, ...]] = {
            "500": (500, b"<h1>Internal Server Error</h1>", "text/html"),
            "500 readable": (503, request.words({**empty, "errorcode": 1})),
            "html": (200, b"<html>Welcome</html>", "text/html"),
            "wrong shape": (200, request.words({"id": [7], "errorcode": "none", "description": {}})),
            "id 0": (200, request.words(empty)),
        }
        match kind:
            case "timeout":
                return await self.hang(reader)
            case "drip":
                return await self.drip(writer, true)
            case "reset":
                reset(writer)
                return False
            case "truncated":
                await self.write(writer, 200, true[: len(true) // 2], length=len(true))
                return False
            case "302":
                await self.write(writer, 302, b"", extra="Location: /psk/push.php\r\n")
            case _:
                await self.write(writer, *whole[kind])
        return True

    async def reply(self, request: Request | Bulk, writer: asyncio.StreamWriter, answer: dict[str, Any]) -> bool:
        status = 201 if isinstance(request, Bulk) and not answer["errorcode"] else 200  # §2.4
        await self.write(writer, status, request.words(answer))
        return True

    async def write(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        body: bytes,
        content_type: str = "application/json",
        *,
        extra: str = "",
        length: int | None = None,
    ) -> None:
        size = len(body) if length is None else length
        head = f"HTTP/1.1 {status} Status\r\nContent-Type: {content_type}\r\nContent-Length: {size}\r\n{extra}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    async def drip(self, writer: asyncio.StreamWriter, body: bytes) -> bool:
        """A byte now and then: each read is quick, and the whole takes three time-outs."""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        pause = 3 * self.given.timeout / len(head + body)
        for byte in head + body:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(pause)
        return True

    async def hang(self, reader: asyncio.StreamReader) -> bool:
        """Say nothing until the other side is gone, or for a long time."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(self.given.timeout * 10):
                while await reader.read(1024):
                    pass
        return False

    # ---- Its own life

    async def run(self) -> None:
        server = await self.listen()
        inbound = asyncio.create_task(self.pushes.receive())
        while True:
            before = now()
            await asyncio.sleep(0.05)
            stall = now() - before - 0.05
            if stall > self.longest_stall:
                self.longest_stall = stall
                (self.folder / "stall").write_text(f"{stall:.3f}")
            with contextlib.suppress(OSError, ValueError):
                self.control |= json.loads((self.folder / "control.json").read_text())
            pending = self.pushes.pending + (not inbound.done())
            (self.folder / "pending").write_text(str(pending))
            if self.control["away"] and server is not None:
                server.close()
                server = None
            elif not self.control["away"] and server is None:
                server = await self.listen()

    async def listen(self) -> asyncio.Server:
        return await asyncio.start_server(
            self.serve, "127.0.0.1", self.given.port, backlog=512, reuse_address=True, limit=1 << 20
        )


def reset(writer: asyncio.StreamWriter) -> None:
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.gateway", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", required=True, help="where its logs go, and where control.json is looked for")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--window", type=float, default=120, help="seconds of the duplicate filter (%(default)s)")
    parser.add_argument("--timeout", type=float, default=10, help="when its clients give up (%(default)s)")
    parser.add_argument("--margin", type=float, default=15, help="what it may process late (%(default)s)")
    parser.add_argument("--trouble", type=float, default=0.35, help="share of requests answered badly (%(default)s)")
    parser.add_argument("--stubborn", type=float, default=0.0, help="share of texts that never get a clear answer")
    parser.add_argument("--inbound", type=int, default=0, help="how many inbound messages it pushes")
    parser.add_argument("--seconds", type=float, default=60, help="over how long it pushes them (%(default)s)")
    parser.add_argument("--transport", default="json", help="by which APIs: json, get or both")
    asyncio.run(Gateway(parser.parse_args()).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
