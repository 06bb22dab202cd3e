"""`RATE_LIMITS`: how many messages a site accepts for sending, against SMS pumping and runaway loops.

Limits are exact: each has a row that is locked, read and written in the transaction that stores the messages. Of two
concurrent callers, the second therefore waits until the first one's transaction ends. A period is divided into
`RateCounter.SLOTS`. A message counts until its whole slot is past, at most a hundredth of the period longer.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from django_front_sms.conf import FrontSMSSettings, Limit
from django_front_sms.db.bulk import in_chunks
from django_front_sms.db.clock import database_now
from django_front_sms.db.routing import connection
from django_front_sms.gateway.numbers import is_international
from django_front_sms.models import OutboundMessage, RateCounter

NAMES = ("per_account", "international", "per_recipient")  # in the order of locking: the most shared first
_AT_ONCE = 500  # rows in one statement


def count(drafts: Sequence[OutboundMessage], conf: FrontSMSSettings) -> tuple[int, str] | None:
    """Count these messages, which the caller stores in the same transaction, and return None.

    If a limit would be exceeded, return the position of the first message over it and the reason, and count nothing.
    """
    if not conf.rate_limits or not drafts:
        return None
    counters = _Counters(drafts, conf, database_now())
    counters.lock()
    refusal = next(counters.count(drafts), None)
    if refusal is None:
        counters.save()
    return refusal


def refused(drafts: Sequence[OutboundMessage], conf: FrontSMSSettings) -> dict[int, str]:
    """The positions of the drafts that would exceed a limit now, with the reasons. Counts and locks nothing."""
    if not conf.rate_limits or not drafts:
        return {}
    counters = _Counters(drafts, conf, database_now())
    counters.read()
    return dict(counters.count(drafts))


@dataclass(slots=True)
class _Counter:
    """One limit for one account, one recipient or the whole site. `used`: the count of each slot."""

    name: str
    limit: Limit
    account: str
    key: str
    used: dict[int, int] = field(default_factory=dict)

    def load(self, used: Iterable[tuple[int, int]], now: datetime) -> None:
        """Load the counts of a row, without the slots that are past."""
        self.used = RateCounter.within(used, self.limit.period, now)

    def add(self, amount: int, now: datetime) -> None:
        slot = RateCounter.slot(self.limit.period, now)
        self.used[slot] = self.used.get(slot, 0) + amount

    def has_room(self, amount: int) -> bool:
        return sum(self.used.values()) + amount <= self.limit.count

    def row(self, now: datetime) -> RateCounter:
        expires_at = now + self.limit.period * (1 + 2 / RateCounter.SLOTS)
        return RateCounter(
            key=self.key,
            limit=self.name,
            account=self.account,
            used=sorted(self.used.items()),
            expires_at=expires_at,
        )


class _Counters:
    """The counters that some drafts need."""

    def __init__(self, drafts: Iterable[OutboundMessage], conf: FrontSMSSettings, now: datetime) -> None:
        self._limits = {name: Limit.parse(conf.rate_limits[name]) for name in NAMES if name in conf.rate_limits}
        self._region = conf.default_region
        self._now = now
        wanted = {subject for draft in drafts for subject in self._subjects(draft)}
        self._by_subject = {subject: self._counter(*subject) for subject in sorted(wanted, key=self._lock_order)}

    def lock(self) -> None:
        """Lock the rows until the transaction ends, create missing ones, and read them."""
        rows = [counter.row(self._now) for counter in self._by_subject.values()]
        # One statement creates or locks the rows, on every database, in the same order for all callers.
        _upsert(rows, ["limit"])
        self.read(for_update=True)

    def read(self, *, for_update: bool = False) -> None:
        """Read the rows; `for_update`: as they are after the last commit, even if they were read before."""
        counters = {counter.key: counter for counter in self._by_subject.values()}
        keys = list(counters)
        for some in in_chunks(keys, _AT_ONCE):
            rows = RateCounter.objects.filter(key__in=some)
            for key, used in (rows.select_for_update() if for_update else rows).values_list("key", "used"):
                counters[key].load(used, self._now)

    def count(self, drafts: Iterable[OutboundMessage]) -> Iterator[tuple[int, str]]:
        """Count each draft that is within all its limits; yield the position of each other one, with the reason."""
        for place, draft in enumerate(drafts):
            mine = [self._by_subject[subject] for subject in self._subjects(draft)]
            full = next((each for each in mine if not each.has_room(_amount(draft, each.limit))), None)
            if full is not None:
                yield place, _reason(full)
                continue
            for counter in mine:
                counter.add(_amount(draft, counter.limit), self._now)

    def save(self) -> None:
        _upsert([counter.row(self._now) for counter in self._by_subject.values()], ["used", "expires_at"])

    def _subjects(self, draft: OutboundMessage) -> Iterator[tuple[str, str]]:
        """The limits that apply to a draft, each with the value that it counts by."""
        by: Mapping[str, str] = {"per_account": draft.account, "per_recipient": draft.recipient, "international": ""}
        for name in self._limits:
            if name != "international" or is_international(draft.recipient, self._region):
                yield name, by[name]

    def _counter(self, name: str, by: str) -> _Counter:
        limit = self._limits[name]
        written = f"{name} {limit.period.total_seconds():g} {limit.counts_segments} {by}"
        key = salted_hmac("django_front_sms.sending.limits", written, algorithm="sha256").hexdigest()[:32]
        return _Counter(name, limit, by if name == "per_account" else "", key)

    @staticmethod
    def _lock_order(subject: tuple[str, str]) -> tuple[int, str]:
        name, by = subject
        return NAMES.index(name), by


def _amount(draft: OutboundMessage, limit: Limit) -> int:
    return draft.segments if limit.counts_segments else 1


def _upsert(rows: Sequence[RateCounter], update: Collection[str]) -> None:
    """Insert rows; update the fields `update` of those that exist."""
    target = ["key"] if connection().features.supports_update_conflicts_with_target else None
    RateCounter.objects.bulk_create(
        rows, batch_size=_AT_ONCE, update_conflicts=True, update_fields=update, unique_fields=target
    )


def _reason(counter: _Counter) -> str:
    limit = {"limit": counter.limit.in_words()}
    match counter.name:
        case "per_recipient":
            return _("Too many messages to this number: at most %(limit)s are allowed. Try again later.") % limit
        case "per_account":
            return _("Too many messages from this account: at most %(limit)s are allowed. Try again later.") % limit
    return _("Too many messages to other countries: at most %(limit)s are allowed. Try again later.") % limit
