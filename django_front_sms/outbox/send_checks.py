"""Everything that can keep a due message from being sent now. Pure functions: nothing is read or written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.outbox.duplicates import DuplicateWindow
from django_front_sms.outbox.records import Attempt, DueMessage, Message
from django_front_sms.outbox.rules import CLOCK_TOLERANCE, is_risky, leaves_doubt, may_repeat
from django_front_sms.outbox.transitions import Transition
from django_front_sms.outbox.wire import Wire
from django_front_sms.states import State


@dataclass(frozen=True, slots=True)
class SendChecks:
    """The data that decide which of a page of due messages may be sent now."""

    account: Account
    conf: FrontSMSSettings
    now: datetime
    window: DuplicateWindow
    opted_out: set[int]

    def transition_for(self, message: DueMessage, wire: Wire, history: Sequence[Attempt]) -> Transition | None:
        """The transition of a message that may not be sent now; None if it may."""
        in_doubt = leaves_doubt(history)
        return (
            _too_late(message, self.account, self.conf, self.now, in_doubt=in_doubt)
            or _opted_out(message, self.opted_out, in_doubt=in_doubt)
            or _edited(message, wire, history)
            or self.window.transition_for(message, wire.twin_key, self.conf, self.now, in_doubt=in_doubt)
        )


def _too_late(
    message: Message, account: Account, conf: FrontSMSSettings, now: datetime, *, in_doubt: bool
) -> Transition | None:
    """End a message that expired, or whose repetition Front's filter would no longer catch."""
    if message.risk_at is not None:
        out_of_time = now >= message.risk_at + conf.resend_limit or message.risk_at > now + CLOCK_TOLERANCE
        if out_of_time or not may_repeat(message, account):
            return Transition(message, State.UNCONFIRMED)
    if message.expires_at is not None and message.expires_at <= now:
        return Transition(message, State.UNCONFIRMED if in_doubt else State.EXPIRED)
    return None


def _opted_out(message: Message, opted_out: set[int], *, in_doubt: bool) -> Transition | None:
    """End a message whose recipient opted out since it was queued."""
    if message.pk not in opted_out:
        return None
    state = State.UNCONFIRMED if in_doubt else State.CANCELLED
    return Transition(message, state, {"error_text": "The recipient opted out of messages from this sender."})


def frozen_by(history: Sequence[Attempt]) -> Attempt | None:
    """The attempt that froze the wire fields: the first, or the first since a person had the message sent again."""
    return next((attempt for attempt in history if not attempt.voided), None)


def _edited(message: Message, wire: Wire, history: Sequence[Attempt]) -> Transition | None:
    """Leave an edited message to people: it is never sent as a second text, and at risk never to another gateway, whose
    filter does not know it."""
    first = frozen_by(history)
    risky = next(filter(is_risky, history), None)
    if first is not None and first.wire_digest != wire.digest:
        error = "The message was changed after its first attempt."
    elif risky is not None and risky.twin_key != wire.twin_key:
        error = "The account was changed after an unclear attempt."
    else:
        return None
    return Transition(message, State.UNCONFIRMED, {"error_text": error})
