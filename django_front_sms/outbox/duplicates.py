"""Equal messages (twins), and Front's duplicate window between them (§2.2, code 17)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.db.models import F

from django_front_sms.conf import FrontSMSSettings
from django_front_sms.db.lookups import AnyOf
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.models import OutboundMessage, SendAttempt, Wait
from django_front_sms.outbox.records import DueMessage, Message
from django_front_sms.outbox.transitions import Transition
from django_front_sms.states import ACCEPTED, State

RECHECK_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class DuplicateWindow:
    """Attempts of the last S+W seconds that may have reached Front, by their twin key. `chosen_keys` are the twin keys
    of messages that the current claim has chosen already."""

    attempts: dict[str, list[SendAttempt]]
    chosen_keys: set[str]

    @classmethod
    def of(cls, keys: Iterable[str], since: datetime, chosen_keys: Iterable[str]) -> Self:
        """Read the attempts with these keys that were claimed after `since`, without those known as not sent."""
        attempts: dict[str, list[SendAttempt]] = defaultdict(list)
        found = SendAttempt.objects.filter(AnyOf(F("twin_key"), set(keys)), claimed_at__gt=since)
        found = found.exclude(outcome=SendAttempt.Outcome.NOT_SENT)
        for attempt in found.select_related("message").order_by("claimed_at", "pk"):
            attempts[attempt.twin_key].append(attempt)
        return cls(attempts, set(chosen_keys))

    def transition_for(
        self, message: DueMessage, key: str, conf: FrontSMSSettings, now: datetime, *, in_doubt: bool
    ) -> Transition | None:
        """The transition of `message` while a twin of it is in the window; None if there is no twin. `in_doubt`: an
        attempt of its own may have reached Front, so it cannot end as not sent."""
        twins = self._twins_of(message, key)
        if not twins and key not in self.chosen_keys:
            return None
        window_ends = (now if key in self.chosen_keys else twins[-1].claimed_at) + conf.twin_gap
        policy = message.on_duplicate or conf.on_duplicate
        if policy == "defer" or in_doubt:
            return _wait(message, window_ends)
        accepted = next((twin.message for twin in twins if twin.message.state in ACCEPTED), None)
        if accepted is None:  # a twin that may still fail is no reason to end this message
            return _wait(message, min(window_ends, now + RECHECK_AFTER))
        return _coalesce(message, accepted) if policy == "coalesce" else _reject(message)

    def _twins_of(self, message: DueMessage, key: str) -> list[SendAttempt]:
        return [attempt for attempt in self.attempts.get(key, ()) if attempt.message_id != message.pk]


def _wait(message: Message, until: datetime) -> Transition:
    return Transition(message, State.QUEUED, {"next_at": until, "waits_for": Wait.TWIN})


def _coalesce(message: Message, accepted: OutboundMessage) -> Transition:
    return Transition(message, State.DUPLICATE, {"duplicate_of_id": accepted.pk})


def _reject(message: Message) -> Transition:
    error = "The same text went to this number from this sender a moment ago; it was not sent again."
    return Transition(message, State.REJECTED, {"error_code": ErrorCode.DUPLICATE, "error_text": error})
