"""One request for many rows (§2.4): put together, and its answer taken apart again, row by row.

The answer names no ids, so the rows can't be tracked. It is final where it is a documented one; anything else leaves
every row of the request in doubt, and is never repeated by a machine.
"""

from collections.abc import Sequence
from dataclasses import replace

from django_front_sms.gateway.client import ExchangeResult, Fate
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.gateway.submit import Answer, BulkAnswer, BulkSms
from django_front_sms.outbox.claim import Job


def request_of(jobs: Sequence[Job]) -> BulkSms:
    """One request for all of `jobs`, which are rows of one bulk send: all but the recipient is equal in them."""
    first = jobs[0].sms
    return BulkSms(
        service_id=first.service_id,
        password=first.password,
        sender=first.sender,
        recipients=tuple(job.sms.recipient for job in jobs),
        text=first.text,
        unicode=first.unicode,
    )


def outcome_of(job: Job, outcome: ExchangeResult) -> ExchangeResult:
    """What the outcome of the whole request says of one of its rows."""
    answer = outcome.answer
    if outcome.fate is not Fate.ANSWERED or not isinstance(answer, BulkAnswer):
        return outcome
    code, description = answer.errorcode, answer.description
    if code == ErrorCode.OK and job.sms.recipient in answer.invalid:
        code, description = ErrorCode.INVALID_RECIPIENT, "Front took the number for invalid."
    elif code == ErrorCode.OK and job.sms.recipient in answer.duplicates:
        code, description = ErrorCode.DUPLICATE, "Front took the number for a duplicate, and did not send to it."
    return replace(outcome, answer=Answer(id=None, errorcode=code, description=description))
