"""Many workers at once, in real threads on the real database: no row is claimed twice, and no answer is lost."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from django_front_sms import send_many_sms
from django_front_sms.conf import get_settings
from django_front_sms.exceptions import NotPossible
from django_front_sms.models import AccountState, DeliveryStatus, Event, OutboundMessage, SendAttempt
from django_front_sms.outbox import fold_statuses, statuses, sweep
from django_front_sms.outbox.claim import Job, claim
from django_front_sms.outbox.settle import AttemptResult, settle
from django_front_sms.outbox.slots import Lane, Slot
from tests.configuration import configure
from tests.factories import NUMBER, DeliveryStatusFactory
from tests.outbox.exchange_results import accepted, not_sent
from tests.parallel import run_parallel

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8
WIDE = Lane("wide", (1, 0), slots=THREADS, concurrency=64)  # so that all of them may claim at once


def messages(count: int, distinct: bool = True) -> None:
    send_many_sms({"to": NUMBER, "text": f"number {n}" if distinct else "the same"} for n in range(count))


def claim_all() -> list[Job]:
    mine, jobs = Slot(get_settings().account("default"), WIDE), []
    while claimed := claim(mine, 7, get_settings()).jobs:
        jobs += claimed
    return jobs


def test_no_message_is_claimed_twice():
    messages(200)
    jobs = [job for claimed in run_parallel(*[claim_all] * THREADS) for job in claimed]
    assert len(jobs) == 200
    assert len({job.message_id for job in jobs}) == 200
    assert SendAttempt.objects.count() == 200


def test_concurrent_workers_claim_only_one_of_two_twins():
    messages(30, distinct=False)
    jobs = [job for claimed in run_parallel(*[claim_all] * THREADS) for job in claimed]
    assert len(jobs) == 1


def test_eight_concurrent_first_claims_create_one_account_state():
    messages(8)
    run_parallel(*[claim_all] * THREADS)
    assert AccountState.objects.count() == 1


def test_concurrent_claims_answers_statuses_and_sweeps_do_not_fail(settings):
    """Deadlocks and busy databases are retried; a message sent twice would be visible in its attempts."""
    configure(settings, TIMEOUT=60)  # nobody's lease ends while the test runs
    messages(160)
    sent = Counter[int]()

    def work() -> None:
        mine = Slot(get_settings().account("default"), WIDE)
        while jobs := claim(mine, 5, get_settings()).jobs:
            sent.update(job.message_id for job in jobs)
            for job in jobs:
                now = timezone.now()
                DeliveryStatusFactory(message=None, gateway_id=job.message_id, received_at=now, process_at=now)
            settle([AttemptResult(job, accepted(job.message_id), 0.01) for job in reversed(jobs)], get_settings())

    def look() -> None:
        for _ in range(10):
            sweep()
            fold_statuses()

    run_parallel(*[work] * 5, *[look] * 2)
    DeliveryStatus.objects.filter(process_at__isnull=False).update(process_at="2000-01-01T00:00Z")
    fold_statuses()
    assert set(sent.values()) == {1}
    assert len(sent) == 160
    assert Counter(OutboundMessage.objects.values_list("state", flat=True)) == {"delivered": 160}
    recorded = Event.objects.filter(kind="state_changed", data__new="delivered")
    assert recorded.count() == 160


def test_statuses_applied_by_several_workers_create_one_event(monkeypatch):
    monkeypatch.setattr(statuses, "BATCH", 50)
    OutboundMessage.objects.bulk_create(
        OutboundMessage(account="default", recipient=NUMBER, state="sent", gateway_id=n) for n in range(1, 101)
    )
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    DeliveryStatus.objects.bulk_create(  # half of them nobody's, and given up; all twice
        DeliveryStatus(account="default", gateway_id=n, status=4, received_at=long_ago, process_at=long_ago)
        for n in [*range(1, 201), *range(200, 0, -1)]
    )
    assert sum(run_parallel(*[fold_statuses] * THREADS)) == 400
    assert Counter(OutboundMessage.objects.values_list("state", flat=True)) == {"delivered": 100}
    assert Event.objects.filter(kind="state_changed").count() == 100
    recorded = Event.objects.filter(kind="status_received").values_list("data", flat=True)
    assert Counter(data["status"] for data in recorded) == dict.fromkeys(
        DeliveryStatus.objects.filter(process_at=None).values_list("pk", flat=True), 1
    )


def test_an_answer_recorded_by_several_workers_is_stored_once():
    messages(1)
    (job,) = claim_all()
    answers = [accepted(1), accepted(2), not_sent(), accepted(3)] * 2
    run_parallel(*[lambda answer=answer: settle([AttemptResult(job, answer, 0)], get_settings()) for answer in answers])
    (attempt,) = SendAttempt.objects.all()
    row = OutboundMessage.objects.get()
    assert attempt.outcome != "pending"
    assert row.gateway_id == attempt.gateway_id
    assert Event.objects.filter(kind="state_changed").count() == 1


def test_answers_recorded_in_opposite_orders_do_not_deadlock():
    messages(60)
    jobs = claim_all()
    orders = [jobs, jobs[::-1]] * 4
    run_parallel(
        *[
            lambda order=order: settle(
                [AttemptResult(job, accepted(job.message_id), 0.01) for job in order], get_settings()
            )
            for order in orders
        ]
    )
    assert Counter(OutboundMessage.objects.values_list("state", flat=True)) == {"sent": 60}
    assert Event.objects.filter(kind="state_changed").count() == 60


def test_a_decision_and_a_worker_at_the_same_time_end_in_one_valid_state():
    messages(40)
    rows = list(OutboundMessage.objects.order_by("pk"))

    def cancel_all() -> int:
        count = 0
        for row in rows:
            try:
                row.cancel()
                count += 1
            except NotPossible:
                pass
        return count

    results = run_parallel(claim_all, claim_all, cancel_all)
    claimed = {job.message_id for jobs in results if isinstance(jobs, list) for job in jobs}
    cancelled = set(OutboundMessage.objects.filter(state="cancelled").values_list("pk", flat=True))
    assert claimed | cancelled == {row.pk for row in rows}
    assert not claimed & cancelled
