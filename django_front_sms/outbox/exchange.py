"""Making attempts: step 2 of sending. Threads that do HTTP and nothing else; the database is never touched here."""

import functools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from django.utils.module_loading import import_string

from django_front_sms import tracing
from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.gateway.client import ExchangeResult, Fate
from django_front_sms.gateway.submit import BulkSms, Sms
from django_front_sms.outbox import bulk
from django_front_sms.outbox.claim import Claimed, Job
from django_front_sms.outbox.crew import Crew
from django_front_sms.outbox.settle import Result
from django_front_sms.outbox.stream import LANES, Stream

logger = logging.getLogger(__name__)


class Exchanger:
    """Sends jobs concurrently, each stream's in threads of its own; collects what came of them."""

    def __init__(self, conf: FrontSMSSettings) -> None:
        self._conf = conf
        self._crews: dict[str, Crew] = {}  # by the token of their stream
        self._answers: deque[tuple[Stream, Result]] = deque()
        self._enough = 1
        self._wake = threading.Event()

    def submit(self, stream: Stream, claimed: Claimed) -> None:
        """Have the jobs of a claim made; each gives one answer to `collect`."""
        stream.under_way += len(claimed.jobs)
        crew = self._crews.get(stream.token)
        if crew is None:
            crew = self._crews[stream.token] = Crew(stream)
        if claimed.is_bulk:
            crew.add([functools.partial(self._run_bulk, stream, claimed.jobs)])
        else:
            urgent = [functools.partial(self._run, stream, job) for job in claimed.jobs if job.is_urgent]
            crew.add((functools.partial(self._run, stream, job) for job in claimed.jobs if not job.is_urgent), urgent)

    def _run(self, stream: Stream, job: Job) -> None:
        self._tell(stream, Result(job, attempt(job, self._conf), job.began.elapsed()))

    def _run_bulk(self, stream: Stream, jobs: Sequence[Job]) -> None:
        outcome = attempt_bulk(jobs, self._conf)
        for job in jobs:
            self._tell(stream, Result(job, bulk.outcome_of(job, outcome), job.began.elapsed()))

    def _tell(self, stream: Stream, result: Result) -> None:
        self._answers.append((stream, result))
        if len(self._answers) >= self._enough:
            self._wake.set()

    def collect(self, patience: float, enough: int) -> list[Result]:
        """Answers that are in; waits at most `patience` seconds for `enough` of them. To be woken by each single one
        would cost more time than sending it."""
        self._enough = enough
        self._wake.clear()
        if patience and len(self._answers) < enough:
            self._wake.wait(patience)
        answers = [self._answers.popleft() for _ in range(len(self._answers))]
        for crew in self._crews.values():
            results = [result for stream, result in answers if stream is crew.stream]
            crew.stream.under_way -= len(results)
            crew.stream.pace.heard(
                [result.exchange.duration for result in results],
                max((result.took for result in results), default=0.0),
                self._conf.timeout,
            )
            crew.man()
        return [result for _, result in answers]


def attempt(job: Job, conf: FrontSMSSettings) -> ExchangeResult:
    """Make one attempt. Whatever goes wrong in it, there is an outcome."""
    wait = job.not_before - job.began.elapsed()
    if wait > 0:
        time.sleep(wait)

    def send(client: "GatewayClient") -> ExchangeResult:
        return client.send(job.sms, transport=job.account.transport, may_write=lambda: _in_time(job))

    return tracing.exchange(
        job.account, functools.partial(_guarded, job.account, conf, send), message_id=job.message_id
    )


def attempt_bulk(jobs: Sequence[Job], conf: FrontSMSSettings) -> ExchangeResult:
    """Make one attempt for all of `jobs`, in one request."""
    account = jobs[0].account

    def send(client: "GatewayClient") -> ExchangeResult:
        return client.send_bulk(bulk.request_of(jobs), may_write=lambda: _in_time(jobs[0]))

    make = functools.partial(_guarded, account, conf, send)
    return tracing.exchange(account, make, message_id=None, messages=len(jobs))


def _in_time(job: Job) -> bool:
    return job.began.elapsed() < job.send_by


def _guarded(
    account: Account, conf: FrontSMSSettings, exchange: "Callable[[GatewayClient], ExchangeResult]"
) -> ExchangeResult:
    try:
        client = client_for(account, conf)
    except Exception as error:
        logger.error(
            'No gateway client could be made (%s), and nothing was sent: check FRONT_SMS["CLIENT"] and GATEWAY_URL',
            type(error).__name__,
        )
        return ExchangeResult(fate=Fate.NOT_SENT, detail=f"no gateway client could be made: {type(error).__name__}")
    try:
        outcome: Any = exchange(client)
        if not isinstance(outcome, ExchangeResult):
            raise TypeError("a gateway client must give an ExchangeResult")
        return outcome
    except BaseException as error:  # time-outs of gevent's, too: an attempt without an outcome is waited for for ever
        # No traceback: a client of a site's own may have put the text or the number into its exception.
        logger.error("The gateway client failed with %s; the attempt is taken as ambiguous", type(error).__name__)
        return ExchangeResult(fate=Fate.AMBIGUOUS, detail=f"the gateway client failed with {type(error).__name__}")


class GatewayClient(Protocol):
    """What `FRONT_SMS["CLIENT"]` names: `gateway.client.Client` and whatever stands in for it."""

    def __init__(self, gateway_url: str, *, timeout: float, max_connections: int) -> None: ...

    def send(
        self, sms: Sms, *, transport: Literal["json", "get"], may_write: Callable[[], bool] | None
    ) -> ExchangeResult: ...

    def send_bulk(self, bulk: BulkSms, *, may_write: Callable[[], bool] | None) -> ExchangeResult: ...


def client_for(account: Account, conf: FrontSMSSettings) -> GatewayClient:
    """The client that this process uses for the account's gateway."""
    return _client(conf.client, account.gateway_url, conf.timeout)


@functools.lru_cache(maxsize=32)
def _client(path: str, gateway_url: str, timeout: float) -> GatewayClient:
    client: GatewayClient = import_string(path)(
        gateway_url, timeout=timeout, max_connections=sum(lane.streams * lane.concurrency for lane in LANES)
    )
    return client
