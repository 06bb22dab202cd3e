"""Making attempts: step 2 of sending. Threads that do HTTP and nothing else; the database is never touched here."""

import functools
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Literal, Protocol

from django.utils.module_loading import import_string

from django_front_sms import tracing
from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.gateway.client import ExchangeResult, Fate
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.gateway.submit import Answer, BulkAnswer, BulkSms, Sms
from django_front_sms.outbox.claim import Claimed, Job
from django_front_sms.outbox.settle import Result
from django_front_sms.outbox.slots import LANES, Lane, Stream

logger = logging.getLogger(__name__)


class Exchanger:
    """Sends jobs concurrently, each stream's in threads of its own; collects what came of them."""

    def __init__(self, conf: FrontSMSSettings) -> None:
        self._conf = conf
        self._pools: dict[str, WorkerPool] = {}  # by the token of their stream
        self._answers: deque[tuple[Stream, Result]] = deque()
        self._enough = 1
        self._wake = threading.Event()

    def submit(self, stream: Stream, claimed: Claimed) -> None:
        """Have the jobs of a claim made; each gives one answer to `collect`."""
        stream.under_way += len(claimed.jobs)
        pool = self._pools.get(stream.token)
        if pool is None:
            pool = self._pools[stream.token] = WorkerPool(stream)
        if claimed.is_bulk:
            pool.add([functools.partial(self._run_bulk, stream, claimed.jobs)])
        else:
            urgent = [functools.partial(self._run, stream, job) for job in claimed.jobs if job.is_urgent]
            pool.add((functools.partial(self._run, stream, job) for job in claimed.jobs if not job.is_urgent), urgent)

    def _run(self, stream: Stream, job: Job) -> None:
        self._tell(stream, Result(job, attempt(job, self._conf), job.began.elapsed()))

    def _run_bulk(self, stream: Stream, jobs: Sequence[Job]) -> None:
        outcome = attempt_bulk(jobs, self._conf)
        for job in jobs:
            self._tell(stream, Result(job, _of_one(job, outcome), job.began.elapsed()))

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
        for pool in self._pools.values():
            results = [result for stream, result in answers if stream is pool.stream]
            pool.stream.under_way -= len(results)
            pool.stream.pace.heard(
                [result.exchange.duration for result in results],
                max((result.took for result in results), default=0.0),
                self._conf.timeout,
            )
            pool.top_up()
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
        return client.send_bulk(_bulk_request(jobs), may_write=lambda: _in_time(jobs[0]))

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


Task = Callable[[], None]


TASKS_PER_TURN = 20  # pieces of work that a thread does in a row


class WorkerPool:
    """Does work in the order given, and urgent work first. To hand each piece to a thread of the pool by itself would
    cost a tenth of it."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._threads = _pool(os.getpid(), stream.account.gateway, stream.lane)
        self._lock = threading.Lock()
        self._work: deque[Task] = deque()
        self._at_work = 0

    def add(self, work: Iterable[Task], urgent: Sequence[Task] = ()) -> None:
        """Have it done in this order, behind what was added before, and the urgent work before all of that. No piece of
        it may raise: the thread that had it would be missing from the pool."""
        self._work.extendleft(reversed(urgent))
        self._work.extend(work)
        self.top_up()

    def top_up(self) -> None:
        """Put threads to work where fewer are than the pace asks for."""
        with self._lock:
            missing = max(0, min(self.stream.pace.at_once - self._at_work, len(self._work)))
            self._at_work += missing
        for _ in range(missing):
            self._threads.submit(self._go_on)

    def _go_on(self) -> None:
        for _ in range(TASKS_PER_TURN):
            work = self._next()
            if work is None:
                return
            work()
        self._threads.submit(self._go_on)  # behind those of another run, which may share the threads

    def _next(self) -> Task | None:
        """None ends a thread's work: counted under the same lock, so that nothing added since is left lying."""
        with self._lock:
            if self._work and self._at_work <= self.stream.pace.at_once:
                return self._work.popleft()
            self._at_work -= 1
            return None


@functools.lru_cache(maxsize=64)
def _pool(pid: int, gateway: str, lane: Lane) -> ThreadPoolExecutor:
    """The threads of this process for a lane; `pid`, because threads do not live on over a fork."""
    return ThreadPoolExecutor(lane.concurrency, thread_name_prefix=f"front-sms-{lane.name}")


def _bulk_request(jobs: Sequence[Job]) -> BulkSms:
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


def _of_one(job: Job, outcome: ExchangeResult) -> ExchangeResult:
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
