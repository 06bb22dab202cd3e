"""Changes of messages by time alone: leases, limits and dates that pass, whether or not an account is paused."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from django_front_sms.conf import Account, FrontSMSSettings, get_settings
from django_front_sms.db.clock import database_now
from django_front_sms.db.transactions import short_transaction
from django_front_sms.exceptions import NotPossible
from django_front_sms.models import OutboundMessage, RateCounter, SendAttempt
from django_front_sms.outbox.accounts import has_claimable
from django_front_sms.outbox.clock_skew import check_clock
from django_front_sms.outbox.decisions import send_anyway
from django_front_sms.outbox.records import Attempt, Message, attempts_of, read
from django_front_sms.outbox.rules import leaves_doubt, may_repeat
from django_front_sms.outbox.settle import rescue
from django_front_sms.outbox.transitions import Transition, apply, locked, remove_sensitive_texts
from django_front_sms.states import State

logger = logging.getLogger(__name__)

BATCH = 500


def sweep() -> int:
    """Rescue messages whose lease expired, and end those past their limits, for all accounts; returns how many were
    rescued or ended."""
    conf = get_settings()
    changed = 0
    for account in conf.accounts.values():
        check_clock(account)
        for step in (rescue, _end_risk, _expire):
            changed += _until_none(step, account, conf)
        if conf.on_unconfirmed == "resend":
            _resend_unconfirmed(account)
        _until_none(_note_missing_statuses, account, conf)
        _until_none(_remove_old_sensitive_texts, account, conf)
    if conf.rate_limits:
        RateCounter.objects.expired(database_now()).delete()
    return changed


def has_due() -> bool:
    """Whether any message of any account could be claimed now."""
    now = database_now()
    return any(has_claimable(account, now) for account in get_settings().accounts.values())


def _until_none(step: Callable[[Account, FrontSMSSettings], int], account: Account, conf: FrontSMSSettings) -> int:
    total = 0
    while count := step(account, conf):
        total += count
    return total


@short_transaction
def _end_risk(account: Account, conf: FrontSMSSettings) -> int:
    """Mark messages at risk as unconfirmed if it is too late to repeat them."""
    now = database_now()
    queued = OutboundMessage.objects.at_risk().filter(account=account.name)
    too_late = queued.filter(risk_at__lte=now - conf.resend_limit)
    pks = list(too_late.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if not pks and account.duplicate_filter is not True:
        pks = [m.pk for m in read(queued.order_by("pk")[:BATCH], Message) if not may_repeat(m, account)]
    transitions = [end_of_risk(row, account, conf, now) for row in locked(pks)]
    return len(apply([transition for transition in transitions if transition], are_locked=True))


def end_of_risk(message: Message, account: Account, conf: FrontSMSSettings, now: datetime) -> Transition | None:
    """The transition to `unconfirmed` of a queued message at risk that must not be repeated; None for any other."""
    if message.state != State.QUEUED or message.risk_at is None:
        return None
    if message.risk_at + conf.resend_limit > now and may_repeat(message, account):
        return None
    return Transition(message, State.UNCONFIRMED)


@short_transaction
def _remove_old_sensitive_texts(account: Account, conf: FrontSMSSettings) -> int:
    """Empty sensitive messages that Front has, but whose outcome is not known after `HOURS_WITHOUT_STATUS`."""
    limit = database_now() - timedelta(hours=conf.hours_without_status)
    old = OutboundMessage.objects.with_sensitive_text().filter(account=account.name, sent_at__lte=limit)
    pks = [row.pk for row in locked(old.order_by("pk").values_list("pk", flat=True)[:BATCH])]
    remove_sensitive_texts(pks)
    return len(pks)


@short_transaction
def _expire(account: Account, conf: FrontSMSSettings) -> int:
    now = database_now()
    expired = OutboundMessage.objects.expired(now).filter(account=account.name)
    rows = locked(expired.order_by("pk").values_list("pk", flat=True)[:BATCH])
    attempts = attempts_of(rows)
    transitions = [expiry(row, attempts[row.pk], now) for row in rows]
    return len(apply([transition for transition in transitions if transition], are_locked=True))


def expiry(message: Message, attempts: Sequence[Attempt], now: datetime) -> Transition | None:
    """The transition to the end of a queued message whose `expires_at` has passed; None for any other."""
    if message.state != State.QUEUED or message.expires_at is None or message.expires_at > now:
        return None
    return Transition(message, State.UNCONFIRMED if leaves_doubt(attempts) else State.EXPIRED)


def _resend_unconfirmed(account: Account) -> None:
    """Send unconfirmed messages again, once (`ON_UNCONFIRMED = "resend"`), except bulk, priced ones, and those that a
    person has decided about."""
    waiting = OutboundMessage.objects.unconfirmed().filter(price=None, bulk=None, account=account.name)
    decided = waiting.filter(decisions__isnull=False)
    for message in waiting.exclude(pk__in=decided.values("pk")).order_by("pk")[:BATCH]:
        if SendAttempt.objects.of_message(message).exists():
            with suppress(NotPossible):  # a late answer has ended it meanwhile
                send_anyway(message)


@short_transaction
def _note_missing_statuses(account: Account, conf: FrontSMSSettings) -> int:
    """Mark messages that should have had a delivery status by now (§2.3). Staff see them until one comes."""
    now = database_now()
    missing = OutboundMessage.objects.missing_status(account.name, now - timedelta(hours=conf.hours_without_status))
    pks = list(missing.order_by("sent_at").values_list("pk", flat=True)[:BATCH])
    if not pks:
        return 0
    noted = OutboundMessage.objects.filter(pk__in=pks, status_missed_at=None).update(status_missed_at=now)
    logger.warning(
        '%d messages of account "%s" have had no delivery status for %g hours. Check the status address in Front\'s '
        "portal, and the log of refused pushes.",
        noted,
        account.name,
        conf.hours_without_status,
    )
    return noted
