"""The messages of a run, sent by the public API: of every kind, single, many and bulk, with twins."""

import random
import threading
import time
from collections import Counter
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from django_front_sms import send_bulk_sms, send_many_sms, send_sms
from django_front_sms.exceptions import InvalidMessage
from tests.faults.losses import digest_of
from tests.faults.person import Person
from tests.faults.plan import Plan

Message = dict[str, Any]
# Weights of the kinds in mixed traffic. A bulk send has several messages. Some plain messages are twins or urgent.
KINDS = {"plain": 70, "expiring": 6, "scheduled": 8, "priced": 6, "quiet": 6, "bulk": 2}


class Traffic(threading.Thread):
    """Sends the messages of a run, spread over its time. `committed`: the primary keys that were returned."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(name="traffic", daemon=True)
        self.plan = plan
        self.dice = random.Random(f"traffic {plan.seed}")
        self.committed: list[int] = []
        self.person = Person(plan.seed, self.committed)
        self.kinds: Counter[str] = Counter()  # of messages
        self.given: list[tuple[int, str]] = []  # the same, with digests of the texts
        self.refused_writes = 0  # the caller got a database error, so the messages need not be sent
        self.failure = ""
        self._written = 0

    def run(self) -> None:
        try:
            self._write_all()
        except BaseException as error:
            self.failure = f"{type(error).__name__}: {error}"
            raise
        finally:
            connection.close()

    def _write_all(self) -> None:
        began = time.monotonic()
        span = self.plan.seconds * 0.9
        texts = 0
        while self._written < self.plan.messages:
            batch = []
            for _ in range(1 if self.dice.random() < 0.8 else self.dice.randint(5, 20)):
                texts += 1
                batch += self._message(texts)
            self._send(batch[: self.plan.messages - self._written])
            if not self.plan.baseline:
                self.person.act(decides=self.plan.mixed)
            ahead = span * self._written / self.plan.messages - (time.monotonic() - began)
            if ahead > 0:
                time.sleep(ahead)

    def _message(self, number: int) -> list[Message]:
        """Return a message, at random with twins."""
        message: Message = {
            "to": f"+47{90_000_000 + number % 9_000_000}",
            "text": f"Hei på deg! Timen din er flyttet ({self.plan.seed}-{number}).",
            "priority": "urgent" if self.dice.random() < 0.1 else "normal",
        }
        if self.plan.transport == "both" and self.dice.random() < 0.5:
            message["account"] = "get"
        if self.dice.random() < self.plan.twins:
            policy = self.dice.choice(["defer", "defer", "defer", "coalesce", "reject"])
            return [{**message, "on_duplicate": policy} for _ in range(self.dice.choice([2, 2, 3]))]
        if self.plan.mixed:
            kind = self.dice.choices(list(KINDS), list(KINDS.values()))[0]
        else:
            kind = "expiring" if self.dice.random() < 0.03 and not self.plan.baseline else "plain"
        return [{**message, "kind": kind, **self._of_kind(kind, number)}]

    def _of_kind(self, kind: str, number: int) -> Message:
        seconds = self.dice.uniform(0, 2 * self.plan.window)
        match kind:
            case "expiring":
                return {"expires_after": max(1.0, seconds)}  # one that has expired already is refused
            case "scheduled":
                return {"scheduled_at": timezone.now() + timedelta(seconds=seconds)}
            case "priced":
                return {"price": self.dice.randint(1, 20) * 100}
            case "quiet":
                return {"account": "quiet", "priority": self.dice.choice(["normal", "normal", "urgent"])}
            case "bulk":
                return {"to": [f"+479{number % 10_000:04}{n:03}" for n in range(self.dice.randint(2, 12))]}
        return {}

    def _send(self, batch: list[Message]) -> None:
        self._written += len(batch)
        kinds = [message.pop("kind", "twin") for message in batch]
        bulks = [message for message, kind in zip(batch, kinds, strict=True) if kind == "bulk"]
        singles = [message for message, kind in zip(batch, kinds, strict=True) if kind != "bulk"]
        self.kinds.update(kinds)
        for bulk in bulks:
            bulk.pop("priority")
            self._written += len(bulk["to"]) - 1
            self.kinds["bulk"] += len(bulk["to"]) - 1
            self._commit(len(bulk["to"]), lambda bulk=bulk: self._send_bulk(bulk))
        self._commit(len(singles), lambda: self._send_singles(singles))

    def _commit(self, count: int, send: Any) -> None:
        """Call `send`, which returns the rows, and record their keys; count the messages if the database fails, or
        lets them wait until they have expired."""
        try:
            rows = send()
            self.committed += [row.pk for row in rows]
            self.given += [(row.pk, digest_of(row)) for row in rows]
        except (DatabaseError, InterfaceError):
            self.refused_writes += count
            connection.close()
            time.sleep(0.2)
        except InvalidMessage as error:
            if error.code != "invalid_expiry":
                raise
            self.refused_writes += count

    def _send_singles(self, batch: list[Message]) -> list[Any]:
        if self.plan.baseline:
            return self._send_baseline(batch)
        if len(batch) > 3:
            return list(send_many_sms(map(_with_expiry, batch)))
        return [send_sms(**_with_expiry(message)) for message in batch]

    def _send_bulk(self, message: Message) -> list[Any]:
        return list(send_bulk_sms(**message).messages.all())

    def _send_baseline(self, batch: list[Message]) -> list[Any]:
        """Create the rows, and a Celery task for each on commit."""
        from tests.faults.app import app
        from tests.faults.baseline import TASK

        rows = []
        for message in batch:
            with transaction.atomic():
                row = send_sms(**{**message, "on_duplicate": None})
                transaction.on_commit(
                    lambda pk=row.pk: app.send_task(TASK, (pk,), retry=True, retry_policy={"max_retries": 3}),
                    robust=True,
                )
            rows.append(row)
        return rows


def _with_expiry(message: Message) -> Message:
    """The message with the time when it expires: seconds from now, since a restarting database may have delayed it."""
    if (seconds := message.pop("expires_after", None)) is not None:
        message["expires_at"] = timezone.now() + timedelta(seconds=seconds)
    return message
