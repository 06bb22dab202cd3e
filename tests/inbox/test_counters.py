"""Gaps in Front's counter: found in any order, announced once after a grace period, closed by late messages."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_front_sms import inbox
from django_front_sms.events import records
from django_front_sms.gateway.push import decode_inbound_json, decode_inbound_query
from django_front_sms.inbox import counters
from django_front_sms.models import CounterGap, Event, InboundCounter, InboundMessage
from tests.webhooks.pushes import sms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def bring(counter: int, second: float | None = None, account: str = "default", **fields) -> None:
    """Store and process the message with this number, sent in this second (by default its number)."""
    sent = START + timedelta(seconds=counter if second is None else second)
    body = sms(id=InboundMessage.objects.count(), counter=counter, sent=sent.isoformat(), **fields)
    inbox.store_inbound(account, decode_inbound_json(body), body)
    inbox.process()


def unfilled_gaps(**fields) -> list[list[int]]:
    """The missing numbers of each unfilled gap."""
    gaps = CounterGap.objects.unfilled().filter(**fields).order_by("first")
    return [gap.missing for gap in gaps]


def announced() -> list[list[int]]:
    return [event.data["missing"] for event in Event.objects.filter(kind=Event.Kind.COUNTER_GAP).order_by("pk")]


def let_the_grace_pass() -> None:
    # A second more: SQLite cuts its clock to milliseconds.
    CounterGap.objects.update(found_at=timezone.now() - counters.GRACE - timedelta(seconds=1))
    inbox.process()


class TestFinding:
    def test_consecutive_numbers_have_no_gap(self):
        for number in (7166, 7167, 7168):
            bring(number)
        assert unfilled_gaps() == []

    def test_the_first_message_has_no_gap_before_it(self):
        bring(7166)
        assert unfilled_gaps() == []

    def test_a_skipped_number_is_a_gap(self):
        bring(1), bring(2), bring(5)
        assert unfilled_gaps() == [[3, 4]]

    def test_both_apis_share_one_counter(self):
        bring(1)
        query = b"fromid=123450000&phonenr=004799999999&txt=x&time=1772452802&countnr=2&code=X"
        inbox.store_inbound("default", decode_inbound_query(query), query)
        inbox.process()
        bring(3)
        assert unfilled_gaps() == []
        bring(5)
        assert unfilled_gaps() == [[4]]

    def test_each_account_has_its_own_counter(self):
        bring(1), bring(50, account="other"), bring(2), bring(52, account="other")
        assert unfilled_gaps(account="default") == []
        assert unfilled_gaps(account="other") == [[51]]

    def test_a_message_without_a_counter_is_not_counted(self):
        bring(1)
        body = sms(id=500, counter="x")
        inbox.store_inbound("default", decode_inbound_json(body), body)
        inbox.process()
        bring(2)
        assert unfilled_gaps() == []
        assert InboundCounter.objects.get().highest == 2

    def test_a_redelivery_and_a_repeated_number_change_nothing(self):
        bring(1), bring(2), bring(2, 2, text="another"), bring(1, 1), bring(3)
        assert unfilled_gaps() == []

    def test_a_late_message_closes_its_gap(self):
        bring(1), bring(3)
        bring(2)
        assert unfilled_gaps() == []
        gap = CounterGap.objects.get()
        assert (gap.first, gap.last, gap.came) == (2, 2, [2]) and gap.closed_at is not None

    def test_a_late_message_leaves_the_rest_of_its_gap_open(self):
        bring(1), bring(6), bring(4)
        assert unfilled_gaps() == [[2, 3, 5]]
        bring(5), bring(2), bring(3)
        assert unfilled_gaps() == []

    def test_a_thousand_missing_numbers_are_a_gap_and_more_are_a_reset_counter(self):
        bring(1), bring(1002)
        assert len(unfilled_gaps()[0]) == 1000
        bring(2004)
        assert [gap.is_reset for gap in CounterGap.objects.order_by("pk")] == [False, True]

    def test_every_value_of_the_counter_can_be_processed(self):
        for number in (2**63 - 1, -(2**63), 0, 2**63 - 1):
            bring(number, 5)
        assert InboundMessage.objects.filter(announced=True).count() == 4


class TestCountingAnew:
    def test_a_lower_number_with_a_newer_time_is_a_reset_counter_and_logged(self, caplog):
        bring(7166, 0), bring(1, 10)
        assert unfilled_gaps() == []
        gap = CounterGap.objects.get()
        assert (gap.is_reset, gap.missing) == (True, []) and gap.closed_at is not None
        assert "from 7166 to 1" in caplog.text
        bring(2, 11), bring(4, 13)
        assert unfilled_gaps() == [[3]]

    def test_a_lower_number_with_an_older_time_is_late(self):
        bring(7166, 100), bring(7160, 94)
        assert not CounterGap.objects.filter(is_reset=True).exists()
        assert InboundCounter.objects.get().highest == 7166

    def test_a_number_in_a_gap_is_late_even_if_its_time_is_a_second_newer(self):
        bring(1, 1), bring(3, 3), bring(2, 4), bring(4, 4)
        assert unfilled_gaps() == [] and not CounterGap.objects.filter(is_reset=True).exists()

    def test_a_message_from_before_the_reset_is_no_gap(self):
        bring(7165, 0), bring(1, 10), bring(7166, 5), bring(2, 11)
        assert unfilled_gaps() == []
        assert InboundCounter.objects.get().highest == 2
        bring(900, 3)
        assert unfilled_gaps() == []

    def test_a_reset_counter_does_not_close_an_old_gap(self):
        bring(1, 1), bring(5, 5)
        day = 24 * 3600
        bring(1, day), bring(2, day + 1), bring(3, day + 2)
        assert unfilled_gaps() == [[2, 3, 4]]

    def test_no_event_is_created(self):
        bring(7166, 0), bring(1, 10), bring(5000, 20)
        let_the_grace_pass()
        assert announced() == []


class TestTelling:
    def test_a_counter_gap_is_announced_once_after_the_grace_period(self):
        bring(1), bring(4)
        assert announced() == []
        let_the_grace_pass()
        inbox.process()
        let_the_grace_pass()
        assert announced() == [[2, 3]]
        event = Event.objects.get(kind=Event.Kind.COUNTER_GAP)
        assert (event.subject, event.data["account"]) == ("account:default", "default")
        assert CounterGap.objects.get().announced_at is not None

    def test_a_gap_closed_within_the_grace_period_is_not_announced(self):
        bring(1), bring(3), bring(2), bring(7), bring(5)
        let_the_grace_pass()
        assert announced() == [[4, 6]]

    def test_an_announced_gap_is_closed_without_an_event(self):
        bring(1), bring(4)
        let_the_grace_pass()
        bring(2), bring(3)
        let_the_grace_pass()
        assert announced() == [[2, 3]] and unfilled_gaps() == []

    def test_each_gap_is_announced_separately(self):
        bring(1), bring(3)
        let_the_grace_pass()
        bring(5)
        let_the_grace_pass()
        assert announced() == [[2], [4]]

    def test_the_mark_and_the_event_are_written_together(self, monkeypatch):
        bring(1), bring(3)
        monkeypatch.setattr(records, "counter_gap", lambda account, missing: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            let_the_grace_pass()
        assert CounterGap.objects.get().announced_at is None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(1, 13)), st.sets(st.integers(2, 11)), st.integers(1, 5))
def test_the_gaps_do_not_depend_on_the_order_of_processing(order, lost, batch):
    CounterGap.objects.all().delete()
    InboundCounter.objects.all().delete()
    came = [number for number in order if number not in lost]
    messages = [
        InboundMessage(account="default", counter=n, sent_at=START + timedelta(seconds=n), received_at=START)
        for n in came
    ]
    for message in messages:
        message.received_at = START + timedelta(minutes=5)
    for first in range(0, len(messages), batch):
        counters.count(messages[first : first + batch], timezone.now())
    assert sorted(number for gap in unfilled_gaps() for number in gap) == sorted(lost)
