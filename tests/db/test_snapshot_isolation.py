"""MariaDB with REPEATABLE READ and `innodb_snapshot_isolation`, which is on by default since 11.6: a transaction that
writes or locks what was changed since its first read is rolled back with error 1020. It is tried again."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from django_front_sms.models import DeliveryStatus, InboundMessage
from tests.inbox.test_inbound import TestTogether as Inbound
from tests.isolation import isolate
from tests.outbox import test_concurrency as outbox
from tests.webhooks.pushes import STATUS, by_get, by_post, sms

pytestmark = [pytest.mark.mysql, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("snapshots", "hints")]


@pytest.fixture
def snapshots() -> Iterator[None]:
    """All connections that are opened meanwhile have this isolation."""
    isolate("snapshot")  # or skip
    connection.close()
    settings = connection.settings_dict
    before = settings["OPTIONS"]
    variable = "SET SESSION innodb_snapshot_isolation = ON"
    settings["OPTIONS"] = {**before, "isolation_level": "repeatable read", "init_command": variable}
    try:
        yield
    finally:
        connection.close()
        settings["OPTIONS"] = before


SCENARIOS = [
    outbox.test_no_message_is_claimed_twice,
    outbox.test_concurrent_workers_claim_only_one_of_two_twins,
    outbox.test_eight_concurrent_first_claims_create_one_account_state,
    outbox.test_an_answer_recorded_by_several_workers_is_stored_once,
    outbox.test_answers_recorded_in_opposite_orders_do_not_deadlock,
    outbox.test_a_decision_and_a_worker_at_the_same_time_end_in_one_valid_state,
    Inbound().test_workers_at_once_announce_each_message_once,
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_concurrent_workers_do_not_fail(scenario: Callable[[], None]):
    scenario()


def test_concurrent_answers_statuses_and_sweeps_do_not_fail(settings):
    outbox.test_concurrent_claims_answers_statuses_and_sweeps_do_not_fail(settings)


def test_a_push_that_comes_eight_times_at_once_is_acknowledged_and_stored_once():
    answers = outbox.run_parallel(
        *[lambda: by_post(sms()).content] * 8, *[lambda: by_get(STATUS, "status").content] * 4
    )
    assert set(answers) == {b"true"}
    assert (InboundMessage.objects.count(), DeliveryStatus.objects.count()) == (1, 4)
