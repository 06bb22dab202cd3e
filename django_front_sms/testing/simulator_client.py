"""A gateway client for a simulator in the same process, without a port, a socket or a thread.

Requests and answers are encoded, decoded and checked by the same code as over HTTP.
"""

from collections.abc import Callable
from typing import Literal

from django_front_sms.gateway.outcome import ExchangeResult, ResultKind, Unclear, bulk_answer, single_answer
from django_front_sms.gateway.submit import Answer, BulkAnswer, BulkSms, Sms, encode_bulk, encode_json, encode_query
from django_front_sms.simulator import Fault, FaultKind, Network, Submission, wire

networks: dict[str, Network] = {}
"""The simulated networks in this process, by their gateway URL."""

MayWrite = Callable[[], bool] | None
Decode = Callable[[int, bytes], Answer | BulkAnswer]


class SimulatorClient:
    """A client for `FRONT_SMS["CLIENT"]`. Raises ValueError if `gateway_url` is not a key of `networks`.

    The chaos of the network applies as over HTTP, but without waiting.
    """

    def __init__(self, gateway_url: str, *, timeout: float, max_connections: int) -> None:
        if gateway_url not in networks:
            raise ValueError(
                "GATEWAY_URL does not name a simulator of this process. The fixture or the mixin sets it in FRONT_SMS: "
                "keep it, as in {**settings.FRONT_SMS, 'DEFAULT_REGION': 'SE'}."
            )
        self._network = networks[gateway_url]

    def send(
        self, sms: Sms, *, transport: Literal["json", "get"] = "json", may_write: MayWrite = None
    ) -> ExchangeResult:
        if may_write and not may_write():
            return ExchangeResult(ResultKind.NOT_SENT, detail="it was too late to write")
        if transport == "get":
            return self._exchange(Submission(wire.read_query(encode_query(sms))), single_answer, get=True)
        return self._exchange(Submission(wire.read_json(encode_json(sms))), single_answer)

    def send_bulk(self, bulk: BulkSms, *, may_write: MayWrite = None) -> ExchangeResult:
        if may_write and not may_write():
            return ExchangeResult(ResultKind.NOT_SENT, detail="it was too late to write")
        return self._exchange(Submission(wire.read_json(encode_bulk(bulk)), bulk=True), bulk_answer)

    def close(self) -> None:
        pass

    def _exchange(self, submission: Submission, decode: Decode, *, get: bool = False) -> ExchangeResult:
        fault = self._network.chaos.draw()
        verdict = None if fault and not fault.accepted else self._network.submit(submission)
        if fault and not (fault.kind is FaultKind.DRIP and verdict):
            return ExchangeResult(ResultKind.AMBIGUOUS, detail=f"the simulator's chaos: {_describe(fault)}")
        answer = wire.answer(submission, verdict, self._network.rules, get=get)
        try:
            return ExchangeResult(ResultKind.ANSWERED, decode(answer.status, answer.body), answer.status)
        except Unclear as reason:
            return ExchangeResult(ResultKind.AMBIGUOUS, http_status=answer.status, detail=str(reason))


def _describe(fault: Fault) -> str:
    return f"{fault.kind}, {'after' if fault.accepted else 'before'} acceptance"
