"""Slots: the right to claim for one account and lane. There are a few of each, so that neither one busy account nor
many hints can occupy every worker."""

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
    """`priorities` in the order in which they are claimed; `slots` at a time, each with `concurrency` requests."""

    name: str
    priorities: tuple[int, ...]
    slots: int
    concurrency: int


# Urgent messages have threads of their own: they never wait behind requests that a slow gateway delays. The normal lane
# claims them, too, if it comes first.
LANES = (
    Lane("urgent", (Priority.URGENT,), slots=1, concurrency=16),
    Lane("normal", (Priority.URGENT, Priority.NORMAL), slots=2, concurrency=64),
)


@dataclass(slots=True)
class Slot:
    """One run's slot for an account and lane. It is recorded in the account's lock row, under a lease; `token` and
    `held` change only behind that lock."""

    account: Account
    lane: Lane
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    held: bool = False
    in_flight: int = 0  # requests claimed and not yet answered
    pace: Pace = field(init=False)
    _throttled: tuple[Moment, float] | None = None  # since when, and for how many seconds

    def __post_init__(self) -> None:
        # Unless Front's filter is known to be on, a person decides on each message that a dead worker leaves.
        furthest = CLAIMED_AHEAD if self.account.duplicate_filter else 2 * self.lane.concurrency
        self.pace = Pace(self.lane.concurrency, furthest)

    @property
    def priorities(self) -> tuple[int, ...]:
        """Priorities of the messages that it may claim, in the order in which it does."""
        return self.lane.priorities

    @property
    def room(self) -> int:
        """How many more messages may be claimed; 0 while enough are in flight."""
        if self.in_flight >= self.pace.refill_below:
            return 0
        return min(self.pace.ahead - self.in_flight, self.pace.batch)

    @property
    def until_refill(self) -> int:
        """The number of answers until there is room."""
        return max(0, self.in_flight - self.pace.refill_below + 1)

    def hold(self, state: AccountState, now: datetime, lease: timedelta) -> bool:
        """Take a free slot of the lane, or extend the lease of ours; False if all are taken."""
        free = None
        for number in range(self.lane.slots):
            name = f"{self.lane.name}:{number}"
            token, until = state.slots.get(name, ("", ""))
            if token == self.token:
                free = name
                break
            # A lease that ends later than a new one would is from before the clock stepped back.
            if free is None and not (token and now < datetime.fromisoformat(until) <= now + lease):
                free = name
        self.held = free is not None
        if free is not None:
            state.slots[free] = (self.token, (now + lease).isoformat())
        return self.held

    def throttle(self, time: timedelta) -> None:
        """Make no claim for `time`: messages are due, but the account's rate admits none."""
        self._throttled = Moment.now(), time.total_seconds()

    @property
    def is_throttled(self) -> bool:
        """True while the account's rate admits nothing. A claim would lock the account's row and find nothing."""
        return self._throttled is not None and self._throttled[0].elapsed() < self._throttled[1]

    def free(self, state: AccountState) -> None:
        """Give the slot back. Done in the transaction of an empty claim, so messages due later find it free."""
        state.slots = {name: slot for name, slot in state.slots.items() if slot[0] != self.token}
        self.held = False


def slots_of(account: Account) -> list[Slot]:
    """A new slot for each lane, not yet held."""
    return [Slot(account, lane) for lane in LANES]


@short_transaction
def release(slot: Slot) -> None:
    """Give the slot back outside of a claim: at the end of a run."""
    state = AccountState.lock(slot.account.gateway, slot.account.name)
    slot.free(state)
    state.save(update_fields=["slots"])
