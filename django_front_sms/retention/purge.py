"""Removes personal data older than `RETENTION_DAYS`, in batches; each batch is committed."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from django_front_sms.conf import get_settings
from django_front_sms.db.clock import database_now
from django_front_sms.models import (
    ComposerDraft,
    DeliveryStatus,
    Event,
    HandledConversation,
    InboundMessage,
    SendAttempt,
)
from django_front_sms.retention import anonymize, files

logger = logging.getLogger(__name__)

UNMATCHED_KEPT = timedelta(days=30)

Progress = Callable[[str, int], None]
"""Called after each batch with the kind of row and the number of rows."""


@dataclass(frozen=True, slots=True)
class Purged:
    """The result of a purge: how many rows of each kind older than `before` were purged (`counts`).

    With `dry_run`, the rows that would be purged. Without `RETENTION_DAYS`, `before` is None and `counts` is empty.
    """

    before: datetime | None
    counts: Mapping[str, int]
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class _Kind:
    older_than: Callable[[datetime], "QuerySet[Any]"]
    empty: Callable[[Collection[int]], int]


def _has_no_pending_events(prefix: str, key: str = "pk") -> Q:
    """A condition for messages without undelivered events; `key` is the field with the message's key."""
    subject = Concat(Value(prefix), Cast(OuterRef(key), CharField(max_length=40)))
    return Q(~Exists(Event.objects.pending().filter(subject=subject)))


def _outbound(before: datetime) -> "QuerySet[Any]":
    tried = SendAttempt.objects.of_message(OuterRef("pk")).claimed_after(before)
    old = Q(created_at__lte=before) & ~Q(scheduled_at__gt=before) & ~Exists(tried)
    return anonymize.full_outbound().filter(old, anonymize.ended(database_now()), _has_no_pending_events("out:"))


def _inbound(before: datetime) -> "QuerySet[Any]":
    return anonymize.full_inbound().filter(_has_no_pending_events("in:"), received_at__lte=before)


def _files(before: datetime) -> "QuerySet[Any]":
    return anonymize.full_files().filter(_has_no_pending_events("in:", "message"), message__received_at__lte=before)


def _handled(before: datetime) -> "QuerySet[HandledConversation]":
    """Old marks, except those of messages that stay: their conversations would count as unanswered again."""
    covered = InboundMessage.objects.filter(
        account=OuterRef("account"), sender=OuterRef("number"), pk__lte=OuterRef("up_to")
    )
    return HandledConversation.objects.filter(~Exists(covered), at__lte=before)


def _delete_handled(keys: Collection[int]) -> int:
    return HandledConversation.objects.filter(pk__in=keys).delete()[0]


_KINDS = {
    "statuses": _Kind(lambda before: anonymize.full_statuses().filter(received_at__lte=before), anonymize.statuses),
    "outbound": _Kind(_outbound, anonymize.outbound),
    "bulk_sends": _Kind(
        lambda before: anonymize.full_bulk_sends().filter(created_at__lte=before), anonymize.bulk_sends
    ),
    "files": _Kind(_files, files.delete_files),
    "inbound": _Kind(_inbound, anonymize.inbound),
    "events": _Kind(
        lambda before: Event.objects.finished().filter(created_at__lte=before).exclude(failed=True, traceback=""),
        anonymize.events,
    ),
    "handled": _Kind(_handled, _delete_handled),
}


def due() -> dict[str, int]:
    """The number of rows of each kind older than `RETENTION_DAYS`; empty if it is not set."""
    before = _limit()
    return {} if before is None else {name: kind.older_than(before).count() for name, kind in _KINDS.items()}


def purge(*, dry_run: bool = False, progress: Progress = lambda kind, count: None) -> Purged:
    """Remove texts, numbers, files and other personal data older than `RETENTION_DAYS`.

    Messages that are queued, being sent or unconfirmed are not changed, and neither are opt-outs. With `dry_run`
    nothing is changed, only counted. `progress` is called after each batch.
    """
    before = _limit()
    if dry_run:
        return Purged(before, due(), dry_run=True)
    anonymize.late_keys()
    ComposerDraft.objects.old().delete()
    _delete_unmatched()
    if before is None:
        return Purged(None, {})
    counts = dict.fromkeys(_KINDS, 0)
    for name, kind in _KINDS.items():
        for keys in anonymize.batches(kind.older_than(before)):
            counts[name] += kind.empty(keys)
            progress(name, len(keys))
    logger.info("%d rows older than %d days were purged.", sum(counts.values()), get_settings().retention_days)
    return Purged(before, counts)


def _delete_unmatched() -> None:
    """Delete statuses that match no message, `UNMATCHED_KEPT` after they arrived, also without RETENTION_DAYS."""
    old = DeliveryStatus.objects.unmatched().filter(process_at=None, received_at__lte=database_now() - UNMATCHED_KEPT)
    for keys in anonymize.batches(old):
        DeliveryStatus.objects.filter(pk__in=keys).delete()


def _limit() -> datetime | None:
    days = get_settings().retention_days
    return None if days is None else database_now() - timedelta(days=days)
