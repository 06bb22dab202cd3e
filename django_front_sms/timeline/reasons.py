"""What a message waits for, and why it ended."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from django_front_sms.conf import get_settings
from django_front_sms.models import AccountState, OutboundMessage, Wait
from django_front_sms.states import State
from django_front_sms.timeline.entry import Entry, explain, sentences, when


def status_without_timeline(message: OutboundMessage, paused: Mapping[str, AccountState]) -> Entry | None:
    """What a message waits for, or why it ended; None if its state is sufficient.

    Needs no query: `paused` is `paused_accounts()`, read once for many messages.
    """
    return current_status(message, Entry(message.created_at, "queued", ""), paused)


def paused_accounts() -> dict[str, AccountState]:
    """The accounts whose sending is paused, by name."""
    return {state.account: state for state in AccountState.objects.paused()}


def current_status(
    message: OutboundMessage, last: Entry, paused: Mapping[str, AccountState] | None = None
) -> Entry | None:
    """What a message waits for, or why it ended; None if `last`, the last entry of its timeline, already shows it."""
    if message.state == State.QUEUED:
        return _waiting(message, last, paused_accounts() if paused is None else paused)
    describe = _ENDINGS.get(message.state)
    return describe(message, last) if describe else None


def _undecided(message: OutboundMessage, last: Entry) -> Entry | None:
    if message.given_up:
        return None
    title = _("It is not known whether it was sent: a person must decide")
    detail = _("Ask the recipient, or look in Front's portal. Then mark it as sent, send it anyway, or give it up.")
    return Entry(last.at, "undecided", title, detail, "warn")


def _duplicate(message: OutboundMessage, last: Entry) -> Entry:
    other = message.duplicate_of_id
    detail = _("Message #%(pk)s says the same to the same number.") % {"pk": other} if other else ""
    return Entry(last.at, "ended", _("Not sent: it is a duplicate"), detail, ref=f"out:{other}" if other else "")


def _expired(message: OutboundMessage, last: Entry) -> Entry:
    at = max(last.at, message.expires_at or last.at)
    return Entry(at, "ended", _("Expired: its time ran out before it could be sent"), level="warn")


def _cancelled(message: OutboundMessage, last: Entry) -> Entry | None:
    return None if last.kind == "decision" else Entry(last.at, "ended", _("Stopped: it was not sent"))


def _rejected(message: OutboundMessage, last: Entry) -> Entry | None:
    if last.kind == "attempt" and last.level == "bad":
        return None
    return Entry(last.at, "ended", _("Rejected: it was not sent"), _reason(message), "bad")


_ENDINGS: Mapping[str, Callable[[OutboundMessage, Entry], Entry | None]] = {
    State.UNCONFIRMED: _undecided,
    State.DUPLICATE: _duplicate,
    State.EXPIRED: _expired,
    State.CANCELLED: _cancelled,
    State.REJECTED: _rejected,
}


def _reason(message: OutboundMessage) -> str:
    if message.error_text:
        return message.error_text
    return explain(message.error_code) if message.error_code is not None else ""


def _waiting(message: OutboundMessage, last: Entry, paused: Mapping[str, AccountState]) -> Entry:
    due = message.next_at or message.created_at
    at = max(due, last.at)
    account = {"account": message.account}
    if message.account not in get_settings().accounts:
        title = _("Waits: there is no account “%(account)s” in the settings any more") % account
        advice = _("Stop the message, or ask the developers of this site to add the account again.")
        return Entry(at, "waiting", title, advice, "bad")
    if (memory := paused.get(message.account)) is not None:
        title = _("Waits: sending is paused for account “%(account)s”") % account
        reason = explain(memory.pause_code) if memory.pause_code is not None else ""
        return Entry(at, "waiting", title, reason, "bad", ref=f"account:{memory.account}")
    title, why = _turn(message, due)
    limit = _("It expires on %(when)s.") % {"when": when(message.expires_at)} if message.expires_at else ""
    return Entry(at, "waiting", title, sentences(why, limit), "wait")


def _turn(message: OutboundMessage, due: datetime) -> tuple[str, str]:
    """What a message that may be sent waits for, and why."""
    if message.waits_for == Wait.NOTHING or due <= timezone.now():
        return _("Waits for its turn"), rate_limit_in_words(message.account)
    at_due = {"when": when(due)}
    match message.waits_for:
        case Wait.SCHEDULE:
            return _("Waits for its time, %(when)s") % at_due, ""
        case Wait.TWIN:
            seconds = {"seconds": f"{get_settings().duplicate_window:g}"}
            why = _("Front drops the same text to the same number within %(seconds)s seconds.") % seconds
            return _("Waits until %(when)s, because an equal message went out a moment ago") % at_due, why
        case Wait.QUIET_HOURS:
            return _("Waits for the end of the quiet hours, %(when)s") % at_due, ""
    return _("Waits for the next attempt, at %(when)s") % at_due, ""


def rate_limit_in_words(account: str) -> str:
    """The rate limit of an account; empty if its settings have none."""
    found = get_settings().accounts.get(account)
    if found is None or not found.max_per_second:
        return ""
    rate = number_format(found.max_per_second, use_l10n=True)
    return _("The account sends at most %(rate)s messages a second.") % {"rate": rate}
