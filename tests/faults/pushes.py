"""The delivery statuses (§2.3) and inbound messages (§2.5) that the gateway pushes to the site.

Some statuses are pushed before the answer to their message, some twice, some in the wrong order. Inbound messages are
queued: after three failed attempts the queue stops until a person restarts it (§1.2). Some are pushed again after the
site has acknowledged them, and some on two connections at once. Each attempt is logged in `pushed.jsonl`, with the
site's answer.
"""

import argparse
import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

TRIES = 3
AT_ONCE = 8
FIRST_INBOUND_ID = 2**34
WAITS_FOR_PERSON = 8  # time-outs until a person restarts the queue


@dataclass(frozen=True, slots=True)
class Push:
    """`entry`: the fields for the log. `wanted`: the body of a successful answer; empty if any body will do."""

    url: str
    entry: Mapping[str, Any]
    body: bytes | None = None  # None: a GET
    wanted: bytes = b""

    @property
    def request(self) -> bytes:
        parts = urlsplit(self.url)
        method = "GET" if self.body is None else "POST"
        head = f"{method} {parts.path}{'?' + parts.query if parts.query else ''} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        if self.body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n"
        return f"{head}Connection: close\r\n\r\n".encode() + (self.body or b"")


class Pushes:
    """Pushes to the URLs in `control["hooks"]`: of statuses and of inbound messages, by service id."""

    def __init__(self, given: argparse.Namespace, control: dict[str, Any], log: Any) -> None:
        self.given = given
        self.control = control
        self.log = log
        self.dice = random.Random(f"pushes {given.seed}")
        self.pending = 0
        self.recipients: list[str] = []
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._queue: asyncio.Queue[Push] = asyncio.Queue()
        self._inbound = 0

    # ---- Statuses

    def accepted(self, service: str, recipient: str, gateway_id: int) -> None:
        hooks = self.control["hooks"].get(service)
        if hooks is None:
            return
        self.recipients = [*self.recipients[-50:], recipient]
        dice = random.Random(f"{self.given.seed} statuses of {gateway_id}")
        for delay, status in self._statuses(dice):
            query = urlencode({"status": status, "origid": gateway_id})
            push = Push(f"{hooks[0]}?{query}", {"kind": "status", "id": gateway_id, "status": status})
            self._start(self._deliver_later(delay, push))

    def _statuses(self, dice: random.Random) -> list[tuple[float, int]]:
        """Return the statuses of a message, each with its delay in seconds."""
        kind = dice.random()
        if kind < 0.1:
            return []
        first = 0.0 if dice.random() < 0.3 else dice.uniform(0, 2) * self.given.timeout
        second = first + dice.uniform(0.05, 2) * self.given.timeout
        if kind < 0.2:
            return [(first, -1)]
        end = 5 if kind < 0.35 else 4
        steps = [(first, -1), (second, end)]
        if kind > 0.85:  # in the wrong order
            steps = [(second, -1), (first, end)]
        elif kind > 0.8:
            steps = [(first, 5), (second, 4)]
        return steps * (2 if dice.random() < 0.1 else 1)

    async def _deliver_later(self, delay: float, push: Push) -> None:
        await asyncio.sleep(delay)
        await self._deliver(push)

    # ---- Inbound messages

    async def receive(self) -> None:
        """Queue all inbound messages of the run."""
        if not self.given.inbound:
            return
        while not self.control["started"]:
            await asyncio.sleep(0.1)
        self._start(self._drain(), counts=False)
        for number in range(1, self.given.inbound + 1):
            if self.control["calm"]:
                break
            push = self._inbound_push(number)
            if self.dice.random() < 0.15:  # outside the queue, so out of order
                self._start(self._deliver_later(self.dice.uniform(0, 2) * self.given.timeout, push))
            else:
                self.pending += 1
                self._queue.put_nowait(push)
            await asyncio.sleep(self.given.seconds * 0.9 / self.given.inbound * self.dice.uniform(0.2, 1.8))

    async def _drain(self) -> None:
        while True:
            push = await self._queue.get()
            await self._deliver(push)
            self.pending -= 1

    def _inbound_push(self, number: int) -> Push:
        reply = bool(self.recipients) and self.dice.random() < 0.5
        sender = self.dice.choice(self.recipients) if reply else f"00479{self.dice.randint(2_000_000, 8_999_999)}"
        by_get = self.given.transport == "get" or (self.given.transport == "both" and number % 2 == 0)
        text = f"Takk, det passer fint! ({self.given.seed}-{number})"
        at = datetime.now(UTC).replace(microsecond=0)
        entry = {"kind": "inbound", "api": "get" if by_get else "json", "number": number, "text": text}
        if by_get:
            fields = {"fromid": "26114", "phonenr": sender, "txt": text, "time": int(at.timestamp()), "countnr": number}
            hook = self._hook("1235" if self.given.transport == "both" else "1234")
            return Push(f"{hook}?{urlencode(fields, encoding='latin-1')}", entry, wanted=b"true")
        document = {
            "id": FIRST_INBOUND_ID + number,
            "to": "26114",
            "from": "+" + sender.removeprefix("00"),
            "text": text,
            "sent": at.isoformat().replace("+00:00", "Z"),
            "counter": number,
            "keyword": "TAKK",
            "files": [],
        }
        return Push(self._hook("1234"), entry, json.dumps(document).encode())

    def _hook(self, service: str) -> str:
        address: str = self.control["hooks"][service][1]
        return address

    # ---- Delivery

    def _start(self, coroutine: Any, *, counts: bool = True) -> None:
        async def counted() -> None:
            try:
                await coroutine
            finally:
                self.pending -= counts

        self.pending += counts
        self._tasks.add(task := asyncio.create_task(counted()))
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, push: Push) -> None:
        """Push until the site acknowledges; at random also twice at once, or once more."""
        kind = 1.0 if self.control["calm"] else self.dice.random()
        if kind < 0.05:
            await asyncio.gather(self._try(push), self._try(push))
        tries = 0
        while not await self._try(push):
            tries += 1
            if tries % TRIES:
                await asyncio.sleep(self.given.timeout / 2)
            else:
                self.log.write(**push.entry, answer="parked")
                await self._restarted()
        if kind > 0.9:
            await asyncio.sleep(self.dice.uniform(0, 2) * self.given.timeout)
            await self._try(push)

    async def _restarted(self) -> None:
        for _ in range(WAITS_FOR_PERSON * 4):
            if self.control["calm"]:
                return await asyncio.sleep(self.given.timeout / 2)
            await asyncio.sleep(self.given.timeout / 4)
        return None

    async def _try(self, push: Push) -> bool:
        """Push once, and return whether the site acknowledged it. At random the answer is not read."""
        is_read = self.control["calm"] or self.dice.random() >= 0.08
        answer = ""
        async with self._slots:
            try:
                async with asyncio.timeout(max(2.0, 6 * self.given.timeout)):  # §1.2: a minute
                    answer = await self._exchange(push, is_read=is_read)
            except (OSError, TimeoutError, ValueError, IndexError):
                pass
        self.log.write(**push.entry, answer=answer)
        return answer == "ok"

    async def _exchange(self, push: Push, *, is_read: bool) -> str:
        parts = urlsplit(push.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(push.request)
            await writer.drain()
            if not is_read:
                return "not read"
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            status = int(head.split(b" ")[1])
            is_taken = 200 <= status < 300 and (not push.wanted or body.strip() == push.wanted)
            return "ok" if is_taken else str(status)
        finally:
            writer.close()
