"""The steps of a worker, one at a time."""

from django_front_sms.conf import get_settings
from django_front_sms.gateway.client import ExchangeResult
from django_front_sms.models import OutboundMessage
from django_front_sms.outbox.claim import Job, claim
from django_front_sms.outbox.settle import AttemptResult, settle
from django_front_sms.outbox.slots import Slot, release, slots_of
from tests.clock import FakeClock
from tests.outbox.exchange_results import refused, unclear


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


def record_answer(job: Job, outcome: ExchangeResult) -> OutboundMessage:
    """Record `outcome` as the result of `job`, and return the message as saved."""
    settle([AttemptResult(job, outcome, job.began.elapsed())], get_settings())
    return OutboundMessage.objects.get(pk=job.message_id)


def attempt(outcome: ExchangeResult, account: str = "default") -> OutboundMessage:
    """Claim the one message that is due, and record `outcome` for it."""
    return record_answer(claim_one(account), outcome)


def sent_without_id(clock: FakeClock) -> OutboundMessage:
    """Send the one message that is due, without learning Front's id: an unclear attempt, then a code 17."""
    attempt(unclear())
    clock.advance(5)
    return attempt(refused(17))
