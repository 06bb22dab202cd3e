"""Making attempts: step 2 of sending. Threads that do HTTP and nothing else; the database is never touched here."""

import functools
import logging
import os
import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, Protocol

from django.utils.module_loading import import_string

from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.gateway.client import Fate, Outcome
from django_front_sms.gateway.submit import BulkSms, Sms
from django_front_sms.outbox import bulk
from django_front_sms.outbox.claim import Claimed, Job
from django_front_sms.outbox.settle import Result

logger = logging.getLogger(__name__)

CONCURRENCY = 64  # requests under way at once in one process


class Exchanger:
    """Sends jobs concurrently; `results` yields what came of them, in the order of their answers."""

    def __init__(self, conf: FrontSMSSettings) -> None:
        self._conf = conf
        self._answers: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self.under_way = 0

    def submit(self, claimed: Claimed) -> None:
        self.under_way += len(claimed.jobs)
        pool = _pool(os.getpid())
        if claimed.is_bulk:
            pool.submit(self._run_bulk, claimed.jobs)
        else:
            for job in claimed.jobs:
                pool.submit(self._run, job)

    def _run(self, job: Job) -> None:
        self._answers.put(Result(job, attempt(job, self._conf), job.began.elapsed()))

    def _run_bulk(self, jobs: Sequence[Job]) -> None:
        outcome = attempt_bulk(jobs, self._conf)
        for job in jobs:
            self._answers.put(Result(job, bulk.outcome_of(job, outcome), job.began.elapsed()))

    def collect(self, patience: float) -> list[Result]:
        """Answers that are in; waits at most `patience` seconds for the first."""
        answers: list[Result] = []
        try:
            answers.append(self._answers.get(timeout=patience))
            while True:
                answers.append(self._answers.get_nowait())
        except queue.Empty:
            pass
        self.under_way -= len(answers)
        return answers


def attempt(job: Job, conf: FrontSMSSettings) -> Outcome:
    """Make one attempt. Whatever goes wrong in it, there is an outcome."""
    wait = job.not_before - job.began.elapsed()
    if wait > 0:
        time.sleep(wait)
    client = client_for(job.account, conf)
    return _guarded(lambda: client.send(job.sms, transport=job.account.transport, may_write=lambda: _in_time(job)))


def attempt_bulk(jobs: Sequence[Job], conf: FrontSMSSettings) -> Outcome:
    """Make one attempt for all of `jobs`, in one request."""
    client = client_for(jobs[0].account, conf)
    return _guarded(lambda: client.send_bulk(bulk.request_of(jobs), may_write=lambda: _in_time(jobs[0])))


def _in_time(job: Job) -> bool:
    return job.began.elapsed() < job.send_by


def _guarded(exchange: Callable[[], Outcome]) -> Outcome:
    try:
        return exchange()
    except Exception as error:
        # No traceback: a client of a site's own may have put the text or the number into its exception.
        logger.error("The gateway client failed with %s; the attempt is taken as ambiguous", type(error).__name__)
        return Outcome(fate=Fate.AMBIGUOUS, detail=f"the gateway client failed with {type(error).__name__}")


class GatewayClient(Protocol):
    """What `FRONT_SMS["CLIENT"]` names: `gateway.client.Client` and whatever stands in for it."""

    def __init__(self, gateway_url: str, *, timeout: float, max_connections: int) -> None: ...

    def send(self, sms: Sms, *, transport: Literal["json", "get"], may_write: Callable[[], bool] | None) -> Outcome: ...

    def send_bulk(self, bulk: BulkSms, *, may_write: Callable[[], bool] | None) -> Outcome: ...


def client_for(account: Account, conf: FrontSMSSettings) -> GatewayClient:
    """The client that this process uses for the account's gateway."""
    return _client(conf.client, account.gateway_url, conf.timeout)


@functools.lru_cache(maxsize=32)
def _client(path: str, gateway_url: str, timeout: float) -> GatewayClient:
    client: GatewayClient = import_string(path)(gateway_url, timeout=timeout, max_connections=CONCURRENCY)
    return client


@functools.lru_cache(maxsize=1)
def _pool(pid: int) -> ThreadPoolExecutor:
    """This process's threads; `pid`, because threads do not live on over a fork."""
    return ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="front-sms")
