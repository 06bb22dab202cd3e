"""Histories nobody would think of: claims, crashes, answers early, late and never, statuses, people, and the clock.

A machine plays them against a pretend Front, in simulated time, and checks after each step what has to hold always:

- Front accepts a message at most once (once more for each time that a person has it sent again);
- an id that we hold is Front's id for that message, with that payload;
- what ended rejected, cancelled, expired or duplicate was never accepted, nor is it later;
- what Front has is never called unsent; `sent` without an id is Front's, or a person's word;
- what is unconfirmed has an unclear attempt, and is listed;
- what is open has a due time; when the faults stop, all comes to an end;
- no byte leaves after `send_by`, and no twin within S + W of the other's claim.

`FRONT_SMS_HISTORIES` sets how many histories are played (thousands, in the longer runs).
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.test import override_settings
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from django_front_sms import outbox
from django_front_sms.conf import get_settings
from django_front_sms.db import clock as clocks
from django_front_sms.exceptions import NotPossible
from django_front_sms.gateway.client import ExchangeResult
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.models import AccountState, Decision, DeliveryStatus, OutboundMessage, SendAttempt
from django_front_sms.outbox.claim import Job, claim
from django_front_sms.outbox.settle import AttemptResult, settle
from django_front_sms.states import ACCEPTED, NOT_SENT, OPEN, State
from tests.outbox.helpers import FakeClock, accepted, message, not_sent, refused, slot, unclear

HISTORIES = int(os.environ.get("FRONT_SMS_HISTORIES") or 0)  # 0: a few hundred; fewer on a server, which is slower
T, W, M = 10.0, 120.0, 15.0
S = T / 2 + T + M
NUMBERS = ["+4799999999", "+4799999998"]
TEXTS = ["Test æøå", "Koden er 1234"]
PAUSES = [0.1, 1.0, 4.9, 5.0, 9.9, 10.0, 15.0, 29.9, 30.0, 60.0, 94.9, 95.0, 119.9, 120.0, 150.0, 600.0]
STEPS_BACK = [2.0, 20.0, 100.0, 900.0]
SECOND = timedelta(seconds=1)
Key = tuple[str, str, str]


def key_of(job: Job) -> Key:
    return job.sms.sender, job.sms.recipient, job.sms.text


@dataclass
class Acceptance:
    at: float
    message_id: int
    key: Key


@dataclass
class Front:
    """A duplicate filter of 120 s (§2.2, code 17), and ids."""

    filters: bool
    by_id: dict[int, Acceptance] = field(default_factory=dict)

    def process(self, job: Job, at: float) -> ExchangeResult:
        key = key_of(job)
        if self.filters and any(a.key == key and at - a.at < W for a in self.by_id.values()):
            return refused(ErrorCode.DUPLICATE)
        gateway_id = 145_000 + len(self.by_id)
        self.by_id[gateway_id] = Acceptance(at, job.message_id, key)
        return accepted(gateway_id)


@dataclass
class Flight:
    """A job in a worker's hands. `wrote_at`: when its bytes left; `said`: what Front answered, heard or not."""

    job: Job
    claimed_at: float
    wrote_at: float | None = None
    said: ExchangeResult | None = None
    is_processed: bool = False
    is_over: bool = False  # the worker has its result, or is dead

    @property
    def is_at_front(self) -> bool:
        return self.wrote_at is not None and not self.is_processed


class Histories(RuleBasedStateMachine):
    clock_may_step = False
    duplicate_filter: bool | None = True
    on_unconfirmed = "hold"
    may_be_edited = False

    # ---- The stage

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.real_clocks, clocks.source = clocks.source, self.clock  # type: ignore[assignment]
        self.process_clock = patch("django.utils.timezone.now", self.clock.process)
        self.process_clock.start()
        self.atomic = transaction.atomic()
        self.atomic._from_testcase = True  # type: ignore[attr-defined]  # so that durable blocks work in it
        self.atomic.__enter__()
        self.front = Front(filters=True)
        self.flights: list[Flight] = []
        self.results: list[AttemptResult] = []  # heard, and not yet recorded
        self.on_the_wire: dict[Key, list[tuple[float, int]]] = {}  # when they were claimed, and which message it was
        self.edited: set[int] = set()
        self.rows: list[OutboundMessage] = []  # as they stood after the last step
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
                self.faults_stop()
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)
            clocks.source = self.real_clocks
            self.process_clock.stop()
            if hasattr(self, "override"):
                self.override.disable()

    @property
    def unwritten(self) -> list[Flight]:
        return [f for f in self.flights if f.wrote_at is None and not f.is_over]

    @property
    def written(self) -> list[Flight]:
        return [f for f in self.flights if f.wrote_at is not None and not f.is_over]

    @property
    def at_front(self) -> list[Flight]:
        return [f for f in self.flights if f.is_at_front]

    @property
    def answered(self) -> list[Flight]:
        return [f for f in self.written if f.said and self._since_written(f) <= T]

    def in_state(self, *states: State) -> list[OutboundMessage]:
        return [row for row in self.rows if row.state in states]

    # ---- What happens

    @rule(
        number=st.sampled_from(NUMBERS),
        text=st.sampled_from(TEXTS),
        urgent=st.booleans(),
        policy=st.sampled_from([None, None, "defer", "coalesce", "reject"]),
        expires=st.sampled_from([None, None, None, 3, 40, 200]),
        scheduled=st.sampled_from([None, None, None, 20, 130]),
        price=st.sampled_from([None, None, None, 500]),
    )
    def somebody_sends(
        self,
        number: str,
        text: str,
        urgent: bool,
        policy: str | None,
        expires: int | None,
        scheduled: int | None,
        price: int | None,
    ) -> None:
        now = self.clock.process()  # by which callers reckon, and by which `check_expiry` judges
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
    def a_worker_claims(self, worker: int, limit: int) -> None:
        self._claim(worker, limit)

    @rule(data=st.data(), pause=st.sampled_from([0.0, 0.0, 1.0, 4.9, 5.0]))
    def a_worker_sends_what_is_due(self, data: st.DataObject, pause: float) -> None:
        """The usual course: claimed, written, and taken by Front; what the worker hears of it differs."""
        flights = self._claim(0, 64)
        self._advance(pause)
        for flight in flights:
            self._write(flight)
            fate = data.draw(st.sampled_from(["heard", "heard", "lost", "dead", "never arrives"]))
            if fate != "never arrives" and flight.wrote_at is not None:
                self._process(flight, None)
            if fate in ("lost", "never arrives") and not flight.is_over:
                self._hear(flight, unclear())
            elif fate == "heard" and flight.said:
                self._hear(flight, flight.said)
            flight.is_processed = flight.is_over = True
        self._record(list(self.results))

    @precondition(lambda self: self.unwritten)
    @rule(data=st.data())
    def bytes_are_written(self, data: st.DataObject) -> None:
        self._write(data.draw(st.sampled_from(self.unwritten)))

    @precondition(lambda self: self.at_front)
    @rule(data=st.data(), code=st.sampled_from([None, None, None, 1, 3, 5, 13, 17, 21, 99]))
    def front_processes(self, data: st.DataObject, code: int | None) -> None:
        self._process(data.draw(st.sampled_from(self.at_front)), code)

    @precondition(lambda self: self.answered)
    @rule(data=st.data())
    def the_answer_is_heard(self, data: st.DataObject) -> None:
        flight = data.draw(st.sampled_from(self.answered))
        assert flight.said
        self._hear(flight, flight.said)

    @precondition(lambda self: self.written)
    @rule(data=st.data())
    def the_answer_is_lost(self, data: st.DataObject) -> None:
        self._hear(data.draw(st.sampled_from(self.written)), unclear())

    @precondition(lambda self: self.unwritten)
    @rule(data=st.data())
    def no_connection_is_had(self, data: st.DataObject) -> None:
        self._hear(data.draw(st.sampled_from(self.unwritten)), not_sent())

    @precondition(lambda self: self.unwritten or self.written)
    @rule(data=st.data())
    def a_worker_dies(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.unwritten + self.written)).is_over = True

    @precondition(lambda self: self.results)
    @rule(data=st.data())
    def one_result_is_recorded(self, data: st.DataObject) -> None:
        self._record([data.draw(st.sampled_from(self.results))])

    @precondition(lambda self: self.results)
    @rule()
    def all_results_are_recorded(self) -> None:
        self._record(list(self.results))

    @precondition(lambda self: self.results)
    @rule()
    def a_result_is_recorded_that_will_be_recorded_again(self) -> None:
        settle([self.results[0]], get_settings())

    @precondition(lambda self: self.front.by_id)
    @rule(data=st.data(), status=st.sampled_from([-1, 4, 5, 7, None]))
    def front_pushes_a_status(self, data: st.DataObject, status: int | None) -> None:
        gateway_id = data.draw(st.sampled_from(sorted(self.front.by_id)))
        now = self.clock.database()
        DeliveryStatus.objects.create(
            account="default", gateway_id=gateway_id, status=status, received_at=now, process_at=now
        )

    @rule()
    def statuses_are_folded(self) -> None:
        outbox.fold_statuses()

    @rule()
    def the_sweep_comes(self) -> None:
        outbox.sweep()

    @precondition(lambda self: self.in_state(State.QUEUED))
    @rule(data=st.data())
    def a_person_cancels(self, data: st.DataObject) -> None:
        outbox.cancel(data.draw(st.sampled_from(self.in_state(State.QUEUED))))

    @precondition(lambda self: self.in_state(State.UNCONFIRMED))
    @rule(data=st.data(), decide=st.sampled_from([outbox.mark_sent, outbox.send_anyway, outbox.give_up]))
    def a_person_decides(self, data: st.DataObject, decide: Any) -> None:
        decide(data.draw(st.sampled_from(self.in_state(State.UNCONFIRMED))))

    @precondition(lambda self: self.in_state(*NOT_SENT, *ACCEPTED, State.SENDING))
    @rule(
        data=st.data(),
        decide=st.sampled_from([outbox.cancel, outbox.mark_sent, outbox.send_anyway, outbox.give_up]),
    )
    def a_person_decides_too_late(self, data: st.DataObject, decide: Any) -> None:
        with pytest.raises(NotPossible):
            decide(data.draw(st.sampled_from(self.in_state(*NOT_SENT, *ACCEPTED, State.SENDING))))

    @precondition(lambda self: self.is_paused)
    @rule()
    def a_person_resumes(self) -> None:
        outbox.resume("default")

    @precondition(lambda self: self.may_be_edited and self.in_state(State.QUEUED))
    @rule(data=st.data())
    def somebody_edits_the_text(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.in_state(State.QUEUED)))
        OutboundMessage.objects.filter(pk=row.pk).update(text=row.text + "!")
        self.edited.add(row.pk)

    @rule(seconds=st.sampled_from(PAUSES))
    def time_goes_by(self, seconds: float) -> None:
        self._advance(seconds)

    @precondition(lambda self: self.clock_may_step)
    @rule(seconds=st.sampled_from(STEPS_BACK))
    def the_databases_clock_steps_back(self, seconds: float) -> None:
        """As sites run it: the sweep looks at the clock every few seconds."""
        outbox.sweep()
        self.clock.database_is_off -= seconds
        outbox.sweep()

    # ---- What has to hold

    @invariant()
    def the_promise_holds(self) -> None:
        if not hasattr(self, "override"):
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

    def faults_stop(self) -> None:
        """From here on Front answers at once and nothing is lost: within a bound, nothing is open any more."""
        for flight in self.flights:
            if flight.is_at_front and self._since_written(flight) <= T and not flight.is_over:
                self._process(flight, None)
        self._record(list(self.results))
        for _ in range(60):
            outbox.resume("default")
            outbox.sweep()
            for worker in range(len(self.workers)):
                for flight in self._claim(worker, 64):
                    self._write(flight)
                    if flight.wrote_at is not None:
                        self._process(flight, None)
                        assert flight.said
                        self._hear(flight, flight.said)
            self._record(list(self.results))
            outbox.fold_statuses()
            self.the_promise_holds()
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

    # ---- How it is done

    def _claim(self, worker: int, limit: int) -> list[Flight]:
        claimed = claim(self.workers[worker], limit, get_settings()).jobs
        flights = [Flight(job, claimed_at=self.clock.ran) for job in claimed]
        self.flights += flights
        return flights

    def _write(self, flight: Flight) -> None:
        if flight.job.began.elapsed() >= flight.job.send_by:
            self._hear(flight, not_sent())
            return
        flight.wrote_at = self.clock.ran
        for claimed_at, message_id in self.on_the_wire.setdefault(key_of(flight.job), []):
            if message_id != flight.job.message_id:
                assert abs(flight.claimed_at - claimed_at) >= S + W, "two twins on the wire within S + W"
        self.on_the_wire[key_of(flight.job)].append((flight.claimed_at, flight.job.message_id))

    def _process(self, flight: Flight, code: int | None) -> None:
        flight.is_processed = True
        refusable = code is not None and (code != ErrorCode.DUPLICATE or not self._has_been_out(flight))
        flight.said = refused(code) if refusable and code else self.front.process(flight.job, self.clock.ran)

    def _has_been_out(self, flight: Flight) -> bool:
        """Whether another attempt of it may be at Front. (That nobody else sends the same text is an assumption; only
        for a message that has not been out can a code 17 come from elsewhere.)"""
        return any(f is not flight and f.job.message_id == flight.job.message_id and f.wrote_at for f in self.flights)

    def _since_written(self, flight: Flight) -> float:
        assert flight.wrote_at is not None
        return self.clock.ran - flight.wrote_at

    def _hear(self, flight: Flight, outcome: ExchangeResult) -> None:
        flight.is_over = True
        result = AttemptResult(flight.job, outcome, flight.job.began.elapsed())
        self.results.append(result)

    def _record(self, some: list[AttemptResult]) -> None:
        if some:
            settle(some, get_settings())
            self.results = [kept for kept in self.results if kept not in some]

    def _advance(self, seconds: float) -> None:
        """Front processes what it will process at all until M after we gave up; after that it has dropped it."""
        self.clock.advance(seconds)
        for flight in self.flights:
            if flight.is_at_front and self._since_written(flight) > T + M:
                flight.is_processed = True


class WithoutFilter(Histories):
    duplicate_filter = None


class Resending(Histories):
    duplicate_filter = None
    on_unconfirmed = "resend"


class WithEdits(Histories):
    may_be_edited = True


class WithSteps(Histories):
    clock_may_step = True


@pytest.mark.django_db
@pytest.mark.timeout(0 if HISTORIES else 1200)
@pytest.mark.parametrize("machine", [Histories, WithoutFilter, Resending, WithEdits, WithSteps])
def test_whatever_happens_the_promise_holds(machine: type[Histories]) -> None:
    assert AccountState.objects.count() == 0
    histories = HISTORIES or (200 if connection.vendor == "sqlite" else 40)
    profile = settings(
        max_examples=max(1, histories // 5),
        stateful_step_count=40,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if histories < 1000 else [Phase.generate],  # shrinking takes hours
    )
    run_state_machine_as_test(machine, settings=profile)
