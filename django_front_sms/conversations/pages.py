"""Threads of messages between an account and a number in both directions, page by page.

The two message tables are read backwards by primary key, and merged by time. Nothing is counted or grouped, so a page
costs about the same with a hundred rows and with millions. A `Cursor` is the position where a page ended.
"""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Generic, NamedTuple, Self, TypeVar

from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from django_front_sms.conf import get_settings
from django_front_sms.conversations.unanswered import PREVIEW_LENGTH, is_answered, messages_to, questions
from django_front_sms.db.lookups import prefix_q, text_start
from django_front_sms.models import InboundMessage, MmsFile, OutboundMessage

Message = OutboundMessage | InboundMessage
Row = TypeVar("Row")

CHUNK = 250  # rows that are read at once
ROUNDS = 4  # chunks of one table that a page of threads may cost
_ALL = BigIntegerField.MAX_BIGINT  # a position behind every row
_OUTBOUND_COLUMNS: tuple[str, ...] = ("id", "created_at", "account", "recipient")
_INBOUND_COLUMNS: tuple[str, ...] = ("id", "received_at", "account", "sender")


class Cursor(NamedTuple):
    """The lowest primary key read of each table so far. Written as text it is `12-34`."""

    outbound: int
    inbound: int

    def __str__(self) -> str:
        return f"{self.outbound}-{self.inbound}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cursor that `text` encodes; raises `ValueError` where it is not one."""
        keys = text.split("-")
        if len(keys) != 2 or not all(key.isascii() and key.isdecimal() and int(key) <= _ALL for key in keys):
            raise ValueError("A cursor has two numbers with a hyphen between them. Begin at the first page.")
        return cls(int(keys[0]), int(keys[1]))


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursor for the rows before them; None if there are none."""

    rows: list[Row]
    before: Cursor | None


@dataclass(frozen=True, slots=True)
class Thread:
    """The messages between an account and one number. `number` is E.164 for people; a text or a short code where the
    sender of an inbound message was one. `latest` has its files prefetched."""

    account: str
    number: str
    latest: Message


def written_at(message: Message) -> datetime:
    """When the message was stored here: queued by a colleague, or received from Front."""
    return message.created_at if isinstance(message, OutboundMessage) else message.received_at


def counterpart(message: Message) -> str:
    """The recipient of an outbound, or the sender of an inbound message, in the form of `Thread.number`."""
    return message.recipient if isinstance(message, OutboundMessage) else message.sender


def threads(
    *,
    account: str | None = None,
    accounts: Collection[str] | None = None,
    prefixes: Collection[str] | None = None,
    unanswered: bool = False,
    before: Cursor | None = None,
    limit: int = 30,
    brief: bool = False,
) -> Page[Thread]:
    """The conversations with the latest messages, newest first.

    `account`: only that one. `accounts`: only these; None means all. `prefixes`: possible beginnings of the number, in
    the stored form (`+47999`); an empty collection finds nothing. `unanswered`: only those whose counterpart wrote
    after the last message to them, other than STOP or START, and that have not been marked as handled since. A page can
    be shorter than `limit` although older conversations follow, if a few counterparts wrote most messages. `brief`:
    `latest` has its state, the start of its text, and the number of its files as `file_count`, without further queries.
    """
    outbound, inbound = _walks(_Filters(_allowed(account, accounts), prefixes), unanswered, before, brief)
    heads, is_last = _newest_heads([inbound] if unanswered else [outbound, inbound], limit)
    rows = _from_heads(heads) if brief else _with_latest(heads)
    return Page(rows, None if is_last else Cursor(*(walk.position or _ALL for walk in (outbound, inbound))))


def thread(account: str, number: str, *, before: Cursor | None = None, limit: int = 50) -> Page[Message]:
    """The last messages with one number, oldest first; files and authors are prefetched, `raw` is not read.

    Inbound messages have as `answered_sender` the sender of the message that they answer; None where they answer none.
    """
    if not number:  # anonymized rows have an empty number, but belong to many people
        return Page([], None)
    ours = OutboundMessage.objects.filter(account=account, recipient=number, pk__lt=before.outbound if before else _ALL)
    theirs = light().filter(account=account, sender=number, pk__lt=before.inbound if before else _ALL)
    streams: list[list[Any]] = [
        list(ours.select_related("created_by").order_by("-pk")[: limit + 1]),
        list(theirs.annotate(answered_sender=F("in_reply_to__sender")).order_by("-pk")[: limit + 1]),
    ]
    merged = list(islice(heapq.merge(*streams, key=written_at, reverse=True), limit + 1))
    rows = merged[:limit]
    return Page(rows[::-1], _cursor_after(rows, streams, before) if len(merged) > limit else None)


def _cursor_after(rows: Sequence[Message], streams: Sequence[list[Any]], before: Cursor | None) -> Cursor:
    """The cursor of the page that follows `rows`, which were taken from `streams`."""
    positions = []
    models = (OutboundMessage, InboundMessage)
    for model, stream, previous in zip(models, streams, before or (None, None), strict=True):
        taken = [row.pk for row in rows if isinstance(row, model)]
        start = stream[0].pk + 1 if stream else 1
        positions.append(taken[-1] if taken else previous or start)
    return Cursor(*positions)


# Reading the two tables


def _allowed(account: str | None, accounts: Collection[str] | None) -> frozenset[str] | None:
    """The names of the accounts to read; None means all."""
    if account is None:
        return None if accounts is None else frozenset(accounts)
    return frozenset({account} if accounts is None else {account}.intersection(accounts))


@dataclass(frozen=True, slots=True)
class _Head:
    """A row of a walk, with the columns that were read. `passed_over`: its conversation was on an earlier page, or was
    not requested."""

    walk: "_Walk"
    pk: int
    at: datetime
    key: tuple[str, str]
    passed_over: bool
    values: tuple[Any, ...]


def _newest_heads(walks: Sequence["_Walk"], limit: int) -> tuple[list[_Head], bool]:
    """The newest row of each conversation, at most `limit`, and whether there are no others."""
    seen: set[tuple[str, str]] = set()
    found: list[_Head] = []
    for head in heapq.merge(*(walk.heads(seen) for walk in walks), key=lambda head: head.at, reverse=True):
        if any(walk.cut for walk in walks):
            break
        if head.key not in seen and not head.passed_over:
            if len(found) == limit:
                return found, False
            found.append(head)
        seen.add(head.key)
        head.walk.position = head.pk
    return found, not any(walk.cut for walk in walks)


class _Filters(NamedTuple):
    accounts: frozenset[str] | None
    prefixes: Collection[str] | None


class _Walk:
    """One of the tables, read backwards.

    `position`: as in a `Cursor`; None until the first row was read. `cut`: there are more rows, but the limit of chunks
    for one page is reached. `columns`: the key, the time, the account and the number, and further columns.
    """

    def __init__(
        self, filters: _Filters, rows: "QuerySet[Any]", columns: tuple[str, ...], position: int | None, pass_over: Q
    ):
        self.model = rows.model
        self.columns = columns
        marked = rows.annotate(passed_over=pass_over).order_by("-pk")
        self.rows = marked.values_list("passed_over", *self.columns)
        self.filters = filters
        self.number = columns[3]
        self.position = position
        self.cut = False

    def heads(self, seen: Collection[tuple[str, str]]) -> Iterator[_Head]:
        """The rows whose conversation is not in `seen`, newest first. The caller adds to `seen` during the
        iteration."""
        below = self.position
        for _round in range(ROUNDS):
            rows = self.rows.filter(self._unseen(seen))
            chunk = list((rows.filter(pk__lt=below) if below is not None else rows)[:CHUNK])
            if self.position is None:  # rows stored from now on do not belong to these pages, even if no row is read
                self.position = chunk[0][1] + 1 if chunk else 1
            for passed_over, *values in chunk:
                below, at, account, number = values[:4]
                yield _Head(self, below, at, (account, number), passed_over, tuple(values))
            if len(chunk) < CHUNK:
                return
        self.cut = True

    def _unseen(self, seen: Collection[tuple[str, str]]) -> Q:
        """The condition of a row that can begin another conversation.

        The database skips further messages of the conversations in `seen`. A number that was given in full, and was
        seen in every account, is not searched for again."""
        condition = Q(account__in=self.filters.accounts) if self.filters.accounts is not None else Q()
        if self.filters.prefixes is not None:
            accounts = get_settings().accounts if self.filters.accounts is None else self.filters.accounts
            done = [each for each in self.filters.prefixes if all((account, each) in seen for account in accounts)]
            condition &= prefix_q(self.number, set(self.filters.prefixes).difference(done))
        numbers_of = defaultdict(list)
        for account, number in seen:
            numbers_of[account].append(number)
        for account, some in numbers_of.items():
            condition &= ~Q(account=account, **{f"{self.number}__in": some})
        return condition


def _walks(filters: _Filters, unanswered: bool, before: Cursor | None, brief: bool) -> tuple[_Walk, _Walk]:
    # Anonymized rows, and pushes that could not be read, have no number.
    ours: QuerySet[Any] = OutboundMessage.objects.with_recipient()
    theirs: QuerySet[Any] = questions() if unanswered else InboundMessage.objects.with_sender()
    columns, their_columns = _OUTBOUND_COLUMNS, _INBOUND_COLUMNS
    if brief:
        start = text_start("text", PREVIEW_LENGTH)
        columns = (*columns, "text_start", "sensitive", "state", "given_up")
        their_columns = (*their_columns, "text_start", "file_count")
        ours = ours.annotate(text_start=start)
        theirs = theirs.annotate(text_start=start, file_count=_file_count())
    outbound, inbound = before or (None, None)
    is_newer = _is_newer("sender", before)
    return (
        _Walk(filters, ours, columns, outbound, _is_newer("recipient", before)),
        _Walk(filters, theirs, their_columns, inbound, is_newer | is_answered() if unanswered else is_newer),
    )


# Conditions of a row whose counterpart is in the column `number`


def _is_newer(number: str, before: Cursor | None) -> Q:
    """Its conversation has messages that are newer than the cursor, in either direction."""
    if before is None:
        return Q(pk__in=[])
    theirs = InboundMessage.objects.filter(account=OuterRef("account"), sender=OuterRef(number))
    ours = messages_to(number).filter(pk__gte=before.outbound)
    return Q(Exists(ours)) | Q(Exists(theirs.filter(pk__gte=before.inbound)))


def light() -> "QuerySet[InboundMessage]":
    """Inbound messages with their files, without `raw`, which may be 25 MB."""
    return InboundMessage.objects.defer("raw").prefetch_related(Prefetch("files", MmsFile.objects.order_by("position")))


def _file_count() -> Coalesce:
    files = MmsFile.objects.filter(message=OuterRef("pk")).order_by().values("message")
    return Coalesce(Subquery(files.annotate(count=Count("pk")).values("count")), 0)


def _from_heads(heads: Collection[_Head]) -> list[Thread]:
    """Conversations made from the columns that were read already."""
    return [Thread(*head.key, _message(head)) for head in heads]


def _message(head: _Head) -> Any:
    known = dict(zip(head.walk.columns, head.values, strict=True))
    known["text"], file_count = known.pop("text_start")[:PREVIEW_LENGTH], known.pop("file_count", 0)
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
