"""Gateway clients without HTTP that accept every message.

They have the interface of the real client, so that rows, states and signals are the real ones. For Front's refusals,
statuses and replies use the simulator.
"""

import sys
import threading
from collections.abc import Callable, Iterable
from itertools import count
from typing import Literal

from django_front_sms.gateway import gsm
from django_front_sms.gateway.outcome import CREATED, ExchangeResult, ResultKind
from django_front_sms.gateway.submit import Answer, BulkAnswer, BulkSms, Sms

outbox: list[Sms] = []
"""The messages that `LocmemClient` sent in this process, one for each number of a bulk. `outbox.clear()` empties it."""

MayWrite = Callable[[], bool] | None

_ids = count(1)
_printing = threading.Lock()


class LocmemClient:
    """Accepts every message and keeps it in `outbox`."""

    def __init__(self, gateway_url: str, *, timeout: float, max_connections: int) -> None:
        pass

    def send(
        self, sms: Sms, *, transport: Literal["json", "get"] = "json", may_write: MayWrite = None
    ) -> ExchangeResult:
        if may_write and not may_write():
            return ExchangeResult(ResultKind.NOT_SENT, detail="it was too late to write")
        self._take([sms])
        return ExchangeResult(ResultKind.ANSWERED, Answer(id=next(_ids), errorcode=0, description="OK"), 200)

    def send_bulk(self, bulk: BulkSms, *, may_write: MayWrite = None) -> ExchangeResult:
        if may_write and not may_write():
            return ExchangeResult(ResultKind.NOT_SENT, detail="it was too late to write")
        self._take(_singles(bulk))
        return ExchangeResult(
            ResultKind.ANSWERED, BulkAnswer(errorcode=0, description="OK", invalid=(), duplicates=()), CREATED
        )

    def close(self) -> None:
        pass

    def _take(self, messages: Iterable[Sms]) -> None:
        outbox.extend(messages)


class ConsoleClient(LocmemClient):
    """Accepts every message and prints it to standard output. For development only: it shows numbers and texts."""

    def _take(self, messages: Iterable[Sms]) -> None:
        with _printing:
            for sms in messages:
                preview = gsm.preview(sms.text, unicode=sms.unicode)
                price = f", {sms.price} øre" if sms.price else ""
                head = f"SMS from {sms.sender} to {sms.recipient} ({preview.segments} × {preview.encoding}{price})"
                sys.stdout.write(f"{head}\n{preview.text}\n{'-' * 79}\n")
            sys.stdout.flush()


def _singles(bulk: BulkSms) -> list[Sms]:
    return [
        Sms(
            service_id=bulk.service_id,
            sender=bulk.sender,
            recipient=recipient,
            text=bulk.text,
            unicode=bulk.unicode,
            password=bulk.password,
        )
        for recipient in bulk.recipients
    ]
