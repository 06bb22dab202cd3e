"""Claiming due messages for one attempt each: step 1 of sending.

A claim is one short transaction behind the account's lock row. When it returns, it is committed: this process may send
the messages until `send_by`, and loses them when their lease expires.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from django_front_sms import optouts, quiet_hours
from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.db.bulk import insert_rows
from django_front_sms.db.clock import Moment, Reading
from django_front_sms.db.lookups import AnyOf
from django_front_sms.db.routing import connection
from django_front_sms.db.transactions import short_transaction
from django_front_sms.gateway.submit import Sms
from django_front_sms.models import AccountState, OutboundMessage, Priority, SendAttempt, Wait
from django_front_sms.outbox import accounts, postponement
from django_front_sms.outbox.clock_skew import CLOCK_FIELDS, handle_step_back
from django_front_sms.outbox.duplicates import DuplicateWindow
from django_front_sms.outbox.records import Attempt, DueMessage, attempts_of, read
from django_front_sms.outbox.rules import send_by
from django_front_sms.outbox.send_checks import SendChecks, frozen_by
from django_front_sms.outbox.slots import Slot
from django_front_sms.outbox.transitions import Transition, apply
from django_front_sms.outbox.wire import Wire, request_of, wire_of
from django_front_sms.states import State

PAGE_SIZE = 200  # rows read at a time, at least, once a claim has to read on past messages that have to wait
MAX_BULK_RECIPIENTS = 200  # in one request

# The columns of the lock row that a claim may change.
_STATE_FIELDS = (*CLOCK_FIELDS, "slots", "probe_at", "probes")


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt to make. `began` is from before the claim, so no duration measured from it is too short.

    `is_urgent`: it goes before jobs that were claimed earlier and still wait for a thread. `token`: that of its claim,
    which its attempt has as well.
    """

    attempt_id: int
    token: str
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
class ClaimResult:
    """The jobs of one claim. `is_bulk`: they are rows of one bulk send, for one request (§2.4). `is_throttled`: there
    are due messages, and the account's rate admits none of them yet."""

    jobs: list[Job]
    is_bulk: bool = False
    is_throttled: bool = False


@dataclass(slots=True)
class _Chosen:
    """A message that may be sent now."""

    message: DueMessage
    wire: Wire
    attempt_id: int = 0


@dataclass(frozen=True, slots=True)
class _Claim:
    """A committed claim. `interval`: seconds between two requests of the account."""

    state: AccountState
    token: str
    claimed_at: datetime
    interval: float
    chosen: list[_Chosen]


def claim(slot: Slot, limit: int, conf: FrontSMSSettings) -> ClaimResult:
    """Claim at most `limit` due messages for `slot`. A claim that finds none due frees the slot."""
    began = Moment.now()
    claimed = _claim_due(slot, limit, conf)
    if not claimed.chosen:
        if slot.held and claimed.state.rate_at:
            slot.throttle(claimed.state.rate_at - claimed.claimed_at)
        return ClaimResult([], is_throttled=slot.held)
    # Send only rows that can be read back with this claim's token: the outcome of a commit may be unclear.
    pks = [chosen.message.pk for chosen in claimed.chosen]
    ours = set(_held_by(claimed.token, pks).filter(state=State.SENDING).values_list("pk", flat=True))
    jobs = [
        _job(slot.account, conf, claimed, chosen, place, began)
        for place, chosen in enumerate(claimed.chosen)
        if chosen.message.pk in ours
    ]
    return ClaimResult(jobs, is_bulk=claimed.chosen[0].message.bulk_id is not None)


def _job(account: Account, conf: FrontSMSSettings, claimed: _Claim, chosen: _Chosen, place: int, began: Moment) -> Job:
    message = chosen.message
    return Job(
        attempt_id=chosen.attempt_id,
        token=claimed.token,
        message_id=message.pk,
        account=account,
        sms=request_of(message, chosen.wire, account),
        generation=claimed.state.generation,
        is_probe=claimed.state.paused_at is not None,
        is_urgent=message.priority == Priority.URGENT,
        claimed_at=claimed.claimed_at,
        began=began,
        not_before=0 if message.bulk_id else place * claimed.interval,
        send_by=send_by(message, conf, claimed.claimed_at),
    )


@short_transaction
def _claim_due(slot: Slot, limit: int, conf: FrontSMSSettings) -> _Claim:
    account, token = slot.account, secrets.token_hex(16)
    state = AccountState.lock(account.gateway, account.name)
    reading = Reading.now()
    now = reading.time
    handle_step_back(state, account, reading)
    admitted, interval = _within_rate(state, account, conf, now, limit)
    chosen: list[_Chosen] = []
    if slot.hold(state, now, conf.lease) and admitted:
        chosen = _choose(state, slot, conf, now, admitted)
    if chosen:
        chosen = _mark_claimed(chosen, token, now, conf)
        state.rate_at = now + timedelta(seconds=len(chosen) * interval)
    elif admitted or not _waits_for_rate(state, slot, now):
        slot.free(state)
    state.save(update_fields=_STATE_FIELDS)
    return _Claim(state, token, now, interval, chosen)


def _within_rate(
    state: AccountState, account: Account, conf: FrontSMSSettings, now: datetime, limit: int
) -> tuple[int, float]:
    """How many messages `MAX_PER_SECOND` admits, all to be sent within T/4, and the seconds between two of them."""
    if not account.max_per_second:
        return limit, 0.0
    if state.rate_at and state.rate_at > now:
        return 0, 0.0
    return min(limit, max(1, int(conf.timeout / 4 * account.max_per_second))), 1 / account.max_per_second


def _waits_for_rate(state: AccountState, slot: Slot, now: datetime) -> bool:
    """Whether messages of an account that is not paused are due."""
    if state.paused_at is not None:
        return False
    return OutboundMessage.objects.due(slot.account.name, slot.priorities, now=now).exists()


def _choose(state: AccountState, slot: Slot, conf: FrontSMSSettings, now: datetime, limit: int) -> list[_Chosen]:
    """Choose what may be sent now; of a paused account at most one message, as a probe."""
    if state.paused_at is None:
        return _choose_due(slot, conf, now, limit)
    if not accounts.is_probe_due(state, now):
        return []
    chosen = _choose_due(slot, conf, now, 1, without_risk=True)
    if chosen:
        accounts.count_probe(state, now)
    return chosen


def _choose_due(
    slot: Slot, conf: FrontSMSSettings, now: datetime, limit: int, *, without_risk: bool = False
) -> list[_Chosen]:
    """At most `limit` messages: single ones, or those of one bulk send, which become a request of their own."""
    quiet_until = quiet_hours.ends_at(slot.account.quiet_hours, now)
    if quiet_until and Priority.NORMAL in slot.priorities:
        postponement.postpone(slot.account, now, quiet_until)
    chosen: list[_Chosen] = []
    for page in _pages(slot, now, limit, without_risk=without_risk):
        is_bulk = page[0].bulk_id is not None
        if is_bulk and chosen:
            break
        keys = {earlier.wire.twin_key for earlier in chosen}
        chosen += _select_sendable(page, slot.account, conf, now, limit - len(chosen), keys)
        if len(chosen) >= limit or (is_bulk and chosen):
            break
    return chosen


def _pages(slot: Slot, now: datetime, size: int, *, without_risk: bool) -> Iterator[list[DueMessage]]:
    """Due messages, page by page: those of one bulk send, or single ones. Each row is read once."""
    for priority in slot.priorities:
        seen: set[int] = set()
        while True:
            due = OutboundMessage.objects.due(slot.account.name, [priority], now=now)
            if without_risk:
                due = due.without_risk()
            found = read(due.exclude(pk__in=seen)[:size], DueMessage)
            if not found:
                break
            bulk = found[0].bulk_id
            page = [message for message in found if message.bulk_id == bulk]
            page = page[:MAX_BULK_RECIPIENTS] if bulk else page
            seen |= {message.pk for message in page}
            yield page
            size = max(size, PAGE_SIZE)


def _select_sendable(
    page: Sequence[DueMessage],
    account: Account,
    conf: FrontSMSSettings,
    now: datetime,
    limit: int,
    chosen_keys: set[str],
) -> list[_Chosen]:
    """Select at most `limit` messages of `page` that may be sent now. The others that were examined get another state,
    or another due time. `chosen_keys`: the twin keys that this claim has chosen from earlier pages."""
    histories = attempts_of(message for message in page if message.attempts)
    wires = {message.pk: wire_of(message, account, conf, frozen_by(histories[message.pk])) for message in page}
    keys = [wire.twin_key for wire in wires.values()]
    window = DuplicateWindow.of(keys, now - conf.twin_gap, chosen_keys)
    opted_out = {page[place].pk for place in optouts.refused(page)}
    send_checks = SendChecks(account, conf, now, window, opted_out)
    chosen: list[_Chosen] = []
    transitions: list[Transition] = []
    for message in page:
        if len(chosen) >= limit:
            break
        wire = wires[message.pk]
        transition = send_checks.transition_for(message, wire, histories[message.pk])
        if transition:
            transitions.append(transition)
        else:
            chosen.append(_Chosen(message, wire))
            window.chosen_keys.add(wire.twin_key)
    apply(transitions)
    return chosen


def _mark_claimed(chosen: Sequence[_Chosen], token: str, now: datetime, conf: FrontSMSSettings) -> list[_Chosen]:
    """Mark the messages as `sending` and store an attempt for each. Leaves out messages that a late answer has moved
    since they were read."""
    pks = [c.message.pk for c in chosen]
    marked = OutboundMessage.objects.filter(AnyOf(F("pk"), pks), state=State.QUEUED, next_at__lte=now).update(
        state=State.SENDING,
        token=token,
        lease_until=now + conf.lease,
        attempts=F("attempts") + 1,
        waits_for=Wait.NOTHING,
    )
    if marked != len(pks):
        ours = set(_held_by(token, pks).values_list("pk", flat=True))
        chosen = [c for c in chosen if c.message.pk in ours]
    attempts = [_new_attempt(c, token, now) for c in chosen]
    insert_rows(attempts)
    if not connection().features.can_return_rows_from_bulk_insert:  # MySQL
        attempts = read(SendAttempt.objects.filter(message__in=pks, token=token), Attempt)
    attempt_ids = {attempt.message_id: attempt.pk for attempt in attempts}
    for c in chosen:
        c.attempt_id = attempt_ids[c.message.pk]
    return list(chosen)


def _held_by(token: str, pks: Sequence[int]) -> "QuerySet[OutboundMessage]":
    return OutboundMessage.objects.filter(AnyOf(F("pk"), pks), token=token)


def _new_attempt(chosen: _Chosen, token: str, now: datetime) -> Attempt:
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
