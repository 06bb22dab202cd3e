"""Erases everything about one number, on the request of its owner."""

import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from django_front_sms.db.bulk import in_chunks
from django_front_sms.db.clock import database_now
from django_front_sms.exceptions import InvalidMessage, NotPossible
from django_front_sms.gateway import numbers
from django_front_sms.models import (
    ComposerDraft,
    DeliveryStatus,
    Event,
    HandledConversation,
    InboundMessage,
    MmsFile,
    OptOut,
    OutboundMessage,
    SendAttempt,
)
from django_front_sms.models.outbound import OutboundQuerySet
from django_front_sms.optouts import number_form
from django_front_sms.retention import admin_log, anonymize, files
from django_front_sms.retention.search import Spellings, bodies, is_searchable, pages
from django_front_sms.states import State

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased for a number. The receipt shows the number only in part.

    `cancelled`: messages that were cancelled first. `erased`: how many of each kind. `kept`: what stays on purpose.
    `left`: keys of what could not be erased, by the reason. `under_way`, `unconfirmed` and `inbound` are messages of
    the number: run it again when that is over. A person must look at the others: `unreadable`, inbound messages without
    a readable sender whose body or files could not be searched; `mentioned`, messages from others with a problem, whose
    body contains the number; `unreadable_statuses`, statuses of unknown messages that could not be searched.
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


Progress = Callable[[int, int], None]


def erase(
    number: str,
    *,
    opt_outs: bool = False,
    inbound: Collection[int] = (),
    by: Any = None,
    progress: Progress = lambda done, total: None,
) -> Receipt:
    """Erase the personal data of `number`, in any usual form: messages in both directions, files, and entries in the
    admin's history. Queued messages are cancelled first, by the user `by`.

    Opt-outs are kept, so that they still apply; `opt_outs` erases them as well, and messages may be sent to the number
    again. Messages that may be under way, or wait for a decision, are left, and listed in the receipt. `inbound`: keys
    of messages that an earlier receipt listed as `unreadable` or `mentioned`, to be erased as well. `progress` is
    called after each batch, with the number of messages and files that were processed, and their total.

    Raises `InvalidMessage` (`invalid_recipient`) if `number` has neither a digit nor a letter, and `NotPossible` for
    keys in `inbound` that no receipt can list. Nothing is erased then.
    """
    spellings = Spellings(_one_form(number))
    number = spellings.number
    _require_unclear(inbound)
    ComposerDraft.objects.all().delete()  # they contain numbers in any spelling, and are kept for a day only
    cancelled = _cancel(OutboundMessage.objects.filter(recipient=number), by)
    searched = _search_bodies(spellings, inbound)
    rows = _rows_of(spellings, searched)  # read first: erased rows can no longer be found by their number
    sent_keys, received_keys = rows[OutboundMessage], rows[InboundMessage]
    bulks = _found(OutboundMessage.objects.exclude(bulk=None), sent_keys, "bulk")
    counter = _Count(len(sent_keys) + len(rows[MmsFile]) + len(received_keys) + len(bulks), progress)
    erased = {
        "outbound": _each(anonymize.full_outbound(), sent_keys, anonymize.outbound, counter),
        "files": _each(anonymize.full_files(), rows[MmsFile], files.delete_files, counter),
        "inbound": _each(
            anonymize.full_inbound().exclude(files__file__gt=""), received_keys, anonymize.inbound, counter
        ),
        "bulk_texts": _each(anonymize.full_bulk_sends(), bulks, anonymize.bulk_sends, counter),
    }
    erased["statuses"] = sum(anonymize.statuses(keys) for keys in in_chunks(searched.statuses, anonymize.BATCH))
    left = {**_left(rows), **searched.left}
    erased["events"] = _delete_events(
        set(sent_keys).difference(left["under_way"], left["unconfirmed"]),
        set(received_keys).difference(left["inbound"]),
        searched.statuses,
    )
    erased["events"] += _empty_tracebacks(spellings)
    HandledConversation.objects.filter(pk__in=rows[HandledConversation]).delete()
    erased["opt_outs"] = OptOut.objects.filter(pk__in=rows[OptOut]).delete()[0] if opt_outs else 0
    erased["admin_history"] = admin_log.erase(spellings, rows)
    count, still = sum(erased.values()), sum(map(len, left.values()))
    logger.info("A number was erased on request: %d rows were emptied, %d messages were left.", count, still)
    return Receipt(
        number=numbers.mask(number),
        at=database_now(),
        cancelled=cancelled,
        erased=erased,
        kept={"opt_outs": 0 if opt_outs else len(rows[OptOut])},
        left=left,
    )


def _unclear() -> "QuerySet[InboundMessage]":
    """Inbound messages whose sender is unknown, or whose body may contain more than their fields; also emptied ones."""
    return InboundMessage.objects.filter(sender="") | InboundMessage.objects.with_problem()


def _require_unclear(keys: Collection[int]) -> None:
    others = sorted(set(keys).difference(_unclear().filter(pk__in=keys).values_list("pk", flat=True)))
    if others:
        message = _("These are not inbound messages that a receipt lists: %(keys)s. Give the keys of the receipt.")
        raise NotPossible(message % {"keys": ", ".join(map(str, others))})


def _one_form(number: object) -> str:
    """The stored form of a number; short codes and names are returned unchanged."""
    number = numbers.as_text(number)
    if not any(char.isalnum() for char in number):  # rows that could not be read, or are empty, have no number either
        raise InvalidMessage(_("There is no number to erase. Write the person's number."), "invalid_recipient")
    try:
        return number_form(number)
    except InvalidMessage:
        return numbers.normalize(number)


@dataclass(frozen=True, slots=True)
class _Searched:
    """Keys of inbound messages and of unmatched statuses whose bodies contain the number, and of those that are `left`
    for a person to check."""

    inbound: list[int]
    statuses: list[int]
    left: dict[str, list[int]]


def _search_bodies(spellings: Spellings, also: Collection[int]) -> _Searched:
    """Search the bodies of inbound messages with a problem or without a sender, and of statuses that match no message.

    Messages whose sender is the number are found by their sender. `also`: keys of messages that a person has
    checked."""
    found: dict[str, list[int]] = {"inbound": [], "unreadable": [], "mentioned": []}
    for key, sender, api, raw in bodies(_unclear().exclude(raw=b""), "sender", "api"):
        place = "inbound" if key in also else _place(spellings, sender, raw, is_json=api == InboundMessage.Api.JSON)
        if place:
            found[place].append(key)
    statuses: list[int] = []
    unreadable: list[int] = []
    for key, raw in bodies(DeliveryStatus.objects.unmatched().exclude(raw=b"")):
        if spellings.are_in_body(raw):
            statuses.append(key)
        elif not is_searchable(raw, is_json=False):
            unreadable.append(key)
    return _Searched(found.pop("inbound"), statuses, {**found, "unreadable_statuses": unreadable})


def _place(spellings: Spellings, sender: str, raw: bytes, *, is_json: bool) -> str:
    """The list of `_search_bodies` that a message belongs to; empty if it does not concern the number, or is found by
    its sender."""
    if spellings.are_of(sender):
        return ""
    if spellings.are_in_body(raw):
        return "mentioned" if sender else "inbound"
    return "" if sender or is_searchable(raw, is_json=is_json) else "unreadable"


def _rows_of(spellings: Spellings, searched: _Searched) -> dict[type[models.Model], list[int]]:
    """Keys of the number's rows, by model; including outbound messages that `RECIPIENT_OVERRIDE` sent to this number.
    Only attempts record those, and all attempts are read: erasing is rare, and an index would cost each attempt."""
    to = OutboundMessage.objects.filter(recipient=spellings.number).values_list("pk", flat=True)
    attempts = SendAttempt.objects.filter(wire_recipient=spellings.number)
    instead = attempts.exclude(message__recipient=spellings.number).values_list("message_id", flat=True)
    received = sorted({*_of(spellings, InboundMessage, "sender"), *searched.inbound})
    return {
        OutboundMessage: sorted({*to, *instead}),
        InboundMessage: received,
        MmsFile: _found(MmsFile.objects.all(), received, "pk", by="message"),
        DeliveryStatus: searched.statuses,
        OptOut: _of(spellings, OptOut, "number"),
        HandledConversation: _of(spellings, HandledConversation, "number"),
    }


def _of(spellings: Spellings, model: type[models.Model], field: str) -> list[int]:
    """Keys of rows whose `field` is the number, in any spelling."""
    rows = model._default_manager.exclude(**{field: ""})
    return [key for key, sender in pages(rows, field) if spellings.are_of(sender)]


def _empty_tracebacks(spellings: Spellings) -> int:
    """Empty the tracebacks of all events that contain the number."""
    events = pages(Event.objects.with_traceback(), "traceback")
    found = [key for key, traceback in events if spellings.are_in(traceback)]
    return sum(Event.objects.filter(pk__in=keys).update(traceback="") for keys in in_chunks(found, anonymize.BATCH))


def _cancel(sent: OutboundQuerySet, by: Any) -> int:
    cancelled = 0
    for message in sent.queued().without_risk():
        with suppress(NotPossible):  # it has left the queue in the meantime
            cancelled += message.cancel(by) == State.CANCELLED
    return cancelled


def _found(rows: "QuerySet[Any]", keys: Collection[int], field: str, *, by: str = "pk") -> list[int]:
    """Each `field` of those `rows` whose `by` is among `keys`, once."""
    found: set[int] = set()
    for some in in_chunks(keys, anonymize.BATCH):
        found.update(rows.filter(**{f"{by}__in": some}).order_by().values_list(field, flat=True))
    return sorted(found)


@dataclass(slots=True)
class _Count:
    total: int
    report: Progress
    done: int = 0

    def add(self, count: int) -> None:
        self.done += count
        self.report(self.done, self.total)


def _each(
    rows: "QuerySet[Any]", keys: Collection[int], empty: Callable[[Collection[int]], int], counter: _Count
) -> int:
    """Call `empty` with those `keys` that still exist in `rows`, in batches; each batch is committed."""
    emptied = 0
    for some in in_chunks(keys, anonymize.BATCH):
        emptied += empty(_found(rows, some, "pk"))
        counter.add(len(some))
    return emptied


def _delete_events(sent: Collection[int], received: Collection[int], unmatched: Collection[int]) -> int:
    """Delete delivered events, and empty tracebacks. Undelivered state changes are still delivered."""
    statuses = [*_found(DeliveryStatus.objects.all(), sent, "pk", by="message"), *unmatched]
    removed = 0
    for subjects in in_chunks([f"out:{key}" for key in sent] + [f"status:{key}" for key in statuses], anonymize.BATCH):
        events = Event.objects.filter(subject__in=subjects)
        removed += events.finished().delete()[0]
        events.with_traceback().update(traceback="")
    for subjects in in_chunks([f"in:{key}" for key in received], anonymize.BATCH):
        removed += Event.objects.filter(subject__in=subjects).delete()[0]
    return removed


def _left(rows: Mapping[type[models.Model], Collection[int]]) -> dict[str, list[int]]:
    full = anonymize.full_outbound()
    undecided = full.unconfirmed()
    still, unconfirmed = (_found(kind, rows[OutboundMessage], "pk") for kind in (full, undecided))
    return {
        "under_way": sorted(set(still).difference(unconfirmed)),
        "unconfirmed": unconfirmed,
        "inbound": _found(InboundMessage.objects.exclude(content_digest=""), rows[InboundMessage], "pk"),
    }
