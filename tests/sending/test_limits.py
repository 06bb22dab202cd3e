"""RATE_LIMITS refuse before anything is stored."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from django_front_sms import send_bulk_sms, send_many_sms, send_sms
from django_front_sms.conf import Limit, get_settings
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import OutboundMessage
from django_front_sms.sending import limits
from django_front_sms.sending.validation import draft

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> None:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RATE_LIMITS": {"per_recipient": "2/h", "per_account": "4/d"}}


def test_one_more_to_the_same_number_is_refused_and_not_stored() -> None:
    for text in ("One", "Two"):
        send_sms("+4799999999", text)
    with pytest.raises(InvalidMessage) as caught:
        send_sms("+4799999999", "Three")
    assert caught.value.code == "rate_limited"
    assert OutboundMessage.objects.count() == 2
    assert send_sms("+4799999998", "Three").pk


def test_the_limit_counts_the_messages_of_one_call_too() -> None:
    messages = [{"to": "+4799999999", "text": str(number)} for number in range(3)]
    with pytest.raises(InvalidMessage) as caught:
        send_many_sms(messages)
    assert (caught.value.code, caught.value.index) == ("rate_limited", 2)
    assert not OutboundMessage.objects.exists()


def test_the_place_of_what_is_refused_counts_those_too_that_are_there_already() -> None:
    known = {"to": "+4799999999", "text": "0", "idempotency_key": "a"}
    send_many_sms([known])
    with pytest.raises(InvalidMessage) as caught:
        send_many_sms([known, {"to": "+4799999999", "text": "1"}, {"to": "+4799999999", "text": "2"}])
    assert (caught.value.code, caught.value.index) == ("rate_limited", 2)


def test_an_account_has_a_limit_over_all_numbers() -> None:
    send_many_sms({"to": f"+479999999{number}", "text": "Hei"} for number in range(4))
    with pytest.raises(InvalidMessage) as caught:
        send_sms("+4799999990", "Hei")
    assert caught.value.code == "rate_limited"


def test_of_a_bulk_send_the_whole_is_too_many_and_no_place_in_it() -> None:
    with pytest.raises(InvalidMessage) as caught:
        send_bulk_sms((f"+479999999{number}" for number in range(5)), "Hei")
    assert (caught.value.code, caught.value.index) == ("rate_limited", None)


def test_what_is_older_than_the_period_does_not_count() -> None:
    for text in ("One", "Two"):
        send_sms("+4799999999", text)
    OutboundMessage.objects.update(created_at=timezone.now() - timedelta(hours=1))
    assert send_sms("+4799999999", "Three").pk


def test_a_repeated_idempotency_key_is_no_new_message() -> None:
    first = send_sms("+4799999999", "One", idempotency_key="a")
    send_sms("+4799999999", "Two")
    assert send_sms("+4799999999", "One", idempotency_key="a") == first


def test_each_message_that_is_too_many_is_named_and_takes_no_room_from_others() -> None:
    send_sms("+4799999999", "One")
    numbers = ["+4799999999", "+4799999999", "+4791234567", "+4791234568", "+4791234569"]
    drafts = [draft(get_settings(), number, "Two") for number in numbers]

    reasons = limits.refused(drafts, get_settings())

    assert [*reasons] == [1, 4]
    assert "to this number" in reasons[1] and "from this account" in reasons[4]


@pytest.mark.parametrize("written", ["5", "5/w", "/h", "0/h", "-1/h", "5 / h", ""])
def test_a_limit_that_cannot_be_read_says_how_to_write_one(written: str) -> None:
    with pytest.raises(ValueError, match="5/h"):
        Limit.parse(written)
