"""A simulated gateway with random faults, in its own process: `python -m tests.faults.gateway --port … --folder …`.

It shares no code with the package. Each accepted message is written to `accepted.jsonl` before the answer is sent; the
judge compares this log with the database. The fault of a request depends only on the seed, the text, and the number of
requests with that text, so that a run can be repeated.

The test runner controls the gateway through `control.json` in the folder: {"calm": bool, "away": bool, "code": int |
null}, and the webhooks: {"started": bool, "hooks": {service id: [URL of statuses, URL of inbound messages]}}.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

from tests.faults.gateway_requests import Bulk, Request
from tests.faults.pushes import Pushes

FIRST_ID = 2**33  # beyond 32 bits
# Relative frequency of each fault. "before": the message is not accepted; "after": it is accepted first.
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
    """Return seconds on the monotonic clock that all processes of this machine share."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Log:
    """An append-only log, unbuffered: each line is written before the answer that it describes is sent."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, **line: Any) -> None:
        os.write(self._file, (json.dumps({"at": now(), **line}) + "\n").encode())


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

    # ---- Decisions

    def accept(self, request: Request | Bulk, how: str = "") -> dict[str, Any]:
        """Accept the request, unless the duplicate filter refuses it, and return the answer."""
        return self.accept_bulk(request, how) if isinstance(request, Bulk) else self.accept_one(request, how)

    def accept_bulk(self, bulk: Bulk, how: str) -> dict[str, Any]:
        """Accept a bulk request, without a filter or ids (neither is documented). Refuses a few recipients by name."""
        left_out: dict[int, list[str]] = {1: [], 17: []}
        for request in bulk.all:
            kind = random.Random(f"{self.given.seed} {request.digest} bulk").random()
            code = 1 if kind < 0.04 else 17 if kind < 0.06 else 0
            if code:
                self.refuse(request, code, "")
                left_out[code].append(request.recipient)
            else:
                self.log_accepted(request, how)
        return {"errorcode": 0, "description": "OK", "invalid": left_out[1], "duplicates": left_out[17]}

    def accept_one(self, request: Request, how: str) -> dict[str, Any]:
        """Apply the duplicate filter (§2.2, code 17), then write the log, then answer."""
        at = now()
        before = self.filter.get(request.key)
        if before is not None and at - before < self.given.window:
            return self.refuse(request, 17, "Duplicate message")
        self.filter[request.key] = at
        self.first_accepted.setdefault(request.digest, at)
        gateway_id = self.log_accepted(request, how)
        self.pushes.accepted(request.service, request.recipient, gateway_id)
        return {"id": gateway_id, "errorcode": 0, "description": "OK"}

    def log_accepted(self, request: Request, how: str) -> int:
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
        """Return the fault of this request, or "" for none."""
        number = self.times[request.digest] = self.times.get(request.digest, 0) + 1
        by_text = random.Random(f"{self.given.seed} {request.digest}")
        is_ambiguous = by_text.random() < self.given.ambiguous_rate
        if self.control["calm"] and not (is_ambiguous and number > 1):
            return ""
        if self.control["code"]:
            return "account code"
        if is_ambiguous:
            return self.ambiguous(request, number)
        dice = random.Random(f"{self.given.seed} {request.digest} {number}")
        if dice.random() >= self.given.fault_rate:
            return ""
        return dice.choices(list(FAULTS), list(FAULTS.values()))[0]

    def ambiguous(self, request: Request | Bulk, number: int) -> str:
        """Return the fault for a text that gets no clear answer within the duplicate window. The first request is
        accepted; a repetition shortly before the end of the window is processed late."""
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

    # ---- Connections

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
        """Read one complete request. Returns None if the client closed the connection, also within a request."""
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
        """Answer the request, and return whether to keep the connection open."""
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
                return await self.answer_badly(" ".join(kind), request, None, reader, writer)
            case [*kind, "after"]:
                return await self.answer_badly(" ".join(kind), request, self.accept(request, fault), reader, writer)
        return await self.reply(request, writer, self.accept(request))

    async def accept_late(self, request: Request | Bulk) -> None:
        """Accept a request after the client's time-out, but within the margin, as the guarantees of sending assume."""
        arrived = now()
        await asyncio.sleep(self.given.timeout + self.given.margin * 0.9)
        if now() - arrived <= self.given.timeout + self.given.margin * 0.98:
            self.accept(request, "late")

    async def answer_badly(
        self,
        kind: str,
        request: Request | Bulk,
        answer: dict[str, Any] | None,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Answer with the fault `kind`; `answer` is None if nothing was accepted. Return whether to stay connected."""
        empty = {"id": 0, "errorcode": 0, "description": "OK"}
        true = request.encode(answer or empty)
        whole: dict[str, tuple[Any, ...]] = {
            "500": (500, b"<h1>Internal Server Error</h1>", "text/html"),
            "500 readable": (503, request.encode({**empty, "errorcode": 1})),
            "html": (200, b"<html>Welcome</html>", "text/html"),
            "wrong shape": (200, request.encode({"id": [7], "errorcode": "none", "description": {}})),
            "id 0": (200, request.encode(empty)),
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
        await self.write(writer, status, request.encode(answer))
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
        """Send the answer byte by byte: each read is quick, and the whole takes three time-outs."""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        pause = 3 * self.given.timeout / len(head + body)
        for byte in head + body:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(pause)
        return True

    async def hang(self, reader: asyncio.StreamReader) -> bool:
        """Send nothing until the client closes the connection, for at most ten time-outs."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(self.given.timeout * 10):
                while await reader.read(1024):
                    pass
        return False

    # ---- The server

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
    parser.add_argument("--folder", required=True, help="folder of its logs and of control.json")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--window", type=float, default=120, help="seconds of the duplicate filter (%(default)s)")
    parser.add_argument("--timeout", type=float, default=10, help="time-out of the clients in seconds (%(default)s)")
    parser.add_argument(
        "--margin",
        type=float,
        default=15,
        help="seconds of late processing (%(default)s)",
    )
    parser.add_argument("--fault-rate", type=float, default=0.35, help="share of requests with a fault (%(default)s)")
    parser.add_argument(
        "--ambiguous-rate",
        type=float,
        default=0.0,
        help="share of texts without a clear answer",
    )
    parser.add_argument("--inbound", type=int, default=0, help="number of inbound messages to push")
    parser.add_argument("--seconds", type=float, default=60, help="duration of the inbound pushes (%(default)s)")
    parser.add_argument("--transport", default="json", help="APIs of the inbound messages: json, get or both")
    asyncio.run(Gateway(parser.parse_args()).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
