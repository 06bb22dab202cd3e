"""The loop that sends: claims a little ahead while answers come in, and records them in batches."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from django.db import Error

from django_front_sms.conf import FrontSMSSettings, get_settings
from django_front_sms.db.clock import Moment, Turn, database_now
from django_front_sms.db.routing import connection
from django_front_sms.outbox.accounts import has_claimable
from django_front_sms.outbox.claim import claim
from django_front_sms.outbox.executor import Executor
from django_front_sms.outbox.pacing import BATCH, BATCH_FOR
from django_front_sms.outbox.settle import AttemptResult, settle
from django_front_sms.outbox.slots import Slot, release, slots_of

logger = logging.getLogger(__name__)

_TICK = 0.05
_CHECK_EVERY = 0.05  # seconds between checks of slots that had nothing due: a one-time code may have been queued
_ASK_CLOCK_EVERY = 1.0  # seconds between queries of the database's time
_DATABASE_RETRY = 1.0


class Phase(Enum):
    """What a run is doing."""

    CLAIMING = "claims what is due, sends it and records the answers"
    DRAINING = "claims nothing more; waits for the answers in flight and records them"


class Found(Enum):
    """What a round of claims found."""

    NOTHING = "nothing is due"
    THROTTLED = "messages are due, and their account's rate admits none yet"
    JOBS = "messages were claimed"


@dataclass(slots=True)
class _Answers:
    """Answers that are not stored yet."""

    results: list[AttemptResult] = field(default_factory=list)
    since: Moment = field(default_factory=Moment.now)

    def add(self, results: Sequence[AttemptResult]) -> None:
        if results and not self.results:
            self.since = Moment.now()
        self.results += results

    @property
    def are_ripe(self) -> bool:
        return len(self.results) >= BATCH or self.since.elapsed() >= BATCH_FOR


@dataclass(slots=True)
class _DatabaseTime:
    """The database's time, queried once a second and estimated in between. It is exact enough to check whether messages
    are due; a claim queries it again."""

    asked: Moment | None = None
    answer: datetime | None = None

    def estimate(self, *, fresh: bool) -> datetime:
        if fresh or self.asked is None or self.answer is None or self.asked.elapsed() >= _ASK_CLOCK_EVERY:
            self.asked, self.answer = Moment.now(), database_now()
        return self.answer + timedelta(seconds=self.asked.elapsed())


class Dispatcher:
    """One run over all accounts and lanes. All database work is done in the calling thread."""

    def __init__(self, conf: FrontSMSSettings) -> None:
        self._conf = conf
        self._executor = Executor(conf)
        self._slots = [slot for account in conf.accounts.values() for slot in slots_of(account)]
        self._answers = _Answers()
        self._time = _DatabaseTime()
        self._checked: Moment | None = None  # when slots that are not held were last checked
        self.attempts = 0

    def run(self, seconds: float | None, hand_over: Callable[[], bool]) -> int:
        """Send due messages. After `seconds`, call `hand_over` to start another run; continue while it returns False.
        None: until nothing is due. Returns the number of attempts."""
        phase, turn = Phase.CLAIMING, Turn(seconds, hand_over)
        try:
            while True:
                if phase is Phase.CLAIMING and turn.is_over():
                    phase = Phase.DRAINING
                    self._release()
                was_idle = self._is_idle
                found = self._claim() if phase is Phase.CLAIMING else Found.NOTHING
                if was_idle and found is Found.NOTHING:
                    return self.attempts
                self._collect(found)
        finally:
            self._finish()

    @property
    def _in_flight(self) -> int:
        return sum(slot.in_flight for slot in self._slots)

    @property
    def _is_idle(self) -> bool:
        return not self._in_flight and not self._answers.results

    def _claim(self) -> Found:
        """Claim for each slot that has something due."""
        found = Found.NOTHING
        now = self._time_to_check()
        for slot in self._slots:
            if slot.is_throttled:
                found = _more(found, Found.THROTTLED)
            elif self._is_worth_a_claim(slot, now):
                found = _more(found, self._claim_for(slot))
        return found

    def _time_to_check(self) -> datetime | None:
        """The database's time if slots that are not held are to be checked in this round, otherwise None."""
        if self._checked is not None and self._checked.elapsed() < _CHECK_EVERY and not self._is_idle:
            return None
        self._checked = Moment.now()
        return self._time.estimate(fresh=self._is_idle)

    def _is_worth_a_claim(self, slot: Slot, now: datetime | None) -> bool:
        if slot.room <= 0:
            return False
        if slot.held:  # even if nothing seems due: only an empty claim may give the slot back
            return True
        return now is not None and has_claimable(slot.account, now, slot.priorities)

    def _claim_for(self, slot: Slot) -> Found:
        claimed = claim(slot, slot.room, self._conf)
        if claimed.jobs:
            self._executor.submit(slot, claimed)
            self.attempts += len(claimed.jobs)
            return Found.JOBS
        return Found.THROTTLED if claimed.is_throttled else Found.NOTHING

    def _collect(self, found: Found) -> None:
        """Collect answers, waiting for some if there was nothing to claim, and record them when they are ripe."""
        must_wait = found is Found.THROTTLED or (found is Found.NOTHING and self._in_flight)
        self._answers.add(self._executor.collect(_TICK if must_wait else 0, self._enough()))
        if self._answers.results and (self._answers.are_ripe or not self._in_flight):
            self._record()

    def _enough(self) -> int:
        """Number of answers worth waking up for: a batch to record, room for a claim, or the last ones."""
        refills = [slot.until_refill for slot in self._slots if slot.held]
        return max(1, min([BATCH - len(self._answers.results), self._in_flight, *refills]))

    def _record(self) -> None:
        """Store all answers. On any error they are kept and tried again; nothing is claimed meanwhile."""
        while True:
            try:
                settle(self._answers.results, self._conf)
                self._answers.results = []
                return
            except Exception as error:  # logged without its message: a database quotes the values that it refuses
                logger.error(
                    "%d answers could not be stored (%s). They are kept, and will be stored later. Check the database.",
                    len(self._answers.results),
                    type(error).__name__,
                )
                time.sleep(_DATABASE_RETRY)
                _reconnect()

    def _finish(self) -> None:
        """Wait for the answers in flight and record them, even after a claim has failed."""
        while not self._is_idle:
            self._collect(Found.NOTHING)
        try:
            self._release()
        except Error:
            logger.warning("A slot could not be released. Its lease will expire.")

    def _release(self) -> None:
        for slot in self._slots:
            if slot.held:
                release(slot)


def _more(one: Found, other: Found) -> Found:
    """The one of the two that asks for more work: jobs, before throttled, before nothing."""
    order = list(Found)
    return max(one, other, key=order.index)


def _reconnect() -> None:
    """Close the connection, so that the next attempt opens a new one: after a failover, the old one may lead to a
    read-only server."""
    if not connection().in_atomic_block:
        connection().close()


def run(seconds: float | None = None, hand_over: Callable[[], bool] = lambda: True) -> int:
    """Send due messages of all accounts; see `Dispatcher.run`."""
    return Dispatcher(get_settings()).run(seconds, hand_over)
