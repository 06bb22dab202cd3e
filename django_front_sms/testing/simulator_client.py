"""A gateway client that hands its bytes to a simulator in the same process: no port, no socket, no thread.

What is sent and answered is encoded and decoded as on the wire, and judged by the same code as behind a port.
"""

from collections.abc import Callable
from typing import Literal

from django_front_sms.gateway.outcome import ExchangeResult, Fate, Unclear, bulk_answer, single_answer
from django_front_sms.gateway.submit import Answer, BulkAnswer, BulkSms, Sms, encode_bulk, encode_json, encode_query
from django_front_sms.simulator import Fault, FaultKind, Network, Submission, wire

networks: dict[str, Network] = {}
"""The simulators that can be reached so, by the gateway URL that leads to them."""

MayWrite = Callable[[], bool] | None
Decode = Callable[[int, bytes], Answer | BulkAnswer]


class SimulatorClient:
    """For `FRONT_SMS["CLIENT"]`; `gateway_url` is a key of `networks`, ValueError where it is none.

    It meets the chaos of its network as a client behind a port would, but waits for nothing.
    """

    def __init__(self, gateway_url: str, *, timeout: float, max_connections: int) -> None:
        if gateway_url not in networks:
            raise ValueError(
                "No simulator answers to this GATEWAY_URL in this process. It is given to FRONT_SMS by the fixture or "
                "the mixin: change other keys only, as in {**settings.FRONT_SMS, 'DEFAULT_REGION': 'SE'}."
            )
        self._network = networks[gateway_url]

    def send(
        self, sms: Sms, *, transport: Literal["json", "get"] = "json", may_write: MayWrite = None
    ) -> ExchangeResult:
        if may_write and not may_write():
            return ExchangeResult(Fate.NOT_SENT, detail="it was too late to write")
        if transport == "get":
            return self._exchange(Submission(wire.read_query(encode_query(sms))), single_answer, get=True)
        return self._exchange(Submission(wire.read_json(encode_json(sms))), single_answer)

    def send_bulk(self, bulk: BulkSms, *, may_write: MayWrite = None) -> ExchangeResult:
        if may_write and not may_write():
            return ExchangeResult(Fate.NOT_SENT, detail="it was too late to write")
        return self._exchange(Submission(wire.read_json(encode_bulk(bulk)), bulk=True), bulk_answer)

    def close(self) -> None:
        pass

    def _exchange(self, submission: Submission, decode: Decode, *, get: bool = False) -> ExchangeResult:
        fault = self._network.chaos.draw()
        verdict = None if fault and not fault.accepted else self._network.submit(submission)
        if fault and not (fault.kind is FaultKind.DRIP and verdict):
            return ExchangeResult(Fate.AMBIGUOUS, detail=f"the simulator's chaos: {_describe(fault)}")
        answer = wire.answer(submission, verdict, self._network.rules, get=get)
        try:
            return ExchangeResult(Fate.ANSWERED, decode(answer.status, answer.body), answer.status)
        except Unclear as reason:
            return ExchangeResult(Fate.AMBIGUOUS, http_status=answer.status, detail=str(reason))


def _describe(fault: Fault) -> str:
    return f"{fault.kind}, {'after' if fault.accepted else 'before'} acceptance"
