"""Which conversations wait for an answer, and which a user marked as handled."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual
from django.utils import timezone
from django.utils.translation import gettext as _
from phonenumbers import PhoneNumber

from django_front_sms.db.lookups import text_start
from django_front_sms.db.routing import atomic
from django_front_sms.exceptions import NotPossible
from django_front_sms.gateway import numbers
from django_front_sms.models import HandledConversation, InboundMessage, OutboundMessage

LOOK_BACK = 5000  # inbound messages that are read to count unanswered conversations
MOST_READ = 1000  # messages without an answer that are read to find the oldest
PREVIEW_LENGTH = 200  # characters of a text
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def mark_handled(account: str, number: str | PhoneNumber, *, by: Any, up_to: int | None = None) -> HandledConversation:
    """Count a conversation as answered until the next inbound message, and return the row that records this.

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
    return bool(HandledConversation.objects.of(account, _one_form(number)).delete()[0])


def handled(account: str, number: str | PhoneNumber) -> HandledConversation | None:
    """The mark of `mark_handled`, with its user; None where there is none, or a message was received since."""
    number = _one_form(number)
    newer = _received(account, number).exclude(_IS_NO_QUESTION).filter(pk__gt=OuterRef("up_to"))
    marks = HandledConversation.objects.of(account, number).select_related("by")
    return marks.filter(~Exists(newer)).first()


def is_unanswered(account: str, number: str | PhoneNumber) -> bool:
    """Whether the counterpart waits for an answer, as `threads(unanswered=True)` lists it."""
    return questions().filter(account=account, sender=_one_form(number)).exclude(is_answered()).exists()


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A conversation that waits for an answer: its first inbound message without one, when that was received, and the
    start of the latest text."""

    account: str
    number: str
    message_id: int
    since: datetime
    text: str


def unanswered_count(accounts: Collection[str] | None = None, *, most: int | None = None) -> int:
    """The number of conversations that wait for an answer, among the last `LOOK_BACK` inbound messages of the whole
    site; two queries. `accounts`: only these; None means all. `most`: stop counting there."""
    return _waiting(accounts, _newest()).order_by().values("account", "sender").distinct()[:most].count()


def oldest_unanswered(accounts: Collection[str] | None, newest: int, *, most: int) -> list[Unanswered]:
    """The conversations that `unanswered_count` counts, the longest wait first, at most `most`; one query.

    `newest` is the highest primary key of an inbound message.
    """
    rows = _waiting(accounts, newest).annotate(text_start=text_start("text", PREVIEW_LENGTH)).order_by("pk")
    found: dict[tuple[str, str], Unanswered] = {}
    for row in rows.values_list("account", "sender", "pk", "received_at", "text_start")[:MOST_READ]:
        key, text = row[:2], row[-1][:PREVIEW_LENGTH]
        if key in found:
            found[key] = replace(found[key], text=text or found[key].text)
        elif len(found) < most:
            found[key] = Unanswered(*row[:-1], text)
    return list(found.values())


def _newest() -> int:
    return InboundMessage.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _waiting(accounts: Collection[str] | None, newest: int) -> "QuerySet[InboundMessage]":
    """The messages without an answer among the last `LOOK_BACK`. Reading the highest key first lets the database plan
    for so few rows."""
    rows = questions().filter(pk__gt=newest - LOOK_BACK)
    return (rows if accounts is None else rows.filter(account__in=accounts)).exclude(is_answered())


_IS_NO_QUESTION = Q(
    opt_out_intent__in=(InboundMessage.OptOutIntent.OPT_OUT, InboundMessage.OptOutIntent.OPT_IN)
)  # STOP and START are processed automatically and need no answer


def _one_form(number: str | PhoneNumber) -> str:
    return numbers.normalize(numbers.as_text(number))


def _received(account: str, number: str) -> "QuerySet[InboundMessage]":
    return InboundMessage.objects.with_sender().filter(account=account, sender=number)


def questions() -> "QuerySet[InboundMessage]":
    """Inbound messages that staff may have to answer."""
    return InboundMessage.objects.with_sender().exclude(_IS_NO_QUESTION)


def is_answered() -> Q:
    """A condition of an inbound message: its sender was answered since, or a user marked it as handled."""
    marks = HandledConversation.objects.of(OuterRef("account"), OuterRef("sender"))
    latest = Coalesce(Subquery(messages_to("sender").order_by("-pk").values("created_at")[:1]), Value(_LONG_AGO))
    return Q(GreaterThanOrEqual(latest, F("received_at"))) | Q(Exists(marks.filter(up_to__gte=OuterRef("pk"))))


def messages_to(number: str) -> "QuerySet[OutboundMessage]":
    """The outbound messages to the counterpart of a row; `number` names the row's column."""
    return OutboundMessage.objects.filter(account=OuterRef("account"), recipient=OuterRef(number))
