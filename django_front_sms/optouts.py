"""Opt-outs for each account and sender: STOP and START, and the check before each send.

The last of a person's keywords to a number counts, in any order of receipt. No answer is sent. Replies to a sender that
is a name are not possible: a site that offers a number for STOP, for all its senders, calls `opt_out` with an empty
sender.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from phonenumbers import PhoneNumber

from django_front_sms.conf import get_settings
from django_front_sms.db.bulk import in_chunks
from django_front_sms.db.lookups import text_start
from django_front_sms.exceptions import InvalidMessage, NotPossible
from django_front_sms.gateway import numbers
from django_front_sms.gateway.keywords import Phrases, normalized, own_text
from django_front_sms.models import InboundMessage, OptOut
from django_front_sms.redaction import redacted_errors

_PHONE = re.compile(r"\+[0-9]{4,18}")
_DIGITS = re.compile(r"[0-9]+")
_LONGEST_SENDER = 20
_LONGEST_TEXT = 200  # characters of a text that may be a keyword alone
_RECENT = 100  # messages of a person to one number
_AT_ONCE = 1000  # numbers in one query
OptOutIntent = InboundMessage.OptOutIntent
_KEYWORDS = (InboundMessage.OptOutIntent.OPT_OUT, InboundMessage.OptOutIntent.OPT_IN)


@redacted_errors
def opt_out(
    number: str | PhoneNumber,
    *,
    sender: str = "",
    account: str = "default",
    by: Any = None,
    message: InboundMessage | None = None,
) -> OptOut:
    """Store an opt-out of `number` from `sender`; an empty one is every sender of the account.

    `number` is in any usual form, or a number object. Raises `InvalidMessage` with code
    `invalid_recipient`.
    """
    return _keep(account, number_form(number), sender_form(sender, account), timezone.now(), by, message)


@redacted_errors
def opt_in(number: str | PhoneNumber, *, sender: str = "", account: str = "default") -> None:
    """Undo `opt_out`; the arguments and errors are the same."""
    rows = OptOut.objects.of_numbers(account, [number_form(number)])
    rows.filter(sender__iexact=sender_form(sender, account)).delete()


def confirm(message: InboundMessage, by: Any = None) -> None:
    """Opt out the sender of a message that is perhaps an opt-out, because the user `by` read it as one.

    Raises `NotPossible` for other messages, and where the sender is no phone number.
    """
    if message.opt_out_intent != OptOutIntent.PERHAPS_OPT_OUT or not _PHONE.fullmatch(message.sender):
        raise NotPossible(_("This message does not begin like an opt-out. Add an opt-out for its sender instead."))
    opt_out(message.sender, sender=message.recipient, account=message.account, by=by, message=message)
    InboundMessage.objects.filter(pk=message.pk).update(opt_out_intent=OptOutIntent.OPT_OUT)


def number_form(number: object) -> str:
    """A phone number in the form of messages and opt-outs: E.164.

    `number` is in any usual form, or a number object. A number with its country code that is in no numbering plan is
    accepted as well: an inbound message may have it. Raises `InvalidMessage` with code `invalid_recipient`.
    """
    try:
        return numbers.parse_recipient(number, region=get_settings().default_region)
    except numbers.NumberError as error:
        fact = numbers.normalize(numbers.as_text(number))
        if _PHONE.fullmatch(fact):
            return fact
        raise InvalidMessage(str(error), error.code) from None


def _keep(account: str, number: str, sender: str, since: datetime, by: Any, message: InboundMessage | None) -> OptOut:
    row, _new = OptOut.objects.get_or_create(
        account=account,
        number=number,
        sender=sender,
        defaults={"since": since, "created_by": by, "message": message},
    )
    return row


def sender_form(sender: str, account: str = "default") -> str:
    """A sender in the form of opt-outs and of `InboundMessage.recipient`.

    Phone numbers are in E.164, PSK numbers have their short code, and names are in NFC.
    """
    known = get_settings().accounts.get(account)
    return numbers.normalize(sender, known.psk_short_code if known else numbers.PSK_SHORT_CODE)


def _forms(sender: str, account: str) -> set[str]:
    """The senders that a phone may show for `sender`, so that people may have written to any of them.

    In lower case: to a person "FRONT" and "Front" are one sender, and some databases know no other."""
    shown = sender_form(sender, account).casefold()
    return {shown, f"+{shown}", f"+47{shown}"} if _DIGITS.fullmatch(shown) else {shown}


class Addressed(Protocol):
    """The fields of a message that opt-outs are checked against."""

    @property
    def account(self) -> str: ...
    @property
    def recipient(self) -> str: ...
    @property
    def sender(self) -> str: ...
    @property
    def ignore_opt_out(self) -> bool: ...


def refused(messages: Sequence[Addressed]) -> list[int]:
    """The positions of those among `messages` whose recipients opted out of their senders."""
    asked: dict[str, set[str]] = defaultdict(set)
    for message in messages:
        if not message.ignore_opt_out:
            asked[message.account].add(message.recipient)
    out: dict[tuple[str, str], set[str]] = defaultdict(set)
    for account, recipients in asked.items():
        for number, sender in _rows(account, sorted(recipients)):
            out[account, number].add(unicodedata.normalize("NFC", sender).casefold())
    return [
        place
        for place, message in enumerate(messages)
        if not message.ignore_opt_out
        and (senders := out.get((message.account, message.recipient)))
        and ("" in senders or senders & _forms(message.sender, message.account))
    ]


def _rows(account: str, recipients: Sequence[str]) -> Iterable[tuple[str, str]]:
    for some in in_chunks(recipients, _AT_ONCE):
        rows = OptOut.objects.of_numbers(account, some)
        yield from rows.values_list("number", "sender")


def parse_keyword(text: str, keyword: str = "", recipient: str = "") -> OptOutIntent:
    """The request in a text, also after the keyword of a short code.

    `OPT_OUT` or `OPT_IN` if it consists only of `OPT_OUT_WORDS` or `OPT_IN_WORDS`, `PERHAPS_OPT_OUT` if it begins with
    an opt-out word and has more words, otherwise `NONE`.
    """
    conf = get_settings()
    head = text[: _LONGEST_TEXT + 1]
    texts = [normalized(head), own_text(head, keyword, recipient)]
    out_words = Phrases(conf.opt_out_words)
    if len(text) <= _LONGEST_TEXT:
        if any(map(out_words.are_all_of, texts)):
            return OptOutIntent.OPT_OUT
        if any(map(Phrases(conf.opt_in_words).are_all_of, texts)):
            return OptOutIntent.OPT_IN
    return OptOutIntent.PERHAPS_OPT_OUT if any(map(out_words.begin, texts)) else OptOutIntent.NONE


def is_keyword(text: str, keyword: str = "", recipient: str = "") -> bool:
    """Whether a text consists only of STOP or START."""
    return parse_keyword(text, keyword, recipient) in _KEYWORDS


def process_keywords(messages: Iterable[InboundMessage]) -> None:
    """Set `opt_out_intent` of `messages`, and store or delete opt-outs accordingly.

    Called by the worker, in the transaction that writes the events of `messages`.
    """
    for message in _heads(InboundMessage.objects.filter(pk__in=[message.pk for message in messages])).order_by("pk"):
        intent = _intent_of(message)
        if intent != message.opt_out_intent:
            InboundMessage.objects.filter(pk=message.pk).update(opt_out_intent=intent)
        if intent in _KEYWORDS and _PHONE.fullmatch(message.sender) and len(message.recipient) <= _LONGEST_SENDER:
            _process(message, intent)


def _process(message: Any, intent: OptOutIntent) -> None:
    if message.pk != _last_keyword(message).pk:
        return  # superseded by a later keyword, or a repetition of one
    if intent == OptOutIntent.OPT_OUT:
        _keep(message.account, message.sender, message.recipient, _written_at(message), None, message)
    else:
        # This also deletes an opt-out from every sender, which staff may have entered without the person's knowledge.
        earlier = OptOut.objects.of_numbers(message.account, [message.sender]).filter(since__lte=_written_at(message))
        earlier.filter(sender__in=[message.recipient, ""]).delete()


def _heads(rows: "QuerySet[InboundMessage]") -> "QuerySet[Any]":
    few = ("account", "sender", "recipient", "keyword", "sent_at", "received_at", "opt_out_intent")
    return rows.only(*few).annotate(head=text_start("text", _LONGEST_TEXT + 1))


def _intent_of(message: Any) -> OptOutIntent:
    return parse_keyword(message.head, message.keyword, message.recipient)


def _last_keyword(message: Any) -> Any:
    """The latest STOP or START of the same person to the same number."""
    pair = {name: getattr(message, name) for name in ("account", "sender", "recipient")}
    recent = _heads(InboundMessage.objects.filter(**pair)).order_by("-pk")[:_RECENT]
    keywords = (each for each in recent if _intent_of(each) in _KEYWORDS)
    return max([message, *keywords], key=lambda each: (_written_at(each), each.pk))


def _written_at(message: InboundMessage) -> datetime:
    return min(message.sent_at or message.received_at, message.received_at)
