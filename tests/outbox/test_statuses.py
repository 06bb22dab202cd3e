"""Delivery statuses folded into their messages (§2.3): in any order, any number of times, early and late."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from django_front_sms.models import DeliveryStatus, Event, OutboundMessage
from django_front_sms.outbox import fold_statuses, statuses
from django_front_sms.states import State, by_statuses
from tests.clock import FakeClock
from tests.configuration import configure
from tests.factories import DeliveryStatusFactory, OutboundMessageFactory
from tests.outbox.exchange_results import ID, accepted
from tests.outbox.rows import message, reloaded
from tests.outbox.worker_steps import attempt, claim_one, record_answer, sent_without_id

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(clock: FakeClock) -> FakeClock:
    return clock


def push(clock: FakeClock, status: int | None, gateway_id: int | None = ID, account: str = "default"):
    now = clock.database()
    return DeliveryStatusFactory(
        message=None, account=account, gateway_id=gateway_id, status=status, received_at=now, process_at=now
    )


@pytest.fixture
def sent() -> OutboundMessage:
    message()
    return attempt(accepted())


@pytest.mark.parametrize(("status", "state"), [(-1, "at_operator"), (4, "delivered"), (5, "undelivered")])
def test_a_status_changes_the_state_of_its_message(clock: FakeClock, sent: OutboundMessage, status: int, state: str):
    push(clock, status)
    assert fold_statuses() == 1
    assert reloaded(sent).state == state
    assert reloaded(sent).delivered_at == (clock.database() if status == 4 else None)


@pytest.mark.parametrize("status", [0, 1, 7, 99, -2, None])
def test_an_unknown_status_changes_nothing_and_is_kept(clock, sent: OutboundMessage, status):
    pushed = push(clock, status)
    fold_statuses()
    pushed.refresh_from_db()
    assert reloaded(sent).state == "sent"
    assert (pushed.message, pushed.process_at) == (sent, None)


def test_a_late_at_operator_does_not_undo_delivered(clock: FakeClock, sent: OutboundMessage):
    for status in (4, -1):
        push(clock, status)
        fold_statuses()
    assert reloaded(sent).state == "delivered"


def test_delivered_takes_precedence_over_failed_in_any_order(clock: FakeClock, sent: OutboundMessage):
    for status in (5, 4, 5):
        push(clock, status)
        fold_statuses()
    assert reloaded(sent).state == "delivered"


@examples(deadline=None)
@given(pushes=st.lists(st.sampled_from([-1, 4, 5, 0, None]), min_size=1, max_size=8), cuts=st.sets(st.integers(0, 8)))
def test_only_the_set_of_statuses_matters(pushes: list[int | None], cuts: set[int]):
    """In any order, any number of times, folded together or one by one."""
    DeliveryStatus.objects.all().delete()
    OutboundMessage.objects.all().delete()
    row = OutboundMessageFactory(state="sent", gateway_id=ID)
    for place, status in enumerate(pushes):
        DeliveryStatusFactory(message=None, status=status, process_at="2000-01-01T00:00Z")
        if place in cuts:
            fold_statuses()
    fold_statuses()
    known = {status for status in pushes if status is not None}
    expected = next((state for status, state in RANKED if status in known), "sent")
    assert reloaded(row).state == expected


RANKED = [(4, "delivered"), (5, "undelivered"), (-1, "at_operator")]


@given(st.sampled_from(State.values), st.sets(st.sampled_from([-1, 4, 5, 7])), st.sets(st.sampled_from([-1, 4, 5, 7])))
def test_folding_one_by_one_equals_folding_together(state: str, first: set[int], second: set[int]):
    assert by_statuses(by_statuses(state, first), first | second) == by_statuses(state, first | second)


def test_a_status_that_arrives_before_the_id_is_committed_is_matched_later(clock: FakeClock):
    row = message()
    job = claim_one()
    push(clock, 4)
    fold_statuses()
    assert reloaded(row).state == "sending"
    record_answer(job, accepted())
    assert fold_statuses() == 1
    assert reloaded(row).state == "delivered"


def test_a_status_without_a_message_is_retried_with_increasing_delays_and_then_listed(clock: FakeClock):
    pushed = push(clock, 4, gateway_id=999)
    looks, pauses = 0, []
    while DeliveryStatus.objects.filter(process_at__isnull=False).exists():
        before = clock.ran
        clock.ran = (DeliveryStatus.objects.get().process_at - clock.start).total_seconds()
        pauses.append(clock.ran - before)
        looks += fold_statuses()
        assert looks < 50
    pushed.refresh_from_db()
    assert pauses == sorted(pauses)
    assert clock.ran >= 24 * 3600
    assert (pushed.message, pushed.problem) == (None, "No message with this id is known.")


def test_a_status_without_an_id_matches_no_message(clock: FakeClock):
    row = message()
    sent_without_id(clock)
    assert (reloaded(row).state, reloaded(row).gateway_id) == ("sent", None)
    push(clock, 4, gateway_id=None)
    fold_statuses()
    assert reloaded(row).state == "sent"


def test_the_same_id_at_another_account_is_another_message(settings, clock: FakeClock, sent: OutboundMessage):
    configure(settings, "second", SERVICE_ID=5678)
    push(clock, 4, account="second")
    fold_statuses()
    assert reloaded(sent).state == "sent"


def test_a_status_belongs_to_the_newer_of_two_messages_with_its_id(clock: FakeClock, sent: OutboundMessage):
    message("another")
    newer = attempt(accepted())
    push(clock, 4)
    fold_statuses()
    assert (reloaded(sent).state, reloaded(newer).state) == ("sent", "delivered")


def test_an_id_of_63_bits_is_found(clock: FakeClock):
    message()
    row = attempt(accepted(2**63 - 1))
    push(clock, 4, gateway_id=2**63 - 1)
    fold_statuses()
    assert reloaded(row).state == "delivered"


def test_a_change_creates_one_event_and_each_status_creates_one(clock: FakeClock, sent: OutboundMessage):
    for _ in range(3):
        push(clock, 4)
    fold_statuses()
    fold_statuses()
    assert Event.objects.filter(kind="state_changed", data__new="delivered").count() == 1
    assert Event.objects.filter(kind="status_received").count() == 3
    last = Event.objects.filter(subject=f"out:{sent.pk}").order_by("pk").values_list("kind", flat=True)
    assert list(last)[-4:] == ["state_changed", *["status_received"] * 3]


def test_an_unknown_status_lets_an_earlier_status_be_applied(clock, sent: OutboundMessage):
    OutboundMessage.objects.update(state="unconfirmed")
    push(clock, 4)
    fold_statuses()
    assert reloaded(sent).state == "unconfirmed"
    OutboundMessage.objects.update(state="sent")
    push(clock, 99)
    fold_statuses()
    assert reloaded(sent).state == "delivered"


@pytest.mark.parametrize("together", [True, False])
def test_contradicting_statuses_are_flagged_together_and_one_by_one(clock, sent, together: bool):
    first = push(clock, 5)
    if not together:
        fold_statuses()
    others = [push(clock, 4), push(clock, -1), push(clock, 99)]
    fold_statuses()
    problems = [DeliveryStatus.objects.get(pk=status.pk).problem for status in (first, *others)]
    torn = "Front reported both 4 and 5."
    assert problems == [torn if together else "", torn, "", ""]


def test_an_earlier_problem_is_kept(clock: FakeClock, sent: OutboundMessage):
    quoted = "det st\u00e5r: 'origid=\\\"x\"; {1,null}', % og %s"
    kept = [push(clock, 4), push(clock, 5), push(clock, 4, gateway_id=999)]
    DeliveryStatus.objects.update(problem=quoted)
    DeliveryStatus.objects.filter(gateway_id=999).update(received_at=clock.database() - timedelta(days=1))
    push(clock, -1)
    fold_statuses()
    assert [DeliveryStatus.objects.get(pk=status.pk).problem for status in kept] == [quoted] * 3
    assert not DeliveryStatus.objects.exclude(process_at=None).exists()


def test_one_batch_distinguishes_matched_pending_and_given_up_statuses(clock: FakeClock, sent: OutboundMessage):
    matched, awaited, given_up = push(clock, 4), push(clock, 4, gateway_id=998), push(clock, 4, gateway_id=999)
    DeliveryStatus.objects.filter(pk=awaited.pk).update(received_at=clock.database() - timedelta(hours=1))
    DeliveryStatus.objects.filter(pk=given_up.pk).update(received_at=clock.database() - timedelta(days=1))
    assert fold_statuses() == 3
    rows = [DeliveryStatus.objects.get(pk=status.pk) for status in (matched, awaited, given_up)]
    assert [row.message for row in rows] == [sent, None, None]
    assert [row.process_at for row in rows] == [None, clock.database() + timedelta(hours=1), None]
    quoted = Event.objects.filter(kind="status_received").order_by("pk")
    assert list(quoted.values_list("subject", "data")) == [
        (f"out:{sent.pk}", {"status": matched.pk}),
        (f"status:{given_up.pk}", {"status": given_up.pk}),
    ]


def test_many_statuses_take_few_statements(clock, sent, django_assert_max_num_queries):
    """Databases other than PostgreSQL need a statement for each row; all of them need few reads."""
    for gateway_id in range(ID - 200, ID + 1):
        push(clock, 4, gateway_id=gateway_id)
    with django_assert_max_num_queries(20):
        assert fold_statuses() == 201


def test_many_statuses_are_folded_in_batches(clock: FakeClock, sent: OutboundMessage, monkeypatch):
    monkeypatch.setattr(statuses, "BATCH", 500)
    now = clock.database()
    DeliveryStatus.objects.bulk_create(
        DeliveryStatus(
            account="default", gateway_id=gid, status=-1, received_at=now, process_at=now - timedelta(seconds=1)
        )
        for gid in range(ID - 700, ID + 700)
    )
    assert fold_statuses() == 1400
    assert reloaded(sent).state == "at_operator"
