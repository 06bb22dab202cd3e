"""Quiet hours: normal messages wait until their end, by the clock on the wall."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from hypothesis import given
from hypothesis import strategies as st

from django_front_sms import send_bulk_sms
from django_front_sms.models import Event, OutboundMessage
from django_front_sms.quiet_hours import QuietHours, ends_at
from tests.clock import FakeClock
from tests.configuration import configure
from tests.factories import InboundMessageFactory
from tests.outbox.exchange_results import unclear
from tests.outbox.rows import message, reloaded
from tests.outbox.worker_steps import attempt, claim_due

OSLO = ZoneInfo("Europe/Oslo")
NIGHT = QuietHours.parse(("21:00", "08:00"))


def oslo(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=OSLO, fold=fold)


# ---- When they end


@pytest.mark.parametrize(
    ("at", "end"),
    [
        (oslo(2026, 11, 29, 20, 59), None),
        (oslo(2026, 11, 29, 21, 0), oslo(2026, 11, 30, 8)),
        (oslo(2026, 11, 30, 0, 0), oslo(2026, 11, 30, 8)),
        (oslo(2026, 11, 30, 7, 59), oslo(2026, 11, 30, 8)),
        (oslo(2026, 11, 30, 8, 0), None),
        (oslo(2026, 3, 28, 22, 0), oslo(2026, 3, 29, 8)),  # the clock goes forward: ten hours
        (oslo(2026, 10, 24, 22, 0), oslo(2026, 10, 25, 8)),  # and back: twelve
    ],
)
def test_a_night_ends_at_its_end_by_the_clock_on_the_wall(at: datetime, end: datetime | None):
    assert NIGHT.end_after(at, OSLO) == end
    assert NIGHT.end_after(at.astimezone(UTC), OSLO) == end


def test_a_night_is_an_hour_shorter_in_spring_and_longer_in_autumn():
    for day, hours in ((oslo(2026, 3, 28, 21), 10), (oslo(2026, 10, 24, 21), 12), (oslo(2026, 6, 1, 21), 11)):
        end = NIGHT.end_after(day, OSLO)
        assert end is not None and end - day.astimezone(UTC) == timedelta(hours=hours)


def test_hours_of_one_day_do_not_reach_into_the_next():
    lunch = QuietHours.parse(("11:30", "12:30"))
    assert lunch.end_after(oslo(2026, 5, 4, 12, 0), OSLO) == oslo(2026, 5, 4, 12, 30)
    assert lunch.end_after(oslo(2026, 5, 4, 23, 0), OSLO) is None


def test_an_end_in_the_hour_that_autumn_repeats_is_the_second_one():
    until = QuietHours.parse(("21:00", "02:30"))
    assert until.end_after(oslo(2026, 10, 25, 2, 40), OSLO) == oslo(2026, 10, 25, 2, 30, fold=1).astimezone(UTC)


def test_an_end_in_the_hour_that_spring_skips_is_not_before_it():
    until = QuietHours.parse(("21:00", "02:30"))
    end = until.end_after(oslo(2026, 3, 29, 1, 59), OSLO)
    assert end is not None and end >= oslo(2026, 3, 29, 3, 0)
    assert until.end_after(end, OSLO) is None


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["Europe/Oslo", "UTC", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]),
    st.integers(0, 1439),
    st.integers(0, 1439),
)
def test_the_end_is_later_and_outside_of_them(at: datetime, zone: str, start: int, end: int):
    if start == end:
        return
    hours = QuietHours.parse([f"{minute // 60:02}:{minute % 60:02}" for minute in (start, end)])
    found = hours.end_after(at, ZoneInfo(zone))
    if found is not None:
        assert at < found <= at + timedelta(hours=50)


@pytest.mark.parametrize(
    "written", [("21:00",), ("21:00", "21:00"), ("21", "8"), ("24:00", "08:00"), ("21:00", "08:00", "09:00"), (21, 8)]
)
def test_a_value_that_is_no_pair_of_times_is_refused(written: tuple):
    with pytest.raises(ValueError, match="21:00"):
        QuietHours.parse(written)


def test_without_quiet_hours_nothing_waits():
    assert ends_at(None, datetime.now(UTC)) is None


# ---- What waits for it


@pytest.fixture
def night(settings, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """It is 22:00 in Oslo, and quiet hours last until 08:00. Returns that time."""
    settings.TIME_ZONE = "Europe/Oslo"
    configure(settings, QUIET_HOURS=["21:00", "08:00"])
    clock.start = oslo(2026, 11, 29, 22).astimezone(UTC)
    monkeypatch.setattr("django.utils.timezone.now", clock.process)
    return oslo(2026, 11, 30, 8)


@pytest.mark.django_db
def test_a_normal_message_waits_for_the_end_and_says_so(night: datetime, clock: FakeClock):
    row = message()
    assert claim_due() == []
    assert (reloaded(row).state, reloaded(row).waits_for, reloaded(row).next_at) == ("queued", "quiet", night)
    assert not Event.objects.exists()
    clock.advance(10 * 3600)
    assert [job.message_id for job in claim_due()] == [row.pk]
    assert reloaded(row).waits_for == ""


@pytest.mark.django_db
def test_an_urgent_message_is_sent_at_night(night: datetime):
    row = message(priority="urgent")
    assert [job.message_id for job in claim_due()] == [row.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("by_hand", [True, False])
def test_a_reply_is_sent_at_night_if_a_person_wrote_it(night: datetime, by_hand: bool):
    row = message()
    inbound = InboundMessageFactory(text="Når?")
    user = get_user_model().objects.create(username="kari") if by_hand else None
    OutboundMessage.objects.filter(pk=row.pk).update(reply_to=inbound, created_by=user)
    assert bool(claim_due()) is by_hand


@pytest.mark.django_db
def test_a_message_that_would_expire_at_night_ends_at_once(night: datetime):
    early = message("early", expires_at=night - timedelta(minutes=1))
    late = message("late", expires_at=night + timedelta(minutes=1))
    assert claim_due() == []
    assert [reloaded(row).state for row in (early, late)] == ["expired", "queued"]
    assert Event.objects.get().data == {"message": early.pk, "old": "queued", "new": "expired"}


@pytest.mark.django_db
def test_bulk_waits_as_well(night: datetime):
    send_bulk_sms(["+4799999999", "+4799999998"], "Test")
    assert claim_due() == []
    assert set(OutboundMessage.objects.values_list("waits_for", flat=True)) == {"quiet"}


@pytest.mark.django_db
def test_a_message_at_risk_is_repeated_while_front_remembers_it(settings, night: datetime, clock: FakeClock):
    clock.start = oslo(2026, 11, 29, 20, 59, 58).astimezone(UTC)
    row = message()
    attempt(unclear())
    clock.advance(5)
    assert [job.message_id for job in claim_due()] == [row.pk]


@pytest.mark.django_db
def test_another_account_sends_at_night(settings, night: datetime):
    configure(settings, "second", SERVICE_ID=5678)
    second = settings.FRONT_SMS["ACCOUNTS"]["second"]
    settings.FRONT_SMS["ACCOUNTS"]["second"] = {key: v for key, v in second.items() if key != "QUIET_HOURS"}
    row = message(account="second")
    assert [job.message_id for job in claim_due(account="second")] == [row.pk]
