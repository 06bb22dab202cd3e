"""Pausing an account that Front refuses, probing it, and resuming it (§2.2)."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django_front_sms import events
from django_front_sms.conf import Account, get_settings
from django_front_sms.db.clock import database_now
from django_front_sms.db.routing import on_commit
from django_front_sms.db.transactions import nested_transaction
from django_front_sms.events import records
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.models import AccountState, Decision, Event, OutboundMessage, Priority

logger = logging.getLogger(__name__)

FIRST_PROBE = timedelta(minutes=1)
LONGEST_BETWEEN_PROBES = 60  # minutes


def pause(account: Account, refusals: Sequence[tuple[int, int]]) -> None:
    """Pause the account, unless it is paused already, and record one event.

    `refusals`: for each answer that blames the account, the generation seen at its claim, and Front's code (§2.2).
    Answers to claims from before the latest resume are ignored.
    """
    state = AccountState.lock(account.gateway, account.name)
    codes = [code for generation, code in refusals if generation == state.generation]
    if state.paused_at is not None or not codes:
        return
    state.paused_at = database_now()
    state.pause_code = codes[-1]
    state.probes = 0
    state.probe_at = state.paused_at + FIRST_PROBE if state.pause_code == ErrorCode.NO_CREDIT else None
    state.save(update_fields=["paused_at", "pause_code", "probes", "probe_at"])
    Event.objects.bulk_create([records.sending_paused(account.name, state.pause_code)])
    logger.error('Sending was paused for account "%s": Front answered with code %d.', account.name, state.pause_code)


def has_claimable(account: Account, now: datetime, priorities: Sequence[int] = tuple(Priority)) -> bool:
    """Whether a claim may find a due message: none while the account is paused, unless a probe is due.

    Pauses are checked by separate queries: planned as one query, it reads every due message of a paused account.
    """
    due = OutboundMessage.objects.due(account.name, priorities, now=now)
    if not due.exists():
        return False
    state = AccountState.objects.paused().filter(key=account.gateway).first()
    return state is None or (is_probe_due(state, now) and due.without_risk().exists())


def is_probe_due(state: AccountState, now: datetime) -> bool:
    """Whether a paused account may try one message. Only lack of credit (code 5) ends without a person."""
    return state.pause_code == ErrorCode.NO_CREDIT and state.probe_at is not None and state.probe_at <= now


def count_probe(state: AccountState, now: datetime) -> None:
    """Set the time of the next probe: after 2, 4, 8 … minutes, at most an hour. The caller saves `state`."""
    state.probes += 1
    state.probe_at = now + timedelta(minutes=min(2**state.probes, LONGEST_BETWEEN_PROBES))


def end_probe(account: Account, generation: int) -> None:
    """End a pause for lack of credit (code 5): Front accepted the probe."""
    AccountState.objects.filter(key=account.gateway, pause_code=ErrorCode.NO_CREDIT, generation=generation).update(
        paused_at=None, pause_code=None, probe_at=None, probes=0
    )


def resume(account: str, by: Any = None) -> bool:
    """Resume sending for a paused account; False if it was not paused."""
    resumed = _resume(account, by)
    if resumed:
        on_commit(lambda: events.hint("dispatch"))
    return resumed


@nested_transaction
def _resume(account: str, by: Any) -> bool:
    gateway = get_settings().account(account).gateway
    state = AccountState.lock(gateway, account)
    if state.paused_at is None:
        return False
    state.paused_at = state.pause_code = state.probe_at = None
    state.generation += 1
    state.probes = 0
    state.save(update_fields=["paused_at", "pause_code", "probe_at", "probes", "generation"])
    Decision.objects.create(account=account, action=Decision.Action.RESUME, by=by)
    return True
