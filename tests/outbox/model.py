"""A Hypothesis state machine that sends messages to a simulated Front, in simulated time.

Its rules are requests, crashes, answers that come early, late or never, statuses, decisions by staff, and steps of the
clock. After each rule it checks:

- Front accepts a message at most once, and once more for each decision to send it anyway;
- a stored id is the id that Front gave to this message, with this payload;
- a message that was rejected, cancelled, expired or a duplicate was never accepted, nor is it later;
- a message that Front has is never called unsent; `sent` without an id comes from Front or from a decision;
- an unconfirmed message has an attempt without a clear answer, and is listed;
- an open message has a due time; when no more faults occur, every message reaches a final state;
- no request is written after `send_by`, and no twin within S + W of the other's claim.
"""

from collections import Counter
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.test import override_settings
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from django_front_sms import outbox
from django_front_sms.conf import get_settings
from django_front_sms.db import clock as clocks
from django_front_sms.exceptions import NotPossible
from django_front_sms.gateway.client import ExchangeResult
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.models import AccountState, Decision, OutboundMessage, SendAttempt
from django_front_sms.outbox.claim import claim
from django_front_sms.outbox.settle import AttemptResult, settle
from django_front_sms.states import ACCEPTED, NOT_SENT, OPEN, State
from tests.clock import FakeClock
from tests.factories import DeliveryStatusFactory
from tests.outbox.exchange_results import not_sent, refused, unclear
from tests.outbox.rows import message
from tests.outbox.simulated_front import Front, Key, Request, W, key_of
from tests.outbox.worker_steps import slot

T, M = 10.0, 15.0
S = T / 2 + T + M
NUMBERS = ["+4799999999", "+4799999998"]
TEXTS = ["Test æøå", "Koden er 1234"]
PAUSES = [0.1, 1.0, 4.9, 5.0, 9.9, 10.0, 15.0, 29.9, 30.0, 60.0, 94.9, 95.0, 119.9, 120.0, 150.0, 600.0]
STEPS_BACK = [2.0, 20.0, 100.0, 900.0]
SECOND = timedelta(seconds=1)


class SendingMachine(RuleBasedStateMachine):
    clock_may_step = False
    duplicate_filter: bool | None = True
    on_unconfirmed = "hold"
    may_be_edited = False

    # ---- Set-up

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.real_clocks, clocks.source = clocks.source, self.clock  # type: ignore[assignment]
        self.process_clock = patch("django.utils.timezone.now", self.clock.process)
        self.process_clock.start()
        self.atomic = transaction.atomic()
        self.atomic._from_testcase = True  # type: ignore[attr-defined]  # so that durable blocks work in it
        self.atomic.__enter__()
        self.counting = connection.execute_wrapper(self._count_statement)
        self.counting.__enter__()
        self.statements = 0
        self.checked: tuple[int, int] | None = None  # the progress at the last check
        self.front = Front(filters=True)
        self.requests: list[Request] = []
        self.results: list[AttemptResult] = []  # of finished requests, not yet recorded
        self.claims_by_key: dict[Key, list[tuple[float, int]]] = {}  # time of the claim, message
        self.edited: set[int] = set()
        self.rows: list[OutboundMessage] = []  # after the last rule
        self.is_paused = False

    @initialize(front_filters=st.booleans(), policy=st.sampled_from(["defer", "coalesce", "reject"]))
    def set_up(self, front_filters: bool, policy: str) -> None:
        self.front.filters = front_filters or self.duplicate_filter is True
        account = {"SERVICE_ID": 1234, "SENDER": "Mitt Firma", "DUPLICATE_FILTER": self.duplicate_filter}
        self.override = override_settings(
            FRONT_SMS={
                "ACCOUNTS": {"default": account},
                "ON_DUPLICATE": policy,
                "ON_UNCONFIRMED": self.on_unconfirmed,
            }
        )
        self.override.enable()
        self.workers = [slot(lane=lane) for lane in ("normal", "normal", "urgent")]

    def teardown(self) -> None:
        try:
            if hasattr(self, "override"):
                self.run_to_completion()
        finally:
            self.counting.__exit__(None, None, None)
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)
            clocks.source = self.real_clocks
            self.process_clock.stop()
            if hasattr(self, "override"):
                self.override.disable()

    @property
    def unwritten(self) -> list[Request]:
        return [f for f in self.requests if f.written_at is None and not f.is_over]

    @property
    def written(self) -> list[Request]:
        return [f for f in self.requests if f.written_at is not None and not f.is_over]

    @property
    def at_front(self) -> list[Request]:
        return [f for f in self.requests if f.is_at_front]

    @property
    def answered(self) -> list[Request]:
        return [f for f in self.written if f.answer and self._since_written(f) <= T]

    def in_state(self, *states: State) -> list[OutboundMessage]:
        return [row for row in self.rows if row.state in states]

    # ---- Rules

    @rule(
        number=st.sampled_from(NUMBERS),
        text=st.sampled_from(TEXTS),
        urgent=st.booleans(),
        policy=st.sampled_from([None, None, "defer", "coalesce", "reject"]),
        expires=st.sampled_from([None, None, None, 3, 40, 200]),
        scheduled=st.sampled_from([None, None, None, 20, 130]),
        price=st.sampled_from([None, None, None, 500]),
    )
    def send_message(
        self,
        number: str,
        text: str,
        urgent: bool,
        policy: str | None,
        expires: int | None,
        scheduled: int | None,
        price: int | None,
    ) -> None:
        now = self.clock.process()  # the clock of `check_expiry`
        if expires and scheduled and expires <= scheduled:
            return  # refused: see `check_expiry`
        message(
            text,
            to=number,
            priority="urgent" if urgent else "normal",
            on_duplicate=policy,
            expires_at=now + expires * SECOND if expires else None,
            scheduled_at=now + scheduled * SECOND if scheduled else None,
            price=price,
        )

    @rule(worker=st.integers(0, 2), limit=st.sampled_from([1, 64]))
    def claim_messages(self, worker: int, limit: int) -> None:
        self._claim(worker, limit)

    @rule(data=st.data(), pause=st.sampled_from([0.0, 0.0, 1.0, 4.9, 5.0]))
    def send_due_messages(self, data: st.DataObject, pause: float) -> None:
        """Claims and writes all due messages; the answer arrives, is lost, or the worker stops."""
        requests = self._claim(0, 64)
        self._advance(pause)
        for request in requests:
            self._write(request)
            outcome = data.draw(st.sampled_from(["received", "received", "lost", "stopped", "never arrives"]))
            if outcome != "never arrives" and request.written_at is not None:
                self._process(request, None)
            if outcome in ("lost", "never arrives") and not request.is_over:
                self._finish(request, unclear())
            elif outcome == "received" and request.answer:
                self._finish(request, request.answer)
            request.is_processed = request.is_over = True
        self._record(list(self.results))

    @precondition(lambda self: self.unwritten)
    @rule(data=st.data())
    def write_request(self, data: st.DataObject) -> None:
        self._write(data.draw(st.sampled_from(self.unwritten)))

    @precondition(lambda self: self.at_front)
    @rule(data=st.data(), code=st.sampled_from([None, None, None, 1, 3, 5, 13, 17, 21, 99]))
    def front_processes_a_request(self, data: st.DataObject, code: int | None) -> None:
        self._process(data.draw(st.sampled_from(self.at_front)), code)

    @precondition(lambda self: self.answered)
    @rule(data=st.data())
    def receive_answer(self, data: st.DataObject) -> None:
        request = data.draw(st.sampled_from(self.answered))
        assert request.answer
        self._finish(request, request.answer)

    @precondition(lambda self: self.written)
    @rule(data=st.data())
    def lose_answer(self, data: st.DataObject) -> None:
        self._finish(data.draw(st.sampled_from(self.written)), unclear())

    @precondition(lambda self: self.unwritten)
    @rule(data=st.data())
    def fail_to_connect(self, data: st.DataObject) -> None:
        self._finish(data.draw(st.sampled_from(self.unwritten)), not_sent())

    @precondition(lambda self: self.unwritten or self.written)
    @rule(data=st.data())
    def stop_worker(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.unwritten + self.written)).is_over = True

    @precondition(lambda self: self.results)
    @rule(data=st.data())
    def record_one_result(self, data: st.DataObject) -> None:
        self._record([data.draw(st.sampled_from(self.results))])

    @precondition(lambda self: self.results)
    @rule()
    def record_all_results(self) -> None:
        self._record(list(self.results))

    @precondition(lambda self: self.results)
    @rule()
    def record_a_result_twice(self) -> None:
        settle([self.results[0]], get_settings())

    @precondition(lambda self: self.front.by_id)
    @rule(data=st.data(), status=st.sampled_from([-1, 4, 5, 7, None]))
    def receive_status(self, data: st.DataObject, status: int | None) -> None:
        gateway_id = data.draw(st.sampled_from(sorted(self.front.by_id)))
        now = self.clock.database()
        DeliveryStatusFactory(message=None, gateway_id=gateway_id, status=status, received_at=now, process_at=now)

    @rule()
    def fold_statuses(self) -> None:
        outbox.fold_statuses()

    @rule()
    def sweep(self) -> None:
        outbox.sweep()

    @precondition(lambda self: self.in_state(State.QUEUED))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        outbox.cancel(data.draw(st.sampled_from(self.in_state(State.QUEUED))))

    @precondition(lambda self: self.in_state(State.UNCONFIRMED))
    @rule(data=st.data(), decide=st.sampled_from([outbox.mark_sent, outbox.send_anyway, outbox.give_up]))
    def decide(self, data: st.DataObject, decide: Any) -> None:
        decide(data.draw(st.sampled_from(self.in_state(State.UNCONFIRMED))))

    @precondition(lambda self: self.in_state(*NOT_SENT, *ACCEPTED, State.SENDING))
    @rule(
        data=st.data(),
        decide=st.sampled_from([outbox.cancel, outbox.mark_sent, outbox.send_anyway, outbox.give_up]),
    )
    def decide_too_late(self, data: st.DataObject, decide: Any) -> None:
        with pytest.raises(NotPossible):
            decide(data.draw(st.sampled_from(self.in_state(*NOT_SENT, *ACCEPTED, State.SENDING))))

    @precondition(lambda self: self.is_paused)
    @rule()
    def resume(self) -> None:
        outbox.resume("default")

    @precondition(lambda self: self.may_be_edited and self.in_state(State.QUEUED))
    @rule(data=st.data())
    def edit_text(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.in_state(State.QUEUED)))
        OutboundMessage.objects.filter(pk=row.pk).update(text=row.text + "!")
        self.edited.add(row.pk)

    @rule(seconds=st.sampled_from(PAUSES))
    def advance_clock(self, seconds: float) -> None:
        self._advance(seconds)

    @precondition(lambda self: self.clock_may_step)
    @rule(pause=st.sampled_from([0.0, *PAUSES]), seconds=st.sampled_from(STEPS_BACK))
    def step_database_clock_back(self, pause: float, seconds: float) -> None:
        """Nothing reads the clock during the pause, so that a short step cannot be seen from the highest time alone."""
        self._advance(pause)
        self.clock.database_is_off -= seconds

    # ---- Invariants

    @invariant()
    def check_guarantees(self) -> None:
        if not hasattr(self, "override") or self.checked == self._progress():
            return
        rows = self.rows = list(OutboundMessage.objects.order_by("pk"))
        self.is_paused = AccountState.objects.filter(paused_at__isnull=False).exists()
        acceptances = Counter(a.message_id for a in self.front.by_id.values())
        decisions = Counter(Decision.objects.values_list("message_id", "action"))
        doubts = set(SendAttempt.objects.filter(outcome__in=["ambiguous", "lost"]).values_list("message_id", flat=True))
        listed = set(OutboundMessage.objects.unconfirmed().values_list("pk", flat=True))
        for row in rows:
            allowed = 1 + decisions[row.pk, "send_anyway"]
            assert acceptances[row.pk] <= allowed, f"{row} was accepted {acceptances[row.pk]} times"
            if row.gateway_id is not None:
                theirs = self.front.by_id[row.gateway_id]
                assert row.state in ACCEPTED
                assert theirs.message_id == row.pk
                assert theirs.key[1] == row.recipient
                assert theirs.key[2] == row.text or row.pk in self.edited
            if row.state in ACCEPTED and row.gateway_id is None and not decisions[row.pk, "mark_sent"]:
                assert acceptances[row.pk], f"{row} is believed sent, and Front does not have it"
            if row.state in NOT_SENT:
                assert not acceptances[row.pk], f"{row}, and yet Front has it"
            if row.state == State.DUPLICATE:
                assert row.duplicate_of_id is not None
                assert acceptances[row.duplicate_of_id] or decisions[row.duplicate_of_id, "mark_sent"]
            if row.state == State.UNCONFIRMED:
                assert row.pk in doubts or row.pk in self.edited, f"{row} without an unclear attempt"
                assert row.given_up or row.pk in listed
            if row.state == State.QUEUED:
                assert row.next_at is not None
            if row.state == State.SENDING:
                assert row.lease_until is not None
        self.checked = self._progress()

    def run_to_completion(self) -> None:
        """Without further faults, every message reaches a final state within a bounded time."""
        for request in self.requests:
            if request.is_at_front and self._since_written(request) <= T and not request.is_over:
                self._process(request, None)
        self._record(list(self.results))
        for _ in range(60):
            outbox.resume("default")
            outbox.sweep()
            for worker in range(len(self.workers)):
                for request in self._claim(worker, 64):
                    self._write(request)
                    if request.written_at is not None:
                        self._process(request, None)
                        assert request.answer
                        self._finish(request, request.answer)
            self._record(list(self.results))
            outbox.fold_statuses()
            self.check_guarantees()
            if not OutboundMessage.objects.filter(state__in=OPEN).exists():
                break
            self._advance(65.0 - self.clock.database_is_off)  # what was due before a step back is due again
        for state, attempts in OutboundMessage.objects.values_list("state", "attempts"):
            event(f"{state} after {min(attempts, 3)} attempts")
        left = list(OutboundMessage.objects.filter(state__in=OPEN))
        assert not left, f"still open: {left}"
        for acceptance in self.front.by_id.values():
            row = OutboundMessage.objects.get(pk=acceptance.message_id)
            assert row.state in ACCEPTED | {State.UNCONFIRMED}, f"{row}, and Front has it"

    # ---- Helpers

    def _progress(self) -> tuple[int, int]:
        """Statements to the database and acceptances by Front: without one, nothing that is checked has changed."""
        return self.statements, len(self.front.by_id)

    def _count_statement(self, execute: Any, *statement: Any) -> Any:
        self.statements += 1
        return execute(*statement)

    def _claim(self, worker: int, limit: int) -> list[Request]:
        claimed = claim(self.workers[worker], limit, get_settings()).jobs
        requests = [Request(job, claimed_at=self.clock.ran) for job in claimed]
        self.requests += requests
        return requests

    def _write(self, request: Request) -> None:
        if request.job.began.elapsed() >= request.job.send_by:
            self._finish(request, not_sent())
            return
        request.written_at = self.clock.ran
        for claimed_at, message_id in self.claims_by_key.setdefault(key_of(request.job), []):
            if message_id != request.job.message_id:
                assert abs(request.claimed_at - claimed_at) >= S + W, "two twins on the wire within S + W"
        self.claims_by_key[key_of(request.job)].append((request.claimed_at, request.job.message_id))

    def _process(self, request: Request, code: int | None) -> None:
        request.is_processed = True
        refusable = code is not None and (code != ErrorCode.DUPLICATE or not self._may_have_arrived(request))
        request.answer = refused(code) if refusable and code else self.front.process(request.job, self.clock.ran)

    def _may_have_arrived(self, request: Request) -> bool:
        """Whether another attempt of this message may have reached Front.

        Code 17 then means this message: another sender of the same text is simulated only before the first attempt.
        """
        return any(
            f is not request and f.job.message_id == request.job.message_id and f.written_at for f in self.requests
        )

    def _since_written(self, request: Request) -> float:
        assert request.written_at is not None
        return self.clock.ran - request.written_at

    def _finish(self, request: Request, outcome: ExchangeResult) -> None:
        request.is_over = True
        result = AttemptResult(request.job, outcome, request.job.began.elapsed())
        self.results.append(result)

    def _record(self, some: list[AttemptResult]) -> None:
        if some:
            settle(some, get_settings())
            self.results = [kept for kept in self.results if kept not in some]

    def _advance(self, seconds: float) -> None:
        """Front drops a request that it did not process within M after the worker gave up."""
        self.clock.advance(seconds)
        for request in self.requests:
            if request.is_at_front and self._since_written(request) > T + M:
                request.is_processed = True
