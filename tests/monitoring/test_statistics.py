"""Statistics of messages."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_front_sms.models import AccountState, CounterGap, OutboundMessage, RefusedPush
from django_front_sms.monitoring import alerts, statistics
from django_front_sms.monitoring.alerts import Alert
from django_front_sms.monitoring.statistics import DeliveryTimes, Tally
from django_front_sms.states import State
from tests.configuration import configure
from tests.factories import (
    AccountStateFactory,
    DeliveryStatusFactory,
    EventFactory,
    InboundMessageFactory,
    OutboundMessageFactory,
    at,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)  # 13:30 in Oslo
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()
    yield
    cache.clear()


def needed() -> dict[str, int]:
    return {name: alert.count for name, alert in alerts.current(NOW).items() if alert.count}


@pytest.fixture(autouse=True)
def _worker(db):
    """A worker was seen a moment ago."""
    AccountStateFactory(clock=NOW)


def gap(**fields) -> CounterGap:
    defaults = {"account": "default", "first": 7, "last": 9, "shown_at": NOW, "found_at": NOW, "announced_at": NOW}
    return CounterGap.objects.create(**{**defaults, **fields})


# ---- What needs attention


def test_a_site_where_all_is_well_needs_no_attention():
    OutboundMessageFactory(state=State.DELIVERED)
    OutboundMessageFactory(state=State.QUEUED, next_at=NOW + HOUR)
    InboundMessageFactory()
    EventFactory(subject="out:1")
    gap(closed_at=NOW)
    gap(closed_at=NOW, is_reset=True)
    OutboundMessageFactory(unconfirmed=True, given_up=True)

    assert needed() == {}
    assert set(alerts.current(NOW).values()) == {Alert(0)}


def test_each_thing_that_needs_attention_is_counted_by_its_name():
    OutboundMessageFactory(unconfirmed=True)
    gap()
    EventFactory(subject="out:1", failed=True)
    InboundMessageFactory(problem="no time", received_at=NOW)
    DeliveryStatusFactory(message=None, status=None, received_at=at(0), problem="no id", gateway_id=None)
    OutboundMessageFactory(state=State.SENT, gateway_id=5, status_missed_at=NOW)

    assert needed() == {
        "unconfirmed": 1,
        "counter_gaps": 1,
        "events_given_up": 1,
        "unreadable_inbound": 1,
        "unreadable_statuses": 1,
        "without_status": 1,
    }


def test_all_alerts_are_counted_in_two_queries(django_assert_num_queries):
    with django_assert_num_queries(2):
        alerts.current(NOW)


def test_alerts_are_counted_up_to_a_limit_by_a_query_that_stops_there():
    everything_that_needs_attention()
    for _ in range(3):
        everything_that_needs_attention(gaps=False)

    rows = list(AccountState.objects.with_overdue(NOW))
    with CaptureQueriesContext(connection) as queries:
        found = alerts.current_up_to(2, rows, NOW)

    assert {name: alert.count for name, alert in found.items() if alert.count} == {
        **dict.fromkeys(("overdue", "unconfirmed", "events_given_up", "unreadable_inbound"), 3),
        **dict.fromkeys(("unreadable_statuses", "without_status"), 3),
        "counter_gaps": 1,
    }
    assert found["overdue"].since == NOW - HOUR
    (counted,) = [query["sql"] for query in queries]
    assert counted.count("COUNT(") == counted.count("LIMIT 3") == 8


def test_counts_with_and_without_a_limit_agree():
    everything_that_needs_attention()
    AccountStateFactory(account="paused", key="p", paused=True)
    OutboundMessageFactory(account="paused", next_at=NOW - HOUR)
    OutboundMessageFactory(account="removed from the settings", next_at=NOW - HOUR)
    AccountStateFactory(account="removed from the settings", key="r")
    OutboundMessageFactory(next_at=NOW - 3 * HOUR, priority=1)

    rows = list(AccountState.objects.with_overdue(NOW))
    for accounts in (None, ["default"], ["paused"], ["removed from the settings"], []):
        assert alerts.current_up_to(100, rows, NOW, accounts=accounts) == alerts.current(NOW, accounts=accounts)


def everything_that_needs_attention(gaps: bool = True) -> None:
    """A row for each alert except refused pushes."""
    OutboundMessageFactory(next_at=NOW - HOUR)
    OutboundMessageFactory(unconfirmed=True)
    EventFactory(subject="out:1", failed=True)
    InboundMessageFactory(problem="no time", received_at=NOW)
    DeliveryStatusFactory(message=None, status=None, received_at=at(0), problem="no id", gateway_id=None)
    OutboundMessageFactory(state=State.SENT, gateway_id=5, status_missed_at=NOW)
    if gaps:
        gap()


def test_messages_that_wait_for_a_paused_account_are_counted_up_to_a_limit(monkeypatch):
    monkeypatch.setattr("django_front_sms.models.account.MOST_WAITING", 2)
    AccountState.objects.update(paused_at=NOW, pause_code=5)
    waiting = []
    for _ in range(4):
        with CaptureQueriesContext(connection) as queries:
            waiting += [state.waiting for state in alerts.paused_accounts()]
        OutboundMessageFactory()

    assert waiting == [0, 1, 2, 3]
    assert "LIMIT 1 OFFSET 2" in queries[0]["sql"]
    OutboundMessageFactory()
    assert [state.waiting for state in alerts.paused_accounts()] == [3]


def test_unreadable_rows_older_than_a_week_are_no_alerts():
    InboundMessageFactory(problem="no time", received_at=NOW - 8 * DAY)
    DeliveryStatusFactory(message=None, status=None, received_at=at(-8 * 86400), problem="no id", gateway_id=None)

    assert needed() == {}


def test_a_message_is_overdue_after_five_minutes_and_the_oldest_says_since_when():
    OutboundMessageFactory(next_at=NOW - timedelta(minutes=4))
    assert needed() == {}

    OutboundMessageFactory(next_at=NOW - 2 * HOUR)
    OutboundMessageFactory(next_at=NOW - HOUR)
    assert alerts.current(NOW)["overdue"] == Alert(2, NOW - 2 * HOUR)


def test_messages_of_a_paused_account_are_not_overdue():
    AccountState.objects.update(paused_at=NOW, pause_code=5)
    OutboundMessageFactory(next_at=NOW - HOUR)

    assert needed() == {"paused": 1}


def test_a_gap_counts_when_its_grace_period_is_over():
    gap(announced_at=None)
    assert needed() == {}

    CounterGap.objects.update(announced_at=NOW)
    assert needed() == {"counter_gaps": 1}


def test_a_too_large_push_is_an_alert_until_the_next_push():
    def refused(account="default", hours=0):
        RefusedPush.objects.create(account=account, purpose="inbound", limit=1, received_at=NOW + hours * HOUR)

    refused()
    assert needed() == {"pushes_too_large": 1}

    InboundMessageFactory(received_at=NOW - HOUR)
    InboundMessageFactory(received_at=NOW + HOUR, account="other", gateway_id=1)
    assert needed() == {"pushes_too_large": 1}

    InboundMessageFactory(received_at=NOW + HOUR, gateway_id=2)
    assert needed() == {}

    refused(hours=2)
    assert needed() == {"pushes_too_large": 1}


def test_a_worker_that_has_not_looked_at_the_clock_for_two_minutes_is_silent():
    assert alerts.worker([], NOW) == alerts.Worker(None, True)

    memory = AccountStateFactory(clock=NOW)
    assert not alerts.worker(alerts.account_states(), NOW + timedelta(seconds=119)).is_silent
    assert alerts.worker([memory], NOW + timedelta(seconds=121)) == alerts.Worker(memory.clock, True)


# ---- Traffic


def message_at(when: datetime, state: str = State.DELIVERED, **fields) -> OutboundMessage:
    return OutboundMessageFactory(state=state, created_at=when, **fields)


def test_messages_are_counted_by_the_hour_and_state_and_an_hour_without_any_is_there_too():
    message_at(NOW)
    message_at(NOW - timedelta(minutes=29), State.REJECTED)
    message_at(NOW - HOUR)
    message_at(NOW - 5 * HOUR)

    hours = statistics.traffic(2, NOW).by_hour(NOW - 3 * HOUR, 4)

    assert [moment.hour for moment in hours] == [9, 10, 11, 12]
    assert [tally.total for tally in hours.values()] == [0, 0, 1, 2]
    assert list(hours.values())[-1].messages == {State.DELIVERED: 1, State.REJECTED: 1}


def test_days_are_those_of_the_site_not_of_greenwich():
    message_at(datetime(2026, 3, 1, 23, 30, tzinfo=UTC))  # 0:30 on the second in Oslo
    message_at(datetime(2026, 3, 1, 22, 30, tzinfo=UTC))

    days = statistics.traffic(2, NOW).by_day(date(2026, 3, 1), 2)

    assert {day.day: tally.total for day, tally in days.items()} == {1: 1, 2: 1}


def test_the_day_on_which_the_clocks_change_has_all_its_messages():
    for hour in range(-1, 23):  # 28 March, 23:00 UTC is midnight in Oslo; the day has 23 hours
        message_at(datetime(2026, 3, 29, tzinfo=UTC) + hour * HOUR)

    days = statistics.traffic(2, datetime(2026, 3, 30, 12, tzinfo=UTC)).by_day(date(2026, 3, 29), 2)

    assert [tally.total for tally in days.values()] == [23, 1]


def test_days_before_the_first_are_not_counted():
    message_at(NOW - 3 * DAY)

    assert statistics.traffic(3, NOW).by_day(date(2026, 2, 20), 30).keys() == {
        date(2026, 2, 20) + n * DAY for n in range(30)
    }
    assert sum(tally.total for tally in statistics.traffic(3, NOW).by_day(date(2026, 2, 20), 30).values()) == 0
    assert sum(tally.total for tally in statistics.traffic(4, NOW).by_day(date(2026, 2, 20), 30).values()) == 1


def test_the_delivery_rate_is_of_messages_with_a_known_outcome():
    tally = Tally()
    assert tally.delivery_rate is None

    for state, count in ((State.DELIVERED, 3), (State.UNDELIVERED, 1), (State.SENT, 90), (State.REJECTED, 9)):
        tally.add(state, count, count)
    assert tally.delivery_rate == 0.75


def test_spend_is_of_the_segments_that_front_took(settings):
    message_at(NOW, State.DELIVERED, segments=3)
    message_at(NOW, State.SENT, segments=2)
    message_at(NOW, State.REJECTED, segments=50)
    message_at(NOW, State.QUEUED, segments=50)

    (tally,) = statistics.traffic(1, NOW).by_day(date(2026, 3, 2), 1).values()
    assert tally.spend() is None

    settings.FRONT_SMS = {**settings.FRONT_SMS, "PRICE_PER_SEGMENT": Decimal("0.49")}
    assert tally.spend() == Decimal("2.45")


def test_where_there_are_many_messages_only_the_latest_are_counted_each_time(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(statistics, "_WORTH_KEEPING", 2)
    now = NOW + timedelta(seconds=20)
    for ago in (10 * DAY, DAY):
        message_at(now - ago, segments=10_000)
    statistics.traffic(30, now)
    for number, ago in enumerate((10 * DAY, DAY, timedelta(minutes=9), timedelta(minutes=2), timedelta())):
        message_at(now - ago, segments=10**number)  # so that the sum shows which of them are counted

    def counted(minutes: int, seconds: int) -> int:
        with django_assert_num_queries(1):
            traffic = statistics.traffic(30, NOW + timedelta(minutes=minutes, seconds=seconds))
        return sum(day.segments for day in traffic.by_day(date(2026, 2, 1), 30).values())

    assert counted(0, 20) == counted(0, 29) == 30_000
    assert counted(0, 30) == counted(2, 59) == 31_000  # the last minutes anew
    assert counted(3, 0) == counted(9, 59) == 31_100
    assert counted(10, 0) == 31_110  # the last days anew
    cache.clear()
    assert counted(10, 0) == 31_111


def test_an_hour_that_is_partly_kept_is_one_hour(monkeypatch):
    monkeypatch.setattr(statistics, "_WORTH_KEEPING", 1)
    for minutes in (25, 15, 1):
        message_at(NOW - timedelta(minutes=minutes))
    for _ in range(2):
        (tally,) = statistics.traffic(1, NOW).by_hour(NOW, 1).values()
        assert tally.total == 3


def test_few_messages_are_counted_anew_each_time():
    for n in (1, 2):
        message_at(NOW - 10 * DAY)
        assert statistics.traffic(30, NOW).by_day(date(2026, 2, 20), 1)[date(2026, 2, 20)].total == n


def test_a_cache_that_is_down_costs_time_and_nothing_else(monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise ConnectionError("no server")

    monkeypatch.setattr(statistics, "_WORTH_KEEPING", 1)
    monkeypatch.setattr(type(cache._connections[cache._alias]), "get", fail)
    monkeypatch.setattr(type(cache._connections[cache._alias]), "set", fail)
    message_at(NOW - 10 * DAY)

    assert statistics.traffic(30, NOW).by_day(date(2026, 2, 20), 1)[date(2026, 2, 20)].total == 1
    assert "could not be read" in caplog.text and "could not be written" in caplog.text


@pytest.mark.sqlite
def test_messages_of_a_time_are_counted_by_an_index_alone():
    plan = statistics.created_since(NOW).order_by().values("state", "segments").explain()

    assert "COVERING INDEX front_sms_out_created" in plan


# ---- Refusals and times


def test_statistics_of_some_accounts_leave_out_the_others(settings):
    configure(settings, "other", SERVICE_ID=2)
    for account, count in (("default", 1), ("other", 3), ("no longer in the settings", 5)):
        for _ in range(count):
            message_at(
                NOW, account=account, segments=count, sent_at=NOW, delivered_at=NOW + count * timedelta(seconds=1)
            )
            message_at(NOW, State.REJECTED, account=account, error_code=count)

    def found(accounts):
        (tally,) = statistics.traffic(1, NOW, accounts).by_day(date(2026, 3, 2), 1).values()
        times = statistics.delivery_times(accounts=accounts).seconds
        return tally.total, tally.segments, statistics.refusals(NOW, accounts), len(times)

    assert found(["default"]) == (2, 1, [(1, 1)], 1)
    assert found(["other"]) == (6, 9, [(3, 3)], 3)
    assert found([]) == (0, 0, [], 0)
    assert found(None)[:3] == (8, 10, [(3, 3), (1, 1)])


def test_refusals_are_counted_by_code_the_most_frequent_first():
    for code, count in ((3, 1), (1, 2), (None, 1)):
        for _ in range(count):
            message_at(NOW, State.REJECTED, error_code=code)
    message_at(NOW, State.UNCONFIRMED, error_code=21)
    message_at(NOW - 8 * DAY, State.REJECTED, error_code=12)

    counted = statistics.refusals(NOW)

    assert counted[0] == (1, 2)
    assert set(counted) == {(1, 2), (3, 1), (None, 1)}


def test_only_the_latest_refusals_are_counted(monkeypatch):
    monkeypatch.setattr(statistics, "MOST_REFUSALS", 2)
    for code in (3, 1, 1):
        message_at(NOW, State.REJECTED, error_code=code)

    assert statistics.refusals(NOW) == [(1, 2)]


@pytest.mark.sqlite
def test_refusals_are_found_by_an_index_of_their_own():
    rejected = statistics.created_since(NOW).filter(state=State.REJECTED).order_by()

    assert "INDEX front_sms_out_refused" in rejected.values("error_code").explain()


def arrived(seconds: float, **fields) -> OutboundMessage:
    return OutboundMessageFactory(state=State.DELIVERED, sent_at=at(0), delivered_at=at(seconds), **fields)


def test_the_time_to_delivery_is_from_front_to_the_phone():
    for seconds in range(1, 101):
        arrived(seconds)
    OutboundMessageFactory(state=State.SENT, sent_at=at(0))
    OutboundMessageFactory(state=State.DELIVERED)  # marked by hand: nobody knows when it was sent

    times = statistics.delivery_times()

    assert (times.median, times.percentile_95) == (50.5, 95)
    assert (times.within(0, 10), times.within(10, float("inf"))) == (9, 91)


def test_only_the_latest_are_measured():
    arrived(1000)
    arrived(1)
    arrived(3)

    assert statistics.delivery_times(sample=2).seconds == [1, 3]


def test_a_status_that_overtook_our_own_clock_took_no_time():
    arrived(-2)

    assert statistics.delivery_times().seconds == [0]


def test_nothing_delivered_has_no_median():
    none = DeliveryTimes([])

    assert (none.median, none.percentile_95, none.within(0, 9)) == (None, None, 0)


def test_statistics_use_the_current_time_by_default():
    now = timezone.now()
    OutboundMessageFactory(next_at=now - HOUR, created_at=now)

    assert alerts.current()["overdue"].count == 1
    assert statistics.traffic(1).by_hour(now, 1).popitem()[1].total == 1
