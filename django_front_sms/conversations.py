"""Who wrote with us, and what: both directions as one thread for each account and counterpart.

The two tables are walked backwards along their keys, side by side and merged by time. Nothing is counted or grouped, so
that a page costs about the same among a hundred rows and among millions. A `Cursor` remembers where a page ended.
"""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Generic, NamedTuple, Self, TypeVar

from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Left

from django_front_sms.conf import get_settings
from django_front_sms.db.lookups import prefix_q
from django_front_sms.models import InboundMessage, MmsFile, OutboundMessage

Message = OutboundMessage | InboundMessage
Row = TypeVar("Row")

CHUNK = 250  # rows that are read at once
ROUNDS = 4  # chunks of one table that a page of threads may cost
_ALL = BigIntegerField.MAX_BIGINT  # a position behind every row
_BEGINNING = 200  # characters of a text
_OURS: tuple[str, ...] = ("id", "created_at", "account", "recipient")
_THEIRS: tuple[str, ...] = ("id", "received_at", "account", "sender")


class Cursor(NamedTuple):
    """How far the two tables were read: what has these keys, or higher ones, was seen. As text it is `12-34`."""

    outbound: int
    inbound: int

    def __str__(self) -> str:
        return f"{self.outbound}-{self.inbound}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `ValueError` where `text` is no cursor."""
        keys = text.split("-")
        if len(keys) != 2 or not all(key.isascii() and key.isdecimal() and int(key) <= _ALL for key in keys):
            raise ValueError("A cursor has two numbers with a hyphen between them. Begin at the first page.")
        return cls(int(keys[0]), int(keys[1]))


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursor for those before them; None where there are none."""

    rows: list[Row]
    before: Cursor | None


@dataclass(frozen=True, slots=True)
class Thread:
    """What an account and one counterpart wrote to each other. `number` is E.164 for people; a text or a short code
    where the sender of an inbound message was one. `latest` has its files prefetched."""

    account: str
    number: str
    latest: Message


def written_at(message: Message) -> datetime:
    """When it came to us: from a colleague, or from Front."""
    return message.created_at if isinstance(message, OutboundMessage) else message.received_at


def counterpart(message: Message) -> str:
    """Who it was written to, or who wrote it, as `Thread.number` has it."""
    return message.recipient if isinstance(message, OutboundMessage) else message.sender


def threads(
    *,
    account: str | None = None,
    accounts: Collection[str] | None = None,
    beginnings: Collection[str] | None = None,
    unanswered: bool = False,
    before: Cursor | None = None,
    limit: int = 30,
    brief: bool = False,
) -> Page[Thread]:
    """The threads that were written in last, newest first; None means all accounts.

    `accounts`: only threads of these accounts. `beginnings`: how the number may begin, as a row has it (`+47999`); none
    of them finds nothing. `unanswered`: only threads in which the counterpart wrote, and nothing was written to them
    since. A page can be shorter than `limit` although older threads follow, where a few counterparts wrote nearly
    everything. `brief`: `latest` has its state, how its text begins, and the number of its files as `file_count`, which
    cost no query of their own.
    """
    outbound, inbound = _walks(_Asked(_accounts(account, accounts), beginnings), unanswered, before, brief)
    with_latest = _with_read if brief else _with_latest
    seen: set[tuple[str, str]] = set()
    found: list[_Head] = []
    walks = [inbound] if unanswered else [outbound, inbound]
    for head in heapq.merge(*(walk.heads(seen) for walk in walks), key=lambda head: head.at, reverse=True):
        if any(walk.cut for walk in walks):
            break
        if head.key not in seen and not head.passed_over:
            if len(found) == limit:
                break
            found.append(head)
        seen.add(head.key)
        head.walk.position = head.pk
    else:
        if not any(walk.cut for walk in walks):
            return Page(with_latest(found), None)
    return Page(with_latest(found), Cursor(*(walk.position or _ALL for walk in (outbound, inbound))))


def _accounts(account: str | None, accounts: Collection[str] | None) -> Collection[str] | None:
    if account is None:
        return accounts
    return [account] if accounts is None or account in accounts else []


def thread(account: str, number: str, *, before: Cursor | None = None, limit: int = 50) -> Page[Message]:
    """The last messages with one counterpart, oldest first; files and who wrote are prefetched, `raw` is not read.
    What came in has as `answered_sender` from whom the message went out that it answers; None where it answers none."""
    if not number:  # rows that were emptied have nobody in common
        return Page([], None)
    ours = OutboundMessage.objects.filter(account=account, recipient=number, pk__lt=before.outbound if before else _ALL)
    theirs = light().filter(account=account, sender=number, pk__lt=before.inbound if before else _ALL)
    streams: list[list[Any]] = [
        list(ours.select_related("created_by").order_by("-pk")[: limit + 1]),
        list(theirs.annotate(answered_sender=F("in_reply_to__sender")).order_by("-pk")[: limit + 1]),
    ]
    merged = list(islice(heapq.merge(*streams, key=written_at, reverse=True), limit + 1))
    rows = merged[:limit]
    positions = []
    for model, stream, was in zip((OutboundMessage, InboundMessage), streams, before or (None, None), strict=True):
        taken = [row.pk for row in rows if isinstance(row, model)]
        positions.append(taken[-1] if taken else was or (stream[0].pk + 1 if stream else 1))
    return Page(rows[::-1], Cursor(*positions) if len(merged) > limit else None)


@dataclass(frozen=True, slots=True)
class _Head:
    """A row of a walk, as far as threads need it. `passed_over`: its thread was on a page before this one, or is not
    one of those that are asked for. `told`: what else of it was asked for."""

    walk: "_Walk"
    pk: int
    at: datetime
    key: tuple[str, str]
    passed_over: bool
    told: tuple[Any, ...]


class _Asked(NamedTuple):
    accounts: Collection[str] | None
    beginnings: Collection[str] | None


class _Walk:
    """One of the tables, read backwards. `position`: as in a `Cursor`; None until the first row was read. `cut`: there
    is more, but this page has cost enough. `columns`: the key, the time, the account and the number, and what
    else is asked for."""

    def __init__(
        self, asked: _Asked, rows: "QuerySet[Any]", columns: tuple[str, ...], position: int | None, pass_over: Q
    ):
        self.model = rows.model
        self.columns = columns
        marked = rows.annotate(passed_over=pass_over).order_by("-pk")
        self.rows = marked.values_list("passed_over", *self.columns)
        self.asked = asked
        self.number = columns[3]
        self.position = position
        self.cut = False

    def heads(self, seen: Collection[tuple[str, str]]) -> Iterator[_Head]:
        below = self.position
        for _round in range(ROUNDS):
            rows = self.rows.filter(self._left(seen))
            chunk = list((rows.filter(pk__lt=below) if below is not None else rows)[:CHUNK])
            if self.position is None:  # what comes later is not ours to tell of, even where nothing is taken
                self.position = chunk[0][1] + 1 if chunk else 1
            for passed_over, *told in chunk:
                below, at, account, number = told[:4]
                yield _Head(self, below, at, (account, number), passed_over, tuple(told))
            if len(chunk) < CHUNK:
                return
        self.cut = True

    def _left(self, seen: Collection[tuple[str, str]]) -> Q:
        """Whom to look for yet. The other messages of those who were seen, be they a million, the database passes over
        without sending them; a number that was asked for in full, and seen, is not searched for again."""
        condition = Q(account__in=self.asked.accounts) if self.asked.accounts is not None else Q()
        if self.asked.beginnings is not None:
            accounts = get_settings().accounts if self.asked.accounts is None else self.asked.accounts
            full = [each for each in self.asked.beginnings if all((account, each) in seen for account in accounts)]
            condition &= prefix_q(self.number, set(self.asked.beginnings).difference(full))
        numbers = defaultdict(list)
        for account, number in seen:
            numbers[account].append(number)
        for account, some in numbers.items():
            condition &= ~Q(account=account, **{f"{self.number}__in": some})
        return condition


def _walks(asked: _Asked, unanswered: bool, before: Cursor | None, brief: bool) -> tuple[_Walk, _Walk]:
    # Without a number are rows that were emptied for their age, and pushes that could not be read.
    ours: QuerySet[Any] = OutboundMessage.objects.exclude(recipient="")
    theirs: QuerySet[Any] = InboundMessage.objects.exclude(sender="")
    columns, their_columns = _OURS, _THEIRS
    if brief:
        columns, their_columns = (*_OURS, "beginning", "state", "given_up"), (*_THEIRS, "beginning", "file_count")
        ours = ours.annotate(beginning=Left("text", _BEGINNING))
        theirs = theirs.annotate(beginning=Left("text", _BEGINNING), file_count=_file_count())
    outbound, inbound = before or (None, None)
    newer_in_theirs = _newer("sender", before)
    if unanswered:
        newer_in_theirs |= Q(Exists(_ours("sender").filter(created_at__gte=OuterRef("received_at"))))
    return (
        _Walk(asked, ours, columns, outbound, _newer("recipient", before)),
        _Walk(asked, theirs, their_columns, inbound, newer_in_theirs),
    )


# Conditions of a row whose counterpart is in the column `number`


def _newer(number: str, before: Cursor | None) -> Q:
    """Its thread has messages that are newer than the cursor, in either direction."""
    if before is None:
        return Q(pk__in=[])
    theirs = InboundMessage.objects.filter(account=OuterRef("account"), sender=OuterRef(number))
    ours = _ours(number).filter(pk__gte=before.outbound)
    return Q(Exists(ours)) | Q(Exists(theirs.filter(pk__gte=before.inbound)))


def _ours(number: str) -> "QuerySet[OutboundMessage]":
    return OutboundMessage.objects.filter(account=OuterRef("account"), recipient=OuterRef(number))


def light() -> "QuerySet[InboundMessage]":
    """Inbound messages without `raw`, which may have 25 MB; with their files."""
    return InboundMessage.objects.defer("raw").prefetch_related(Prefetch("files", MmsFile.objects.order_by("position")))


def _file_count() -> Coalesce:
    files = MmsFile.objects.filter(message=OuterRef("pk")).order_by().values("message")
    return Coalesce(Subquery(files.annotate(count=Count("pk")).values("count")), 0)


def _with_read(heads: Collection[_Head]) -> list[Thread]:
    """Threads of what was read already."""
    return [Thread(*head.key, _message(head)) for head in heads]


def _message(head: _Head) -> Any:
    known = dict(zip(head.walk.columns, head.told, strict=True))
    known["text"], file_count = known.pop("beginning"), known.pop("file_count", 0)
    names = [field.attname for field in head.walk.model._meta.concrete_fields if field.attname in known]
    message: Any = head.walk.model.from_db(head.walk.rows.db, names, [known[name] for name in names])
    message.file_count = file_count
    return message


def _with_latest(heads: Collection[_Head]) -> list[Thread]:
    ours = [head.pk for head in heads if head.walk.number == "recipient"]
    theirs = [head.pk for head in heads if head.walk.number == "sender"]
    found: dict[str, dict[int, Any]] = {
        "recipient": OutboundMessage.objects.in_bulk(ours),
        "sender": light().in_bulk(theirs),
    }
    latest = ((head, found[head.walk.number].get(head.pk)) for head in heads)
    return [Thread(*head.key, message) for head, message in latest if message is not None]
