"""Taking due messages for one attempt each: step 1 of sending.

A claim is one short transaction behind the account's lock row. What it returns is committed: from then on the
messages are ours until `send_by`, and lost to us after their lease.
"""

import math
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from django_front_sms import optouts
from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.db.bulk import insert_rows
from django_front_sms.db.clock import Moment, database_now
from django_front_sms.db.lookups import AnyOf
from django_front_sms.db.routing import connection
from django_front_sms.db.transactions import short_transaction
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.gateway.submit import Sms
from django_front_sms.models import AccountState, OutboundMessage, Priority, SendAttempt, Wait
from django_front_sms.outbox.clock_skew import handle_step_back
from django_front_sms.outbox.duplicates import Twins
from django_front_sms.outbox.records import Attempt, DueMessage, Message, attempts_of, read
from django_front_sms.outbox.rules import CLOCK_TOLERANCE, is_risky, leaves_doubt, may_repeat
from django_front_sms.outbox.slots import Stream
from django_front_sms.outbox.transitions import Move, apply
from django_front_sms.outbox.wire import Wire, request_of, wire_of
from django_front_sms.states import State

PAGE = 200  # rows read at a time, at least: past the ones that have to wait
MOST_IN_BULK = 200  # numbers in a request


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt to make. `began` is from before the claim: what is measured from it is never too short.

    `is_urgent`: it goes before whatever was claimed earlier and still waits for a thread.
    """

    attempt_id: int
    message_id: int
    account: Account
    sms: Sms
    generation: int
    is_probe: bool
    is_urgent: bool
    claimed_at: datetime
    began: Moment
    not_before: float  # seconds after `began`: the account's rate
    send_by: float  # seconds after `began`: no byte after that


@dataclass(frozen=True, slots=True)
class Claimed:
    """What one claim gave: jobs of their own, or with `is_bulk` the rows of one bulk send, for one request (§2.4).
    `capped`: something is due, and may go when the account's rate admits more."""

    jobs: list[Job]
    is_bulk: bool = False
    capped: bool = False


@dataclass(slots=True)
class _Chosen:
    message: DueMessage
    wire: Wire
    attempt_id: int = 0


def claim(stream: Stream, limit: int, conf: FrontSMSSettings) -> Claimed:
    """Claim at most `limit` due messages for `stream`. An empty claim frees the stream."""
    began = Moment.now()
    token = secrets.token_hex(16)
    memory, chosen, claimed_at, pace = _claim(stream, limit, conf, token)
    if not chosen:
        if stream.held and memory.rate_at:
            stream.rest(memory.rate_at - claimed_at)
        return Claimed([], capped=stream.held)
    # Only what reads back as ours is sent: a commit whose fate is unclear claims nothing.
    pks = [c.message.pk for c in chosen]
    ours = set(_held_by(token, pks).filter(state=State.SENDING).values_list("pk", flat=True))
    half = conf.timeout / 2
    return Claimed(
        [
            Job(
                attempt_id=c.attempt_id,
                message_id=c.message.pk,
                account=stream.account,
                sms=request_of(c.message, c.wire, stream.account),
                generation=memory.generation,
                is_probe=memory.paused_at is not None,
                is_urgent=c.message.priority == Priority.URGENT,
                claimed_at=claimed_at,
                began=began,
                not_before=0 if c.message.bulk_id else place * pace,
                send_by=min(half, _seconds_left(c.message, conf, claimed_at)),
            )
            for place, c in enumerate(chosen)
            if c.message.pk in ours
        ],
        is_bulk=chosen[0].message.bulk_id is not None,
    )


def _seconds_left(message: Message, conf: FrontSMSSettings, claimed_at: datetime) -> float:
    if message.risk_at is None:
        return math.inf
    return (message.risk_at + conf.resend_limit - claimed_at).total_seconds()


@short_transaction
def _claim(
    stream: Stream, limit: int, conf: FrontSMSSettings, token: str
) -> tuple[AccountState, list[_Chosen], datetime, float]:
    account = stream.account
    memory = AccountState.lock(account.gateway, account.name)
    now = database_now()
    handle_step_back(memory, account, now)
    limit, pace = _within_rate(memory, account, conf, now, limit)
    chosen: list[_Chosen] = []
    if stream.hold(memory, now, conf.lease) and limit:
        chosen = _choose(memory, stream, conf, now, limit)
    if chosen:
        chosen = _take(chosen, token, now, conf)
        memory.rate_at = now + timedelta(seconds=len(chosen) * pace)
    elif (
        limit or memory.paused_at or not OutboundMessage.objects.due(account.name, stream.priorities, now=now).exists()
    ):
        stream.free(memory)
    memory.account = account.name
    memory.save(update_fields=["account", "clock", "streams", "rate_at", "probe_at", "probes"])
    return memory, chosen, now, pace


def _within_rate(
    memory: AccountState, account: Account, conf: FrontSMSSettings, now: datetime, limit: int
) -> tuple[int, float]:
    """How many the rate cap admits, and the seconds between two of them. What is claimed now goes out within T/4."""
    if not account.max_per_second:
        return limit, 0.0
    if memory.rate_at and memory.rate_at > now:
        return 0, 0.0
    return min(limit, max(1, int(conf.timeout / 4 * account.max_per_second))), 1 / account.max_per_second


def _choose(memory: AccountState, stream: Stream, conf: FrontSMSSettings, now: datetime, limit: int) -> list[_Chosen]:
    probing = memory.paused_at is not None
    if probing:
        if memory.pause_code != ErrorCode.NO_CREDIT or memory.probe_at is None or memory.probe_at > now:
            return []
        limit = 1
    chosen: list[_Chosen] = []
    for page in _pages(stream, now, max(limit, PAGE), riskless=probing):
        bulk = page[0].bulk_id
        if bulk and chosen:  # a chunk is a claim of its own
            break
        chosen += _sift(page, stream.account, conf, now, limit - len(chosen), {c.wire.twin_key for c in chosen})
        if len(chosen) >= limit or (bulk and chosen):
            break
    if probing and chosen:
        memory.probes += 1
        memory.probe_at = now + timedelta(minutes=min(2**memory.probes, 60))
    return chosen


def _pages(stream: Stream, now: datetime, size: int, *, riskless: bool) -> Iterator[list[DueMessage]]:
    """Due messages, page by page: those of one bulk send, or of none. Each page is new: what was read is left out."""
    for priority in stream.priorities:
        seen: set[int] = set()
        while True:
            due = OutboundMessage.objects.due(stream.account.name, [priority], now=now)
            if riskless:
                due = due.filter(risk_at__isnull=True)
            found = read(due.exclude(pk__in=seen)[:size], DueMessage)
            if not found:
                break
            bulk = found[0].bulk_id
            page = [message for message in found if message.bulk_id == bulk][: MOST_IN_BULK if bulk else None]
            seen |= {message.pk for message in page}
            yield page


def _sift(
    page: Sequence[DueMessage],
    account: Account,
    conf: FrontSMSSettings,
    now: datetime,
    limit: int,
    taken: set[str],
) -> list[_Chosen]:
    """Of `page`, what may go out now; what may not is moved to where it belongs, or to when it may."""
    histories = attempts_of(message for message in page if message.attempts)
    wires = {message.pk: wire_of(message, account, conf, _frozen(histories[message.pk])) for message in page}
    twins = Twins.of([wire.twin_key for wire in wires.values()], now - conf.twin_gap, taken)
    unwanted = {page[place].pk for place in optouts.refused(page)}
    chosen: list[_Chosen] = []
    moves: list[Move] = []
    for message in page:
        if len(chosen) >= limit:
            break
        wire, history = wires[message.pk], histories[message.pk]
        in_doubt = leaves_doubt(history)
        move = (
            _unfit(message, account, conf, now, in_doubt=in_doubt)
            or (_unwanted(message, in_doubt=in_doubt) if message.pk in unwanted else None)
            or _changed(message, wire, history)
            or twins.in_the_way(message, wire.twin_key, conf, now, in_doubt=in_doubt)
        )
        if move:
            moves.append(move)
        else:
            chosen.append(_Chosen(message, wire))
            twins.taken.add(wire.twin_key)
    apply(moves)
    return chosen


def _unfit(message: Message, account: Account, conf: FrontSMSSettings, now: datetime, *, in_doubt: bool) -> Move | None:
    if message.risk_at is not None:
        too_late = now >= message.risk_at + conf.resend_limit or message.risk_at > now + CLOCK_TOLERANCE
        if too_late or not may_repeat(message, account):
            return Move(message, State.UNCONFIRMED)
    if message.expires_at is not None and message.expires_at <= now:
        return Move(message, State.UNCONFIRMED if in_doubt else State.EXPIRED)
    return None


def _unwanted(message: Message, *, in_doubt: bool) -> Move:
    """The recipient opted out since it was queued."""
    state = State.UNCONFIRMED if in_doubt else State.CANCELLED
    return Move(message, state, {"error_text": "The recipient opted out of messages from this sender."})


def _frozen(history: Sequence[Attempt]) -> Attempt | None:
    """The attempt that froze what stands on the wire: the first, or the first since a person had it sent again."""
    return next((attempt for attempt in history if not attempt.voided), None)


def _changed(message: Message, wire: Wire, history: Sequence[Attempt]) -> Move | None:
    """A row that was edited after its first claim is never sent as a second text, and one at risk never to another
    gateway, whose filter does not know it."""
    first = _frozen(history)
    risky = next(filter(is_risky, history), None)
    if first is not None and first.wire_digest != wire.digest:
        return Move(message, State.UNCONFIRMED, {"error_text": "The message was changed after its first attempt."})
    if risky is not None and risky.twin_key != wire.twin_key:
        return Move(message, State.UNCONFIRMED, {"error_text": "The account was changed after an unclear attempt."})
    return None


def _take(chosen: Sequence[_Chosen], token: str, now: datetime, conf: FrontSMSSettings) -> list[_Chosen]:
    """Mark them as ours. A late answer may have moved one since it was read: that one is not taken."""
    pks = [c.message.pk for c in chosen]
    taken = OutboundMessage.objects.filter(AnyOf(F("pk"), pks), state=State.QUEUED, next_at__lte=now).update(
        state=State.SENDING,
        token=token,
        lease_until=now + conf.lease,
        attempts=F("attempts") + 1,
        waits_for=Wait.NOTHING,
    )
    if taken != len(pks):
        ours = set(_held_by(token, pks).values_list("pk", flat=True))
        chosen = [c for c in chosen if c.message.pk in ours]
    attempts = [_attempt(c, token, now) for c in chosen]
    insert_rows(attempts)
    if not connection().features.can_return_rows_from_bulk_insert:  # MySQL
        attempts = read(SendAttempt.objects.filter(message__in=pks, token=token), Attempt)
    numbers = {attempt.message_id: attempt.pk for attempt in attempts}
    for c in chosen:
        c.attempt_id = numbers[c.message.pk]
    return list(chosen)


def _held_by(token: str, pks: Sequence[int]) -> "QuerySet[OutboundMessage]":
    return OutboundMessage.objects.filter(AnyOf(F("pk"), pks), token=token)


def _attempt(chosen: _Chosen, token: str, now: datetime) -> Attempt:
    return Attempt(
        message_id=chosen.message.pk,
        number=chosen.message.attempts + 1,
        token=token,
        twin_key=chosen.wire.twin_key,
        wire_recipient=chosen.wire.recipient,
        wire_sender=chosen.wire.sender,
        wire_digest=chosen.wire.digest,
        claimed_at=now,
    )
