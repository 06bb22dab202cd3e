"""Messages without any delivery status."""

import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from django_front_sms import outbox
from django_front_sms.models import OutboundMessage
from django_front_sms.outbox import fold_statuses
from django_front_sms.states import State
from tests.configuration import configure
from tests.factories import DeliveryStatusFactory, OutboundMessageFactory, at

pytestmark = pytest.mark.django_db


def sent(hours: float = 25, **fields) -> OutboundMessage:
    defaults = {"state": State.SENT, "gateway_id": 145099, "sent_at": timezone.now() - timedelta(hours=hours)}
    return OutboundMessageFactory(**{**defaults, **fields})


def without_status() -> list[OutboundMessage]:
    outbox.sweep()
    return list(OutboundMessage.objects.without_status())


def test_a_message_without_a_status_for_a_day_creates_one_event(caplog):
    silent = sent()
    assert without_status() == [silent]
    assert without_status() == [silent]
    (record,) = [record for record in caplog.records if "no delivery status" in record.getMessage()]
    assert (
        record.getMessage().startswith('1 messages of account "default"') and "+4799999999" not in record.getMessage()
    )


def test_the_hours_are_a_setting(settings):
    configure(settings, HOURS_WITHOUT_STATUS=48)
    later = sent(49)
    sent(47)
    assert without_status() == [later]


@pytest.mark.parametrize(
    "fields",
    [
        {"hours": 23},
        {"gateway_id": None},
        {"state": State.AT_OPERATOR},
        {"state": State.DELIVERED},
        {"state": State.UNCONFIRMED},
        {"account": "removed"},
    ],
)
def test_messages_of_other_states_are_not_missed(fields):
    sent(**fields)
    assert without_status() == []


def test_an_unknown_status_counts_as_a_status():
    DeliveryStatusFactory(message=sent(), status=77, received_at=at(0))
    assert without_status() == []


def test_a_late_status_removes_the_message_from_the_list():
    silent = sent()
    assert without_status() == [silent]
    DeliveryStatusFactory(
        message=None,
        status=4,
        received_at=at(0),
        gateway_id=silent.gateway_id,
        process_at=timezone.now() - timedelta(minutes=1),
    )
    fold_statuses()
    assert without_status() == []


def test_more_than_a_batch_is_processed_in_one_sweep(monkeypatch):
    monkeypatch.setattr(sys.modules[outbox.sweep.__module__], "BATCH", 3)
    for number in range(7):
        sent(gateway_id=number)
    assert len(without_status()) == 7


@pytest.mark.postgresql
@pytest.mark.sqlite
def test_the_search_reads_an_index():
    plan = OutboundMessage.objects.missing_status("default", timezone.now()).order_by("sent_at").explain()
    assert "front_sms_no_status_yet" in plan
