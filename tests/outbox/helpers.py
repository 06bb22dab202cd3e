"""Helpers of the tests that send: a fake clock, settings, and the steps of a worker one at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django_front_sms import send_sms
from django_front_sms.conf import get_settings
from django_front_sms.gateway.client import ExchangeResult, ResultKind
from django_front_sms.gateway.submit import Answer
from django_front_sms.models import AccountState, OutboundMessage, SendAttempt
from django_front_sms.outbox.claim import Job, claim
from django_front_sms.outbox.settle import AttemptResult, settle
from django_front_sms.outbox.slots import Slot, release, slots_of

NUMBER = "+4799999999"
ID = 145099  # the manual's


class FakeClock:
    """Replaces every clock that the package reads.

    `ran` is the time that has passed, in seconds. `database_is_off` and `wall_is_off` set the database's clock and the
    wall clock off from it.
    """

    def __init__(self) -> None:
        self.start = datetime.now(UTC)
        self.ran = 0.0
        self.database_is_off = 0.0
        self.wall_is_off = 0.0

    def database(self, using: str = "default") -> datetime:
        return self.start + timedelta(seconds=self.ran + self.database_is_off)

    def boot(self) -> float:
        return self.ran

    def wall(self) -> float:
        return self.ran + self.wall_is_off

    def process(self) -> datetime:
        """The time of the process that calls `send_sms`; independent of the database's clock."""
        return self.start + timedelta(seconds=self.wall())

    def advance(self, seconds: float) -> None:
        self.ran += seconds


def configure(settings: Any, account: str = "default", /, **keys: Any) -> None:
    """Set keys of `FRONT_SMS`; keys of an account are set on `account`, which is created if missing."""
    front_sms = {**settings.FRONT_SMS, "ACCOUNTS": {**settings.FRONT_SMS["ACCOUNTS"]}}
    of_account = {**front_sms["ACCOUNTS"].get(account, front_sms["ACCOUNTS"]["default"])}
    for key, value in keys.items():
        target = of_account if key in _ACCOUNT_KEYS else front_sms
        target[key] = value
    front_sms["ACCOUNTS"][account] = of_account
    settings.FRONT_SMS = front_sms


_ACCOUNT_KEYS = {
    "SERVICE_ID",
    "PASSWORD",
    "SENDER",
    "GATEWAY_URL",
    "TRANSPORT",
    "DUPLICATE_FILTER",
    "MAX_PER_SECOND",
    "QUIET_HOURS",
}


def slot(account: str = "default", lane: str = "normal") -> Slot:
    """A slot of one worker, for an account and a lane."""
    return next(s for s in slots_of(get_settings().account(account)) if s.lane.name == lane)


def claim_due(limit: int = 64, account: str = "default") -> list[Job]:
    """Claim the due messages, and release the slot afterwards."""
    mine = slot(account)
    jobs = claim(mine, limit, get_settings()).jobs
    release(mine)
    return jobs


def claim_one(account: str = "default") -> Job:
    """Claim the one message that is due."""
    (job,) = claim_due(account=account)
    return job


def accepted(gateway_id: int | None = ID) -> ExchangeResult:
    return ExchangeResult(ResultKind.ANSWERED, Answer(id=gateway_id, errorcode=0, description=""), 200)


def refused(code: int, description: str = "") -> ExchangeResult:
    return ExchangeResult(ResultKind.ANSWERED, Answer(id=0, errorcode=code, description=description), 400)


def unclear() -> ExchangeResult:
    return ExchangeResult(ResultKind.AMBIGUOUS, detail="no complete answer in time")


def not_sent() -> ExchangeResult:
    return ExchangeResult(ResultKind.NOT_SENT, detail="no connection in time")


def record_answer(job: Job, outcome: ExchangeResult) -> OutboundMessage:
    """Record `outcome` as the result of `job`, and return the message as saved."""
    settle([AttemptResult(job, outcome, job.began.elapsed())], get_settings())
    return OutboundMessage.objects.get(pk=job.message_id)


def attempt(outcome: ExchangeResult, account: str = "default") -> OutboundMessage:
    """Claim the one message that is due, and record `outcome` for it."""
    return record_answer(claim_one(account), outcome)


def message(text: str = "Test æøå", **options: Any) -> OutboundMessage:
    return send_sms(options.pop("to", NUMBER), text, **options)


def reloaded(row: OutboundMessage) -> OutboundMessage:
    """The row, read from the database again."""
    return OutboundMessage.objects.get(pk=row.pk)


def outcomes(row: OutboundMessage) -> list[str]:
    return list(SendAttempt.objects.filter(message=row).order_by("number").values_list("outcome", flat=True))


def account_state(account: str = "default") -> AccountState:
    return AccountState.objects.get(key=get_settings().account(account).gateway)


def sent_without_id(clock: FakeClock) -> OutboundMessage:
    """Send the one message that is due, without learning Front's id: an unclear attempt, then a code 17."""
    attempt(unclear())
    clock.advance(5)
    return attempt(refused(17))


def with_expiry(row: OutboundMessage, at: datetime) -> OutboundMessage:
    """The message, with an expiry time that has passed already, which `send_sms` would refuse."""
    OutboundMessage.objects.filter(pk=row.pk).update(expires_at=at)
    row.refresh_from_db()
    return row
