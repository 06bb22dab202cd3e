"""The messages of a run, by the public face alone: single ones and many at once, with twins, cancellations, expiry."""

import random
import threading
import time
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from django_front_sms import send_many_sms, send_sms
from django_front_sms.exceptions import NotPossible
from tests.faults.plan import Plan

Message = dict[str, Any]


class Traffic(threading.Thread):
    """Writes the run's messages, spread over its time. `committed`: the keys that the caller was given."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(name="traffic", daemon=True)
        self.plan = plan
        self.dice = random.Random(f"traffic {plan.seed}")
        self.committed: list[int] = []
        self.refused_writes = 0  # the database was away: the caller got an error, and knows that nothing is promised
        self.cancelled = 0
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
            if self.dice.random() < 0.05:
                self._cancel_one()
            ahead = span * self._written / self.plan.messages - (time.monotonic() - began)
            if ahead > 0:
                time.sleep(ahead)

    def _message(self, number: int) -> list[Message]:
        """A message, and now and then its twins."""
        message: Message = {
            "to": f"+47{90_000_000 + number % 9_000_000}",
            "text": f"Hei på deg! Timen din er flyttet ({self.plan.seed}-{number}).",
            "priority": "urgent" if self.dice.random() < 0.1 else "normal",
        }
        if self.dice.random() < self.plan.twins:
            policy = self.dice.choice(["defer", "defer", "defer", "coalesce", "reject"])
            return [{**message, "on_duplicate": policy} for _ in range(self.dice.choice([2, 2, 3]))]
        if self.dice.random() < 0.03 and not self.plan.plain:
            seconds = self.dice.uniform(0, 2 * self.plan.window)
            return [{**message, "expires_at": timezone.now() + timedelta(seconds=seconds)}]
        return [message]

    def _send(self, batch: list[Message]) -> None:
        self._written += len(batch)
        try:
            if self.plan.plain:
                rows = self._send_plain(batch)
            elif len(batch) > 3:
                rows = send_many_sms(batch)
            else:
                rows = [send_sms(**message) for message in batch]
        except (DatabaseError, InterfaceError):
            self.refused_writes += len(batch)
            connection.close()
            time.sleep(0.2)
        else:
            self.committed += [row.pk for row in rows]

    def _send_plain(self, batch: list[Message]) -> list[Any]:
        """A row for the judge, and a task on commit: the usual recipe."""
        from tests.faults.app import app
        from tests.faults.plain import TASK

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

    def _cancel_one(self) -> None:
        from django_front_sms.models import OutboundMessage

        if not self.committed or self.plan.plain:
            return
        try:
            message = OutboundMessage.objects.get(pk=self.dice.choice(self.committed[-20:]))
            message.cancel()
            self.cancelled += 1
        except NotPossible:
            pass
        except (DatabaseError, InterfaceError):
            connection.close()
