"""Conversations: the messages between an account and a number in both directions, and which wait for an answer.

The two message tables are read backwards by primary key, side by side, and merged by time. Nothing is counted or
grouped, so a page costs about the same among a hundred rows and among millions. A `Cursor` says where a page ended.
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
from django.utils import timezone
from django.utils.translation import gettext as _
from phonenumbers import PhoneNumber

from django_front_sms.conf import get_settings
from django_front_sms.db.lookups import prefix_q, text_start
from django_front_sms.db.routing import atomic
from django_front_sms.exceptions import NotPossible
from django_front_sms.gateway import numbers
from django_front_sms.models import HandledConversation, InboundMessage, MmsFile, OutboundMessage

Message = OutboundMessage | InboundMessage
Row = TypeVar("Row")

CHUNK = 250  # rows that are read at once
ROUNDS = 4  # chunks of one table that a page of threads may cost
LOOK_BACK = 5000  # inbound messages that are looked at to count unanswered conversations
_ALL = BigIntegerField.MAX_BIGINT  # a position behind every row
_PREVIEW_LENGTH = 200  # characters of a text
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
        """The cursor that `text` stands for; raises `ValueError` where it is not one."""
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
    """The messages between an account and one number. `number` is E.164 for people; a text or a short code where the
    sender of an inbound message was one. `latest` has its files prefetched."""

    account: str
    number: str
    latest: Message


def written_at(message: Message) -> datetime:
    """When the message was stored here: queued by a colleague, or received from Front."""
    return message.created_at if isinstance(message, OutboundMessage) else message.received_at


def counterpart(message: Message) -> str:
    """The number that the message was written to, or came from, as `Thread.number` has it."""
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

    `account`: only that one. `accounts`: only these; None means all. `prefixes`: how the number may begin, as a row has
    it (`+47999`); an empty collection finds nothing. `unanswered`: only those in which the counterpart asked something
    after the last message to them, and that nobody marked as handled since. STOP and START are no questions. A page can
    be shorter than `limit` although older conversations follow, where a few counterparts wrote nearly everything.
    `brief`: `latest` has its state, the start of its text, and the number of its files as `file_count`, which cost no
    query of their own.
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


# Conversations that wait for an answer


def mark_handled(account: str, number: str | PhoneNumber, *, by: Any, up_to: int | None = None) -> HandledConversation:
    """Count a conversation as answered until the next inbound message, and return the row that says so.

    `number` is `Thread.number` in any spelling, or a number object. `up_to` is the primary key of the last inbound
    message that the user saw, so that a message received meanwhile still waits; None is the latest one. Raises
    `NotPossible` where there is no message from `number`.
    """
    number = _one_form(number)
    latest = _received(account, number).order_by("-pk").values_list("pk", flat=True).first()
    if latest is None:
        raise NotPossible(_("There is no message from this number, so there is nothing to mark as handled."))
    user = by if getattr(by, "pk", None) else None
    last, now = latest if up_to is None else min(up_to, latest), timezone.now()
    with atomic():
        row, is_new = HandledConversation.objects.select_for_update().get_or_create(
            account=account, number=number, defaults={"up_to": last, "by": user, "at": now}
        )
        if not is_new and row.up_to <= last:
            row.up_to, row.by, row.at = last, user, now
            row.save(update_fields=["up_to", "by", "at"])
    return row


def unmark_handled(account: str, number: str | PhoneNumber) -> bool:
    """Undo `mark_handled`; returns whether the conversation had been marked."""
    return bool(HandledConversation.objects.filter(account=account, number=_one_form(number)).delete()[0])


def handled(account: str, number: str | PhoneNumber) -> HandledConversation | None:
    """The mark of `mark_handled`, with its user; None where there is none, or a message was received since."""
    number = _one_form(number)
    newer = _received(account, number).exclude(_IS_NO_QUESTION).filter(pk__gt=OuterRef("up_to"))
    marks = HandledConversation.objects.filter(account=account, number=number).select_related("by")
    return marks.filter(~Exists(newer)).first()


def is_unanswered(account: str, number: str | PhoneNumber) -> bool:
    """Whether the counterpart waits for an answer, as `threads(unanswered=True)` lists it."""
    return _questions().filter(account=account, sender=_one_form(number)).exclude(_is_answered()).exists()


def unanswered_count(accounts: Collection[str] | None = None) -> int:
    """The number of conversations that wait for an answer, among the last `LOOK_BACK` inbound messages of the whole
    site; one query. `accounts`: only these; None means all."""
    newest = InboundMessage.objects.order_by("-pk").values_list("pk", flat=True)[LOOK_BACK - 1 : LOOK_BACK]
    questions = _questions().filter(pk__gte=Coalesce(Subquery(newest), 0))
    if accounts is not None:
        questions = questions.filter(account__in=accounts)
    return questions.exclude(_is_answered()).order_by().values("account", "sender").distinct().count()


_IS_NO_QUESTION = Q(
    opt_out_intent__in=(InboundMessage.OptOutIntent.OPT_OUT, InboundMessage.OptOutIntent.OPT_IN)
)  # STOP and START are carried out by the machine; nobody has to answer them


def _one_form(number: str | PhoneNumber) -> str:
    return numbers.normalize(numbers.as_text(number))


def _received(account: str, number: str) -> "QuerySet[InboundMessage]":
    return InboundMessage.objects.filter(account=account, sender=number).exclude(sender="")


def _questions() -> "QuerySet[InboundMessage]":
    """Inbound messages that a person may have to answer."""
    return InboundMessage.objects.exclude(sender="").exclude(_IS_NO_QUESTION)


def _is_answered() -> Q:
    """A condition of an inbound message: its sender was written to since, or somebody marked it as handled."""
    marks = HandledConversation.objects.filter(account=OuterRef("account"), number=OuterRef("sender"))
    answers = _to("sender").filter(created_at__gte=OuterRef("received_at"))
    return Q(Exists(answers)) | Q(Exists(marks.filter(up_to__gte=OuterRef("pk"))))


# Reading the two tables


def _allowed(account: str | None, accounts: Collection[str] | None) -> frozenset[str] | None:
    """The names of the accounts to read; None means all."""
    if account is None:
        return None if accounts is None else frozenset(accounts)
    return frozenset({account} if accounts is None else {account}.intersection(accounts))


@dataclass(frozen=True, slots=True)
class _Head:
    """A row of a walk, with the columns that were read of it. `passed_over`: its conversation was on an earlier page,
    or was not asked for."""

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

    `position`: as in a `Cursor`; None until the first row was read. `cut`: there is more, but this page has cost
    enough. `columns`: the key, the time, the account and the number, and further columns.
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
        """The rows whose conversation is not in `seen`, newest first. The caller adds to `seen` as it goes on."""
        below = self.position
        for _round in range(ROUNDS):
            rows = self.rows.filter(self._unseen(seen))
            chunk = list((rows.filter(pk__lt=below) if below is not None else rows)[:CHUNK])
            if self.position is None:  # rows stored from now on do not belong to these pages, even if none is taken
                self.position = chunk[0][1] + 1 if chunk else 1
            for passed_over, *values in chunk:
                below, at, account, number = values[:4]
                yield _Head(self, below, at, (account, number), passed_over, tuple(values))
            if len(chunk) < CHUNK:
                return
        self.cut = True

    def _unseen(self, seen: Collection[tuple[str, str]]) -> Q:
        """The condition of a row that can begin another conversation.

        The database skips further messages of those in `seen`, without sending them. A number that was given in full,
        and was seen in every account, is not searched for again.
        """
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
    ours: QuerySet[Any] = OutboundMessage.objects.exclude(recipient="")
    theirs: QuerySet[Any] = _questions() if unanswered else InboundMessage.objects.exclude(sender="")
    columns, their_columns = _OUTBOUND_COLUMNS, _INBOUND_COLUMNS
    if brief:
        start = text_start("text", _PREVIEW_LENGTH)
        columns = (*columns, "text_start", "sensitive", "state", "given_up")
        their_columns = (*their_columns, "text_start", "file_count")
        ours = ours.annotate(text_start=start)
        theirs = theirs.annotate(text_start=start, file_count=_file_count())
    outbound, inbound = before or (None, None)
    is_newer = _is_newer("sender", before)
    return (
        _Walk(filters, ours, columns, outbound, _is_newer("recipient", before)),
        _Walk(filters, theirs, their_columns, inbound, is_newer | _is_answered() if unanswered else is_newer),
    )


# Conditions of a row whose counterpart is in the column `number`


def _is_newer(number: str, before: Cursor | None) -> Q:
    """Its conversation has messages that are newer than the cursor, in either direction."""
    if before is None:
        return Q(pk__in=[])
    theirs = InboundMessage.objects.filter(account=OuterRef("account"), sender=OuterRef(number))
    ours = _to(number).filter(pk__gte=before.outbound)
    return Q(Exists(ours)) | Q(Exists(theirs.filter(pk__gte=before.inbound)))


def _to(number: str) -> "QuerySet[OutboundMessage]":
    return OutboundMessage.objects.filter(account=OuterRef("account"), recipient=OuterRef(number))


def light() -> "QuerySet[InboundMessage]":
    """Inbound messages with their files, without `raw`, which may have 25 MB."""
    return InboundMessage.objects.defer("raw").prefetch_related(Prefetch("files", MmsFile.objects.order_by("position")))


def _file_count() -> Coalesce:
    files = MmsFile.objects.filter(message=OuterRef("pk")).order_by().values("message")
    return Coalesce(Subquery(files.annotate(count=Count("pk")).values("count")), 0)


def _from_heads(heads: Collection[_Head]) -> list[Thread]:
    """Conversations made of the columns that were read already."""
    return [Thread(*head.key, _message(head)) for head in heads]


def _message(head: _Head) -> Any:
    known = dict(zip(head.walk.columns, head.values, strict=True))
    known["text"], file_count = known.pop("text_start")[:_PREVIEW_LENGTH], known.pop("file_count", 0)
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
