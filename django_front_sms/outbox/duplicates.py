"""Equal messages: what Front's duplicate filter would hold for the same (§2.2, code 17)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.db.models import F

from django_front_sms.conf import FrontSMSSettings
from django_front_sms.db.lookups import AnyOf
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.models import SendAttempt, Wait
from django_front_sms.outbox.records import DueMessage, Message
from django_front_sms.outbox.transitions import Move
from django_front_sms.states import ACCEPTED, State

LOOK_AGAIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Twins:
    """Attempts that may have touched the wire, by their twin key; `taken` are the keys of those chosen just now."""

    attempts: dict[str, list[SendAttempt]]
    taken: set[str]

    @classmethod
    def of(cls, keys: Iterable[str], since: datetime, taken: Iterable[str]) -> Self:
        """All attempts with these keys that were claimed after `since`, but for those known as not sent."""
        attempts: dict[str, list[SendAttempt]] = defaultdict(list)
        found = SendAttempt.objects.filter(AnyOf(F("twin_key"), set(keys)), claimed_at__gt=since)
        found = found.exclude(outcome=SendAttempt.Outcome.NOT_SENT)
        for attempt in found.select_related("message").order_by("claimed_at", "pk"):
            attempts[attempt.twin_key].append(attempt)
        return cls(attempts, set(taken))

    def in_the_way(
        self, message: DueMessage, key: str, conf: FrontSMSSettings, now: datetime, *, in_doubt: bool
    ) -> Move | None:
        """What becomes of `message` while a twin of it is in the window; None where there is none. `in_doubt`: an
        attempt of its own may have reached Front, so that it cannot end as not sent."""
        others = [attempt for attempt in self.attempts.get(key, ()) if attempt.message_id != message.pk]
        if not others and key not in self.taken:
            return None
        window_ends = (now if key in self.taken else others[-1].claimed_at) + conf.twin_gap
        policy = message.on_duplicate or conf.on_duplicate
        if policy == "defer" or in_doubt:
            return waits_for_twin(message, window_ends)
        at_front = next((a.message for a in others if a.message.state in ACCEPTED), None)
        if at_front is None:  # a twin that may yet fail is nothing to coalesce into
            return waits_for_twin(message, min(window_ends, now + LOOK_AGAIN))
        if policy == "coalesce":
            return Move(message, State.DUPLICATE, {"duplicate_of_id": at_front.pk})
        return Move(
            message,
            State.REJECTED,
            {
                "error_code": ErrorCode.DUPLICATE,
                "error_text": "The same text went to this number from this sender a moment ago; it was not sent again.",
            },
        )


def waits_for_twin(message: Message, until: datetime) -> Move:
    """It stays queued, and is looked at again at `until`."""
    return Move(message, State.QUEUED, {"next_at": until, "waits_for": Wait.TWIN})
