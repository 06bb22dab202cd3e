"""Equal messages (twins), and Front's duplicate window between them (§2.2, code 17)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from django.db.models import F

from django_front_sms.conf import FrontSMSSettings
from django_front_sms.db.lookups import AnyOf
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.models import SendAttempt, Wait
from django_front_sms.outbox.records import DueMessage, Message
from django_front_sms.outbox.transitions import Transition
from django_front_sms.states import ACCEPTED, State

RECHECK_AFTER = timedelta(seconds=5)


class TwinAttempt(NamedTuple):
    """An attempt, as far as it concerns messages that are equal to its own."""

    twin_key: str
    claimed_at: datetime
    outcome: str
    message_id: int
    message_state: str


@dataclass(frozen=True, slots=True)
class DuplicateWindow:
    """Attempts of the last S+W seconds that may have reached Front, by their twin key. `chosen_keys` are the twin keys
    of messages that the current claim has chosen already."""

    attempts: dict[str, list[TwinAttempt]]
    chosen_keys: set[str]

    @classmethod
    def of(cls, keys: Iterable[str], since: datetime, chosen_keys: Iterable[str]) -> Self:
        """Read the attempts with these keys that are in the window, that is, were claimed after `since`."""
        return cls.among(attempts_with(keys, since), since, chosen_keys)

    @classmethod
    def among(cls, attempts: Iterable[TwinAttempt], since: datetime, chosen_keys: Iterable[str]) -> Self:
        """Those of `attempts`, in the order of their claims, that were claimed after `since` and are not known as not
        sent."""
        in_window: dict[str, list[TwinAttempt]] = defaultdict(list)
        for attempt in attempts:
            if attempt.claimed_at > since and attempt.outcome != SendAttempt.Outcome.NOT_SENT:
                in_window[attempt.twin_key].append(attempt)
        return cls(in_window, set(chosen_keys))

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
        accepted = next((twin.message_id for twin in twins if twin.message_state in ACCEPTED), None)
        if accepted is None:  # a twin that may still fail is no reason to end this message
            return _wait(message, min(window_ends, now + RECHECK_AFTER))
        return _coalesce(message, accepted) if policy == "coalesce" else _reject(message)

    def _twins_of(self, message: DueMessage, key: str) -> list[TwinAttempt]:
        return [attempt for attempt in self.attempts.get(key, ()) if attempt.message_id != message.pk]


def attempts_with(keys: Iterable[str], since: datetime) -> list[TwinAttempt]:
    """Read the attempts with these twin keys that were claimed after `since`, in the order of their claims."""
    found = SendAttempt.objects.claimed_after(since).filter(AnyOf(F("twin_key"), set(keys)))
    rows = found.order_by("claimed_at", "pk").values_list(
        "twin_key", "claimed_at", "outcome", "message_id", "message__state"
    )
    return [TwinAttempt(*row) for row in rows]


def _wait(message: Message, until: datetime) -> Transition:
    return Transition(message, State.QUEUED, {"next_at": until, "waits_for": Wait.TWIN})


def _coalesce(message: Message, accepted: int) -> Transition:
    return Transition(message, State.DUPLICATE, {"duplicate_of_id": accepted})


def _reject(message: Message) -> Transition:
    error = "The same text went to this number from this sender a moment ago; it was not sent again."
    return Transition(message, State.REJECTED, {"error_code": ErrorCode.DUPLICATE, "error_text": error})


def free_at(attempts: Iterable[TwinAttempt], conf: FrontSMSSettings, now: datetime) -> datetime:
    """When none of these attempts can be the cause of a code 17 any more."""
    in_question = [attempt.claimed_at for attempt in attempts if attempt.outcome != SendAttempt.Outcome.NOT_SENT]
    return max(now, max(in_question) + conf.twin_gap) if in_question else now
