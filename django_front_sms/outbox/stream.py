"""A stream: the right to claim for one account and lane. There are a few of each, so that neither one busy account nor
many hints can fill every worker."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django_front_sms.conf import Account
from django_front_sms.models import AccountMemory, Priority
from django_front_sms.outbox.transactions import short_transaction

# Lane by lane: its name, the priorities that it takes in their order, and how many streams it has.
LANES: tuple[tuple[str, tuple[int, ...], int], ...] = (
    ("urgent", (Priority.URGENT,), 1),
    ("normal", (Priority.URGENT, Priority.NORMAL), 2),
)


@dataclass(slots=True)
class Stream:
    """Held in the account's lock row, under a lease; changed only by who has the lock."""

    account: Account
    lane: str
    priorities: tuple[int, ...]
    slots: int
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    held: bool = False

    def hold(self, memory: AccountMemory, now: datetime, lease: timedelta) -> bool:
        """Take a free slot, or keep ours for another lease; False where all are taken."""
        slots = memory.streams
        free = None
        for number in range(self.slots):
            name = f"{self.lane}:{number}"
            token, until = slots.get(name, ("", ""))
            if token == self.token:
                free = name
                break
            if free is None and (not token or datetime.fromisoformat(until) <= now):
                free = name
        self.held = free is not None
        if free is not None:
            slots[free] = (self.token, (now + lease).isoformat())
        return self.held

    def free(self, memory: AccountMemory) -> None:
        """Give the slot back. In the transaction of an empty claim: what is due later finds it free."""
        memory.streams = {name: slot for name, slot in memory.streams.items() if slot[0] != self.token}
        self.held = False


def streams_of(account: Account) -> list[Stream]:
    return [Stream(account, lane, priorities, slots) for lane, priorities, slots in LANES]


@short_transaction
def release(stream: Stream) -> None:
    """Give the slot back outside of a claim: at the end of a run."""
    memory = AccountMemory.lock(stream.account.gateway, stream.account.name)
    stream.free(memory)
    memory.save(update_fields=["streams"])
