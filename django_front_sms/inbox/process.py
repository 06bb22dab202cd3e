"""Processes inbound messages in the worker: replies, opt-outs, Front's counter, events, and files stored late."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from django_front_sms import optouts
from django_front_sms.conf import get_settings
from django_front_sms.db.clock import ENDLESS, Turn, database_now
from django_front_sms.db.transactions import nested_transaction
from django_front_sms.events import records
from django_front_sms.gateway.numbers import PRICED_SENDER, spellings
from django_front_sms.gateway.push import decode_inbound_json
from django_front_sms.inbox import counters
from django_front_sms.inbox.insert import with_problem
from django_front_sms.inbox.mms import files
from django_front_sms.inbox.store import TWIN
from django_front_sms.models import Event, InboundMessage, MmsFile, OutboundMessage, SendAttempt
from django_front_sms.models.outbound import OutboundQuerySet

BATCH = 100
_SOONEST, _LATEST = timedelta(seconds=30), timedelta(hours=1)


def process(turn: Turn = ENDLESS) -> int:
    """Write the events of each new inbound message, and try again to store files that the storage refused; then write
    the events of counter gaps. Ends with the turn.

    Returns the number of messages whose events were written.
    """
    announced = 0
    undecided: set[int] = set()
    found = BATCH
    # A message that came after a smaller batch was read has a hint of its own.
    while found == BATCH and not turn.is_over():
        now = database_now()
        due = InboundMessage.objects.due(now).exclude(pk__in=undecided)
        messages = sorted(due.defer("raw")[:BATCH], key=lambda message: message.pk)  # all workers lock in one order
        found = len(messages)
        undecided |= {message.pk for message in messages if not message.announced and _is_too_early(message, now)}
        ready = [message for message in messages if message.pk not in undecided]
        if ready:
            announced += _announce(ready, _store_late_files(ready), now)
    counters.signal_gaps()
    return announced


@nested_transaction
def _announce(messages: Sequence[InboundMessage], unfinished: Collection[int], now: datetime) -> int:
    """Write the events of messages, in the transaction that sets `announced`: once, with any number of workers."""
    written: list[Event] = []
    new: list[InboundMessage] = []
    for message in messages:
        row = InboundMessage.objects.filter(pk=message.pk)
        pause = max(_SOONEST, min(now - message.received_at, _LATEST))
        process_at = now + pause if message.pk in unfinished else None
        if message.announced:
            row.update(process_at=process_at)
            continue
        reply_to = answered_by(message)
        if not row.filter(announced=False).update(announced=True, in_reply_to=reply_to, process_at=process_at):
            continue
        _flag_twin(message)
        new.append(message)
        written.append(records.message_received(message.pk))
        if reply_to is not None:
            written.append(records.reply_received(message.pk, reply_to))
    Event.objects.bulk_create(written)
    optouts.process_keywords(new)
    counters.count(new, now)
    return len(new)


def _flag_twin(message: InboundMessage) -> None:
    """Note a problem if only the counter differs from an earlier message by GET, which has no id (§2.5.2).

    Front may have counted one message twice, or a person may have sent it twice in one second.
    """
    if message.api != "get" or message.sent_at is None:
        return
    alike = {"account": message.account, "api": "get", "sender": message.sender, "recipient": message.recipient}
    before = InboundMessage.objects.filter(**alike, sent_at=message.sent_at, text=message.text, pk__lt=message.pk)
    first = before.exclude(counter=message.counter).order_by("pk").values_list("pk", flat=True).first()
    if first is not None:
        problem = with_problem(message.problem, f"{TWIN}{first}: only the counter is another")
        InboundMessage.objects.filter(pk=message.pk).update(problem=problem)


def answered_by(message: InboundMessage) -> int | None:
    """Return the key of the message that this one answers, or None.

    It is the latest message to this sender, from the recipient of this message, that Front had accepted by then. Front
    accepts a message between claim and answer, so a reply may arrive before the answer.
    """
    claimed = SendAttempt.objects.of_message(OuterRef("pk")).filter(claimed_at__lte=message.received_at)
    under_way = Q(sent_at__lte=message.received_at + get_settings().lease) & Exists(claimed)
    accepted = _messages_to_sender(message).accepted()
    sent = accepted.filter(Q(sent_at__lte=message.received_at) | under_way)
    return sent.order_by("-sent_at", "-pk").values_list("pk", flat=True).first()


def _is_too_early(message: InboundMessage, now: datetime) -> bool:
    """Whether a message that this one may answer is still being sent, within the lease of its claim.

    It is processed again when the outcome is recorded, or at the next sweep.
    """
    if now > message.received_at + get_settings().lease:
        return False
    claimed = {
        "send_attempts__outcome": SendAttempt.Outcome.PENDING,
        "send_attempts__claimed_at__lte": message.received_at,
    }
    return _messages_to_sender(message).sending().filter(lease_until__gt=now, **claimed).exists()


def _messages_to_sender(message: InboundMessage) -> OutboundQuerySet:
    """Outbound messages to the sender of this one, from the number that it was sent to."""
    ours = Q(sender__in=spellings(message.recipient, _short_code(message.account)))
    if message.recipient == PRICED_SENDER:
        ours |= Q(price__gt=0)
    return OutboundMessage.objects.filter(ours, account=message.account, recipient=message.sender)


def _short_code(account: str) -> str:
    known = get_settings().accounts.get(account)
    return known.psk_short_code if known else ""


def _store_late_files(messages: Sequence[InboundMessage]) -> set[int]:
    """Try again to store files that are only in `raw`; return the messages that still have some."""
    waiting = MmsFile.objects.unstored().filter(message__in=[m.pk for m in messages])
    by_message: dict[int, list[MmsFile]] = {}
    for file in waiting.order_by("message", "position"):
        by_message.setdefault(file.message_id, []).append(file)
    unfinished = set(by_message)
    for message_id, late in by_message.items():
        raw = _raw(InboundMessage.objects.filter(pk=message_id))
        parts = decode_inbound_json(raw).files
        contents = [files.Content.of(part) for part in parts]
        names = files.store(contents)
        if _move(message_id, late, raw, files.moved_out(raw, parts, contents, names), names):
            unfinished.discard(message_id)
        elif any(content.sha256 not in names for content in contents if content):
            break  # the storage is down: do not wait for it again with each message
    return unfinished


def _raw(row: "QuerySet[InboundMessage]") -> bytes:
    return bytes(row.values_list("raw", flat=True).first() or b"")


@nested_transaction
def _move(message_id: int, late: Sequence[MmsFile], raw: bytes, rest: bytes, names: Mapping[str, str]) -> bool:
    """Record the names of stored files, and store the `rest` of the body; return whether all files are stored."""
    row = InboundMessage.objects.filter(pk=message_id)
    if _raw(row.select_for_update()) != raw:  # another worker was faster
        return False
    stored = [file for file in late if file.sha256 in names]
    for file in stored:
        MmsFile.objects.filter(pk=file.pk, file="").update(file=names[file.sha256])
    row.update(raw=rest)
    return len(stored) == len(late)
