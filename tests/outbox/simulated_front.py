"""A simulated Front for the state machine: a duplicate filter, ids, and requests in progress."""

from dataclasses import dataclass, field

from django_front_sms.gateway.client import ExchangeResult
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.outbox.claim import Job
from tests.outbox.exchange_results import accepted, refused

W = 120.0
Key = tuple[str, str, str]


def key_of(job: Job) -> Key:
    return job.sms.sender, job.sms.recipient, job.sms.text


@dataclass
class Acceptance:
    at: float
    message_id: int
    key: Key


@dataclass
class Front:
    """A duplicate filter of 120 s (§2.2, code 17), and ids."""

    filters: bool
    by_id: dict[int, Acceptance] = field(default_factory=dict)

    def process(self, job: Job, at: float) -> ExchangeResult:
        key = key_of(job)
        if self.filters and any(a.key == key and at - a.at < W for a in self.by_id.values()):
            return refused(ErrorCode.DUPLICATE)
        gateway_id = 145_000 + len(self.by_id)
        self.by_id[gateway_id] = Acceptance(at, job.message_id, key)
        return accepted(gateway_id)


@dataclass
class Request:
    """A job of a worker, the time when it was written, and the answer of Front, received or not."""

    job: Job
    claimed_at: float
    written_at: float | None = None
    answer: ExchangeResult | None = None
    is_processed: bool = False
    is_over: bool = False  # the worker has a result, or was stopped

    @property
    def is_at_front(self) -> bool:
        return self.written_at is not None and not self.is_processed
