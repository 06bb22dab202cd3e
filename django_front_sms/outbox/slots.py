"""A stream: the right to claim for one account and lane. There are a few of each, so that neither one busy account nor
many hints can fill every worker."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django_front_sms.conf import Account
from django_front_sms.db.clock import Moment
from django_front_sms.db.transactions import short_transaction
from django_front_sms.models import AccountState, Priority
from django_front_sms.outbox.pacing import CLAIMED_AHEAD, Pace


@dataclass(frozen=True, slots=True)
class Lane:
    """`priorities` in the order in which they are taken; `streams` at a time, each with `concurrency` requests."""

    name: str
    priorities: tuple[int, ...]
    streams: int
    concurrency: int


# Urgent messages have threads of their own: they never stand behind requests that a slow gateway lets wait. The normal
# lane takes them, too, where it comes first.
LANES = (
    Lane("urgent", (Priority.URGENT,), streams=1, concurrency=16),
    Lane("normal", (Priority.URGENT, Priority.NORMAL), streams=2, concurrency=64),
)


@dataclass(slots=True)
class Stream:
    """Held in the account's lock row, under a lease; `token` and `held` are changed only by who has the lock."""

    account: Account
    lane: Lane
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    held: bool = False
    under_way: int = 0  # requests claimed and not yet answered
    pace: Pace = field(init=False)
    _rest: tuple[Moment, float] | None = None

    def __post_init__(self) -> None:
        # Where Front's filter is not known to be on, a person decides on each message that a dead worker leaves.
        furthest = CLAIMED_AHEAD if self.account.duplicate_filter else 2 * self.lane.concurrency
        self.pace = Pace(self.lane.concurrency, furthest)

    @property
    def priorities(self) -> tuple[int, ...]:
        """Of the messages that it may claim, in the order in which it does."""
        return self.lane.priorities

    @property
    def room(self) -> int:
        """How many more may be claimed; none while there is enough to do."""
        return self.pace.ahead - self.under_way if self.under_way < self.pace.refill_below else 0

    @property
    def until_refill(self) -> int:
        """How many answers until there is room."""
        return max(0, self.under_way - self.pace.refill_below + 1)

    def hold(self, memory: AccountState, now: datetime, lease: timedelta) -> bool:
        """Take a free slot, or keep ours for another lease; False where all are taken."""
        slots = memory.streams
        free = None
        for number in range(self.lane.streams):
            name = f"{self.lane.name}:{number}"
            token, until = slots.get(name, ("", ""))
            if token == self.token:
                free = name
                break
            # Beyond a whole lease it is none of today's: the clock stepped back since.
            if free is None and not (token and now < datetime.fromisoformat(until) <= now + lease):
                free = name
        self.held = free is not None
        if free is not None:
            slots[free] = (self.token, (now + lease).isoformat())
        return self.held

    def rest(self, time: timedelta) -> None:
        """Something is due, but the account's rate admits none of it for so long."""
        self._rest = Moment.now(), time.total_seconds()

    @property
    def rests(self) -> bool:
        """Whether to claim now would be to ask in vain: each time costs a transaction behind the account's lock."""
        return self._rest is not None and self._rest[0].elapsed() < self._rest[1]

    def free(self, memory: AccountState) -> None:
        """Give the slot back. In the transaction of an empty claim: what is due later finds it free."""
        memory.streams = {name: slot for name, slot in memory.streams.items() if slot[0] != self.token}
        self.held = False


def streams_of(account: Account) -> list[Stream]:
    """One of each lane, none of them held."""
    return [Stream(account, lane) for lane in LANES]


@short_transaction
def release(stream: Stream) -> None:
    """Give the slot back outside of a claim: at the end of a run."""
    memory = AccountState.lock(stream.account.gateway, stream.account.name)
    stream.free(memory)
    memory.save(update_fields=["streams"])
