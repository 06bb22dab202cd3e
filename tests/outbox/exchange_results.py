"""The results of an exchange with the gateway."""

from django_front_sms.gateway.client import ExchangeResult, ResultKind
from django_front_sms.gateway.submit import Answer

ID = 145099  # the manual's


def accepted(gateway_id: int | None = ID) -> ExchangeResult:
    return ExchangeResult(ResultKind.ANSWERED, Answer(id=gateway_id, errorcode=0, description=""), 200)


def refused(code: int, description: str = "") -> ExchangeResult:
    return ExchangeResult(ResultKind.ANSWERED, Answer(id=0, errorcode=code, description=description), 400)


def unclear() -> ExchangeResult:
    return ExchangeResult(ResultKind.AMBIGUOUS, detail="no complete answer in time")


def not_sent() -> ExchangeResult:
    return ExchangeResult(ResultKind.NOT_SENT, detail="no connection in time")
