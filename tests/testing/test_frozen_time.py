"""The fixture beside freezegun and time-machine: the clock of the app follows the time that they set."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import freezegun
import pytest
import time_machine
from django.template import Context, Template
from django.utils import timezone

from django_front_sms import send_sms
from django_front_sms.db.clock import database_now
from django_front_sms.models import InboundMessage
from django_front_sms.states import State
from django_front_sms.testing import FrontSMS

MORNING = datetime(2031, 5, 17, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

SetTime = Callable[[datetime], AbstractContextManager[object]]


def _travel(moment: datetime) -> AbstractContextManager[object]:
    return time_machine.travel(moment, tick=False)


@pytest.fixture(params=[freezegun.freeze_time, _travel, time_machine.travel], ids=["freezegun", "stopped", "ticking"])
def set_time(request: pytest.FixtureRequest) -> SetTime:
    return request.param


@pytest.fixture(params=["before the fixture", "after the fixture"])
def morning(request: pytest.FixtureRequest, set_time: SetTime, db: None):
    """A simulated Front while the time is set to that morning, before or after it was entered."""
    if request.param == "before the fixture":
        with set_time(MORNING), FrontSMS() as front:
            yield front
    else:
        with FrontSMS() as front, set_time(MORNING):
            yield front


def test_every_clock_shows_the_time_that_was_set(morning: FrontSMS) -> None:
    for moment in (timezone.now(), database_now(), datetime.fromtimestamp(morning.network.now(), UTC)):
        assert MORNING <= moment < MORNING + HOUR


def test_a_message_is_sent_and_answered_at_that_time(morning: FrontSMS) -> None:
    morning.network.status_plan = ()  # some of these clocks tick
    message = send_sms("999 99 999", "Hei")
    assert len(morning.outbox) == 1
    reply = morning.receive_sms("+4799999999", "Ja", to="26114")
    message.refresh_from_db()
    assert message.state == State.SENT and MORNING <= message.sent_at < MORNING + HOUR
    assert MORNING <= reply.received_at < MORNING + HOUR
    assert InboundMessage.objects.get().sent_at.date() == MORNING.date()


def test_a_message_is_due_once_its_time_is_set(morning: FrontSMS, set_time: SetTime) -> None:
    send_sms("999 99 999", "Hei", scheduled_at=timezone.now() + 8 * HOUR)
    assert morning.outbox == []
    with set_time(MORNING + 9 * HOUR):
        assert len(morning.outbox) == 1


def test_a_message_expires_once_its_time_is_set(morning: FrontSMS, set_time: SetTime) -> None:
    message = send_sms("999 99 999", "Hei", scheduled_at=timezone.now() + HOUR, expires_at=timezone.now() + 2 * HOUR)
    with set_time(MORNING + 3 * HOUR):
        assert morning.outbox == []
    message.refresh_from_db()
    assert message.state == State.EXPIRED


def test_the_clock_can_be_advanced_beyond_the_time_that_was_set(morning: FrontSMS) -> None:
    message = send_sms("999 99 999", "Hei")
    morning.advance(5)
    message.refresh_from_db()
    assert message.state == State.DELIVERED
    assert message.delivered_at > MORNING


def test_templates_still_format_a_datetime(morning: FrontSMS, settings) -> None:
    settings.TIME_ZONE = "Europe/Oslo"
    assert Template("{{ at|date:'H:i' }}").render(Context({"at": MORNING})) == "10:00"


def test_the_time_is_real_again_afterwards(set_time: SetTime, db: None) -> None:
    with set_time(MORNING), FrontSMS():
        pass
    assert timezone.now() < MORNING
    assert timezone.datetime is datetime


def test_the_simulator_on_a_port_follows_the_time_too(set_time: SetTime, db: None) -> None:
    with set_time(MORNING), FrontSMS(port=True) as front:
        send_sms("999 99 999", "Hei")
        assert [sms.text for sms in front.outbox] == ["Hei"]
        assert MORNING <= datetime.fromtimestamp(front.outbox[0].at, UTC) < MORNING + HOUR


@freezegun.freeze_time("2031-05-17 08:00")
def test_the_fixture_is_used_below_freezegun_as_a_decorator(front_sms: FrontSMS) -> None:
    send_sms("999 99 999", "Hei")
    assert len(front_sms.outbox) == 1


@time_machine.travel("2031-05-17 08:00 +0000")
def test_the_fixture_is_used_below_time_machine_as_a_decorator(front_sms: FrontSMS) -> None:
    send_sms("999 99 999", "Hei")
    assert len(front_sms.outbox) == 1
