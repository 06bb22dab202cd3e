"""Making attempts: step 2 of sending. The threads only exchange HTTP; nothing here uses the database.

From the first byte of a request to its recorded answer nothing is imported and no file is opened: a process that has
run out of file descriptors or threads must not lose an answer.
"""

import contextlib
import functools
import logging
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol

from django.utils.module_loading import import_string

from django_front_sms import tracing
from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.gateway.client import ExchangeResult, ResultKind
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.gateway.submit import Answer, BulkAnswer, BulkSms, Malformed, Sms, match_recipients
from django_front_sms.outbox.claim import ClaimResult, Job
from django_front_sms.outbox.settle import AttemptResult
from django_front_sms.outbox.slots import LANES, Lane, Slot

logger = logging.getLogger(__name__)


# ---- One attempt


def attempt(job: Job, conf: FrontSMSSettings) -> ExchangeResult:
    """Make one attempt. Returns a result for any error; never raises."""
    wait = job.not_before - job.began.elapsed()
    if wait > 0:
        time.sleep(wait)

    def send(client: "GatewayClient") -> ExchangeResult:
        return client.send(job.sms, transport=job.account.transport, may_write=lambda: _in_time(job))

    make = functools.partial(_exchange, job.account, conf, send)
    return tracing.traced_exchange(job.account, make, message_id=job.message_id)


def attempt_bulk(jobs: Sequence[Job], conf: FrontSMSSettings) -> ExchangeResult:
    """Make one attempt for all of `jobs`, in one request."""
    account, request = jobs[0].account, _bulk_request(jobs)

    def send(client: "GatewayClient") -> ExchangeResult:
        return _matched(client.send_bulk(request, may_write=lambda: _in_time(jobs[0])), request)

    make = functools.partial(_exchange, account, conf, send)
    return tracing.traced_exchange(account, make, message_id=None, messages=len(jobs))


def _in_time(job: Job) -> bool:
    return job.began.elapsed() < job.send_by


def _exchange(
    account: Account, conf: FrontSMSSettings, send: "Callable[[GatewayClient], ExchangeResult]"
) -> ExchangeResult:
    try:
        client = client_for(account, conf)
    except Exception as error:
        logger.error(
            'No gateway client could be created (%s), and nothing was sent. Check FRONT_SMS["CLIENT"] and GATEWAY_URL.',
            type(error).__name__,
        )
        return ExchangeResult(
            kind=ResultKind.NOT_SENT, detail=f"no gateway client could be made: {type(error).__name__}"
        )
    try:
        result: Any = send(client)
        if not isinstance(result, ExchangeResult):
            raise TypeError("A gateway client must return an ExchangeResult.")
        return result
    except BaseException as error:  # also gevent's time-outs: the dispatcher waits for a result of every attempt
        # No traceback: the exception of a site's own client may hold the text or the number.
        logger.error("The gateway client raised %s. The result of the attempt is unknown.", type(error).__name__)
        return ExchangeResult(kind=ResultKind.AMBIGUOUS, detail=f"the gateway client failed: {type(error).__name__}")


class GatewayClient(Protocol):
    """The interface of the class that `FRONT_SMS["CLIENT"]` names, such as `gateway.client.Client`."""

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
        gateway_url, timeout=timeout, max_connections=sum(lane.slots * lane.concurrency for lane in LANES)
    )
    return client


# ---- Bulk


def _bulk_request(jobs: Sequence[Job]) -> BulkSms:
    """One request for all of `jobs`, which are rows of one bulk send and differ in their recipients only."""
    first = jobs[0].sms
    return BulkSms(
        service_id=first.service_id,
        password=first.password,
        sender=first.sender,
        recipients=tuple(job.sms.recipient for job in jobs),
        text=first.text,
        unicode=first.unicode,
    )


def _matched(result: ExchangeResult, request: BulkSms) -> ExchangeResult:
    """`result` with the recipients of `request` in place of the numbers that an accepting answer lists as left out. If
    one of them is not clearly a recipient, the result is ambiguous: it is unknown who got the message."""
    answer = result.answer
    if not isinstance(answer, BulkAnswer) or answer.errorcode != ErrorCode.OK:
        return result
    try:
        return replace(result, answer=match_recipients(answer, request.recipients))
    except Malformed:
        detail = "Front left out a number that is not clearly one of the recipients"
        return replace(result, kind=ResultKind.AMBIGUOUS, answer=None, detail=detail)


def _result_for(job: Job, result: ExchangeResult) -> ExchangeResult:
    """The part of a bulk request's result that is about one of its rows."""
    answer = result.answer
    if result.kind is not ResultKind.ANSWERED or not isinstance(answer, BulkAnswer):
        return result
    code, description = answer.errorcode, answer.description
    if code == ErrorCode.OK and job.sms.recipient in answer.invalid:
        code, description = ErrorCode.INVALID_RECIPIENT, "Front reported the number as invalid."
    elif code == ErrorCode.OK and job.sms.recipient in answer.duplicates:
        code, description = ErrorCode.DUPLICATE, "Front reported the number as a duplicate, and did not send to it."
    return replace(result, answer=Answer(id=None, errorcode=code, description=description))


# ---- Many attempts at once

_NO_MEMORY = ExchangeResult(kind=ResultKind.AMBIGUOUS, detail="there was no memory for the answer")


class Executor:
    """Makes the attempts of many jobs at once, those of each slot in threads of its own, and collects the results."""

    def __init__(self, conf: FrontSMSSettings) -> None:
        self._conf = conf
        self._pools: dict[str, WorkerPool] = {}  # by the token of their slot
        self._results: deque[tuple[Slot, AttemptResult]] = deque()
        self._enough = 1
        self._wake = threading.Event()

    def submit(self, slot: Slot, claimed: ClaimResult) -> None:
        """Start the jobs of a claim; `collect` returns one result for each."""
        slot.in_flight += len(claimed.jobs)
        pool = self._pools.get(slot.token)
        if pool is None:
            pool = self._pools[slot.token] = WorkerPool(slot)
        if claimed.is_bulk:
            pool.add([functools.partial(self._run_bulk, slot, claimed.jobs)])
        else:
            urgent = [functools.partial(self._run, slot, job) for job in claimed.jobs if job.is_urgent]
            pool.add((functools.partial(self._run, slot, job) for job in claimed.jobs if not job.is_urgent), urgent)

    def _run(self, slot: Slot, job: Job) -> None:
        result = AttemptResult(job, _NO_MEMORY, 0.0)  # made now: after the request there may be no memory for it
        with contextlib.suppress(MemoryError):
            result = AttemptResult(job, attempt(job, self._conf), job.began.elapsed())
        self._put(slot, result)

    def _run_bulk(self, slot: Slot, jobs: Sequence[Job]) -> None:
        results = [AttemptResult(job, _NO_MEMORY, 0.0) for job in jobs]
        with contextlib.suppress(MemoryError):
            answer = attempt_bulk(jobs, self._conf)
            results = [AttemptResult(job, _result_for(job, answer), job.began.elapsed()) for job in jobs]
        for result in results:
            self._put(slot, result)

    def _put(self, slot: Slot, result: AttemptResult) -> None:
        self._results.append((slot, result))
        if len(self._results) >= self._enough:
            self._wake.set()

    def collect(self, timeout: float, enough: int) -> list[AttemptResult]:
        """Return the available results; wait at most `timeout` seconds for `enough` of them. Waking up for each
        result would cost more time than sending the message."""
        self._enough = enough
        self._wake.clear()
        if timeout and len(self._results) < enough:
            self._wake.wait(timeout)
        collected = [self._results.popleft() for _ in range(len(self._results))]
        for pool in self._pools.values():
            results = [result for slot, result in collected if slot is pool.slot]
            pool.slot.in_flight -= len(results)
            pool.slot.pace.record(
                [result.exchange.duration for result in results],
                max((result.elapsed for result in results), default=0.0),
                self._conf.timeout,
            )
            pool.top_up()
        return [result for _, result in collected]


Task = Callable[[], None]

TASKS_PER_TURN = 20  # tasks that a thread of a pool runs in a row


class WorkerPool:
    """Runs the tasks of one slot in the order given, urgent ones first. Starting a thread for each task would cost a
    tenth of the throughput."""

    def __init__(self, slot: Slot) -> None:
        self.slot = slot
        self._threads = _lane_threads(os.getpid(), slot.account.gateway, slot.lane)
        self._lock = threading.Lock()
        self._tasks: deque[Task] = deque()
        self._working = 0

    def add(self, tasks: Iterable[Task], urgent: Sequence[Task] = ()) -> None:
        """Run these tasks in this order, after those that were added before; `urgent` ones before all of them. A task
        must not raise: an exception would cost the pool a thread."""
        self._tasks.extendleft(reversed(urgent))
        self._tasks.extend(tasks)
        self.top_up()

    def top_up(self) -> None:
        """Start threads while fewer are working than the pace asks for."""
        with self._lock:
            missing = max(0, min(self.slot.pace.at_once - self._working, len(self._tasks)))
            self._working += missing
        for started in range(missing):
            if not self._threads.submit(self._work):
                with self._lock:
                    self._working -= missing - started
                return

    def _work(self) -> None:
        for _ in range(TASKS_PER_TURN):
            task = self._next()
            if task is None:
                return
            task()
        self._threads.submit(self._work)  # behind the work of another run, which may share the threads

    def _next(self) -> Task | None:
        """The next task. None ends a thread's work; it is counted under the same lock, so that a task added meanwhile
        finds another thread."""
        with self._lock:
            if self._tasks and self._working <= self.slot.pace.at_once:
                return self._tasks.popleft()
            self._working -= 1
            return None


class LaneThreads:
    """The threads of this process for one gateway and lane, shared by its runs. They are started as they are needed.

    Unlike in concurrent.futures, `submit` returns whether a task will be run: without any thread it is not queued.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._lock = threading.Lock()
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._count = 0
        self._is_short = False  # the system refused a thread

    def submit(self, task: Task) -> bool:
        """Run `task` in a thread. False if there is no thread and none can be started: then it is not run."""
        with self._lock:
            if not self._idle.acquire(blocking=False) and self._count < self._most and self._start_thread(task):
                return True
            if not self._count:
                return False
        self._tasks.put(task)
        return True

    def _start_thread(self, task: Task) -> bool:
        """Start a thread that begins with `task`; False if the system refuses one."""
        name = f"{self._name}-{self._count}"
        try:
            threading.Thread(target=self._run, args=[task], name=name, daemon=True).start()
        except RuntimeError:
            if not self._is_short:
                logger.error(
                    "No thread could be started for sending; %d are running. Raise the limit of threads or processes.",
                    self._count,
                )
            self._is_short = True
            return False
        self._count += 1
        self._is_short = False
        return True

    def _run(self, task: Task) -> None:
        while True:
            task()
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                self._idle.release()
                task = self._tasks.get()


# Without a limit: the threads keep their `LaneThreads` alive, so one that was dropped from the cache would never end.
@functools.cache
def _lane_threads(pid: int, gateway: str, lane: Lane) -> LaneThreads:
    """`pid`, because threads do not survive a fork."""
    return LaneThreads(lane.concurrency, f"front-sms-{lane.name}")
