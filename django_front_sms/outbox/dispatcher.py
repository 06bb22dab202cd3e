"""The loop that sends: claims a little ahead while answers come in, and records them in batches."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, close_old_connections

from django_front_sms.conf import FrontSMSSettings, get_settings
from django_front_sms.db.clock import Moment, database_now
from django_front_sms.db.routing import connection
from django_front_sms.models import OutboundMessage
from django_front_sms.outbox.claim import claim
from django_front_sms.outbox.executor import Exchanger
from django_front_sms.outbox.settle import Result, settle
from django_front_sms.outbox.slots import Stream, release, streams_of

logger = logging.getLogger(__name__)

BATCH = 500  # answers recorded at once …
PATIENCE = 0.5  # … or as many as came in within this many seconds
_TICK = 0.05
_LOOK_EVERY = 0.05  # seconds between looks at streams that had nothing due, where a one-time code may have come
_ASK_EVERY = 1.0  # seconds between questions for the time, for that
_DATABASE_RETRY = 1.0


class Dispatcher:
    """One run over all accounts and lanes. All database work is done in the calling thread."""

    def __init__(self, conf: FrontSMSSettings) -> None:
        self._conf = conf
        self._exchanger = Exchanger(conf)
        self._streams = [stream for account in conf.accounts.values() for stream in streams_of(account)]
        self._unsettled: list[Result] = []
        self._unsettled_since = Moment.now()
        self._capped = False
        self._looked: Moment | None = None
        self._asked: tuple[Moment, datetime] | None = None
        self.claimed = 0

    def run(self, seconds: float | None, hand_over: Callable[[], bool]) -> int:
        """Send what is due. After `seconds`, `hand_over` to another run; while it gives False, go on. None: until
        nothing is due. Gives how many attempts were made."""
        began = Moment.now()
        try:
            claiming = True
            while True:
                if claiming and seconds is not None and began.elapsed() >= seconds:
                    began = Moment.now()  # where nobody takes over, asking again at once would only cost time
                    if hand_over():
                        claiming = self._capped = False
                        self._release()
                idle = self._idle()
                found = self._claim() if claiming else False
                if idle and not found and not self._capped:
                    return self.claimed
                self._collect(wait=not found)
        finally:
            self._finish()

    def _claim(self) -> bool:
        """Claim for each stream that has something due; whether any was claimed."""
        found = self._capped = False
        look = self._looked is None or self._looked.elapsed() >= _LOOK_EVERY or self._idle()
        now = None
        if look:
            self._looked, now = Moment.now(), self._about_now()
        for stream in self._streams:
            if stream.rests:
                self._capped = True
                continue
            # A held stream is claimed for even where nothing seems due: only an empty claim may give it back.
            if stream.room <= 0 or not (stream.held or (now and self._has_due(stream, now))):
                continue
            claimed = claim(stream, stream.room, self._conf)
            self._capped |= claimed.capped
            if claimed.jobs:
                self._exchanger.submit(stream, claimed)
                self.claimed += len(claimed.jobs)
                found = True
        return found

    def _under_way(self) -> bool:
        return any(stream.under_way for stream in self._streams)

    def _idle(self) -> bool:
        return not self._under_way() and not self._unsettled

    def _about_now(self) -> datetime:
        """The database's time, near enough to look whether something is due; who claims it asks once more."""
        if self._asked is None or self._idle() or self._asked[0].elapsed() >= _ASK_EVERY:
            self._asked = Moment.now(), database_now()
        asked, answer = self._asked
        return answer + timedelta(seconds=asked.elapsed())

    def _has_due(self, stream: Stream, now: datetime) -> bool:
        return OutboundMessage.objects.due(stream.account.name, stream.priorities, now=now).exists()

    def _collect(self, *, wait: bool) -> None:
        patience = _TICK if wait and (self._under_way() or self._capped) else 0
        answers = self._exchanger.collect(patience, self._enough())
        if answers and not self._unsettled:
            self._unsettled_since = Moment.now()
        self._unsettled += answers
        ripe = len(self._unsettled) >= BATCH or self._unsettled_since.elapsed() >= PATIENCE
        if self._unsettled and (ripe or not self._under_way()):
            self._settle()

    def _enough(self) -> int:
        """How many answers there would be something to do for: a batch to record, room for a claim, or the last."""
        refills = [stream.until_refill for stream in self._streams if stream.held]
        last = sum(stream.under_way for stream in self._streams)
        return max(1, min([BATCH - len(self._unsettled), last, *refills]))

    def _settle(self) -> None:
        """Record all that is known. While the database is away it is kept, and nothing new is claimed."""
        while True:
            try:
                settle(self._unsettled, self._conf)
                self._unsettled = []
                return
            except (OperationalError, InterfaceError) as error:
                logger.error(
                    "The database is away (%s): %d answers wait to be stored",
                    type(error).__name__,
                    len(self._unsettled),
                )
                time.sleep(_DATABASE_RETRY)
                if not connection().in_atomic_block:
                    close_old_connections()

    def _finish(self) -> None:
        """What is under way is waited for and recorded, also where claiming has failed."""
        while not self._idle():
            self._collect(wait=True)
        try:
            self._release()
        except (OperationalError, InterfaceError):
            logger.warning("A stream could not be given back; its lease ends by itself")

    def _release(self) -> None:
        for stream in self._streams:
            if stream.held:
                release(stream)


def run(seconds: float | None = None, hand_over: Callable[[], bool] = lambda: True) -> int:
    """Send what is due, for all accounts; see `Dispatcher.run`."""
    return Dispatcher(get_settings()).run(seconds, hand_over)
