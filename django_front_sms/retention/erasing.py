"""Everything about one number, because the person whose it is asks for it."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet

from django_front_sms.clock import database_now
from django_front_sms.conf import get_settings
from django_front_sms.exceptions import NotPossible
from django_front_sms.gateway import numbers
from django_front_sms.models import (
    DeliveryStatus,
    Event,
    InboundMessage,
    MmsFile,
    OptOut,
    OutboundMessage,
    SendAttempt,
)
from django_front_sms.retention import files, forgetting, history
from django_front_sms.states import State

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased of a number, which the receipt itself shows in part only.

    `cancelled`: messages that were taken back first. `erased`: how many of each kind. `kept`: what stays on purpose.
    `left`: keys of messages that could not be erased yet, each with the reason; run it again when that is over.
    """

    number: str
    at: datetime
    cancelled: int
    erased: dict[str, int]
    kept: dict[str, int]
    left: dict[str, list[int]]

    @property
    def is_complete(self) -> bool:
        return not any(self.left.values())


def erase(number: str, *, opt_outs: bool = False, by: Any = None) -> Receipt:
    """Erase what is kept of `number`, in any form that people write: messages in both directions, files, and what the
    admin's history says. What waits in the queue is cancelled first, by the user `by`.

    An opt-out stays, because it is the only way to go on honouring it; `opt_outs` erases it as well, and the person
    may be written to again. What may be under way, or waits for a decision, is left, and listed in the receipt.
    """
    number = _one_form(number)
    sent = _sent_to(number)
    came = InboundMessage.objects.filter(sender=number)
    mms = MmsFile.objects.filter(message__in=came)
    cancelled = _cancel(sent.filter(recipient=number), by)
    # Read first: what was erased is not found by its number any more.
    rows: dict[type[models.Model], list[int]] = {
        OutboundMessage: list(sent.values_list("pk", flat=True)),
        InboundMessage: list(came.values_list("pk", flat=True)),
        MmsFile: list(mms.values_list("pk", flat=True)),
        OptOut: list(OptOut.objects.filter(number=number).values_list("pk", flat=True)),
    }
    bulks = set(sent.filter(bulk__isnull=False).values_list("bulk", flat=True))
    erased = {
        "outgoing": _each(forgetting.full_outgoing().filter(pk__in=rows[OutboundMessage]), forgetting.outgoing),
        "files": _each(forgetting.full_files().filter(pk__in=rows[MmsFile]), files.forget),
    }
    whole = forgetting.full_inbound().filter(pk__in=rows[InboundMessage])
    erased["inbound"] = _each(whole.exclude(files__file__gt=""), forgetting.inbound)
    erased["bulk_texts"] = _each(forgetting.full_bulk_sends().filter(pk__in=bulks), forgetting.bulk_sends)
    left = _left(rows)
    erased["events"] = _forget_events(
        set(rows[OutboundMessage]).difference(left["under_way"], left["unconfirmed"]),
        set(rows[InboundMessage]).difference(left["inbound"]),
    )
    erased["opt_outs"] = OptOut.objects.filter(pk__in=rows[OptOut]).delete()[0] if opt_outs else 0
    erased["admin_history"] = history.erase(number, rows)
    count, still = sum(erased.values()), sum(map(len, left.values()))
    logger.info("A number was erased on request: %d rows were emptied, %d messages are left.", count, still)
    return Receipt(
        number=numbers.mask(number),
        at=database_now(),
        cancelled=cancelled,
        erased=erased,
        kept={"opt_outs": 0 if opt_outs else len(rows[OptOut])},
        left=left,
    )


def _one_form(number: str) -> str:
    """As messages have it; what came from a short code or a name, as it is written."""
    try:
        return numbers.parse_recipient(number, region=get_settings().default_region)
    except numbers.NumberError:
        return numbers.from_wire(number.strip())


def _sent_to(number: str) -> "QuerySet[OutboundMessage]":
    """Also what `RECIPIENT_OVERRIDE` sent to this number instead."""
    instead = SendAttempt.objects.filter(wire_recipient=number).exclude(message__recipient=number)
    keys = list(instead.values_list("message", flat=True).distinct())
    return OutboundMessage.objects.filter(Q(recipient=number) | Q(pk__in=keys))


def _cancel(sent: "QuerySet[OutboundMessage]", by: Any) -> int:
    cancelled = 0
    for message in sent.filter(state=State.QUEUED, risk_at=None):
        with suppress(NotPossible):  # it has left the queue meanwhile
            cancelled += message.cancel(by) == State.CANCELLED
    return cancelled


def _each(rows: "QuerySet[Any]", forget: Callable[[Collection[int]], int]) -> int:
    return sum(forget(keys) for keys in forgetting.batches(rows))


def _forget_events(sent: Collection[int], came: Collection[int]) -> int:
    """What receivers were told, or could not take. That a message of ours changed its state they still hear."""
    statuses = DeliveryStatus.objects.filter(message__in=sent).values_list("pk", flat=True)
    removed = 0
    for subjects in _some([f"out:{key}" for key in sent] + [f"status:{key}" for key in statuses]):
        told = Event.objects.filter(subject__in=subjects)
        removed += told.filter(next_at=None).delete()[0]
        told.update(traceback="")
    for subjects in _some([f"in:{key}" for key in came]):
        removed += Event.objects.filter(subject__in=subjects).delete()[0]
    return removed


def _some(subjects: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(subjects), forgetting.BATCH):
        yield subjects[start : start + forgetting.BATCH]


def _left(rows: Mapping[type[models.Model], Collection[int]]) -> dict[str, list[int]]:
    full = forgetting.full_outgoing().filter(pk__in=rows[OutboundMessage])
    undecided = full.filter(state=State.UNCONFIRMED, given_up=False)
    came = InboundMessage.objects.filter(pk__in=rows[InboundMessage]).exclude(content_digest="")
    return {
        "under_way": sorted(full.exclude(pk__in=undecided.values("pk")).values_list("pk", flat=True)),
        "unconfirmed": sorted(undecided.values_list("pk", flat=True)),
        "inbound": sorted(came.values_list("pk", flat=True)),
    }
