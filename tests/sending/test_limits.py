"""RATE_LIMITS refuse messages before anything is stored."""

from typing import Any

import pytest
from django.db import OperationalError, transaction

from django_front_sms import send_bulk_sms, send_many_sms, send_sms
from django_front_sms.conf import Limit, get_settings
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import OutboundMessage, RateCounter
from django_front_sms.outbox import sweep
from django_front_sms.sending import limits
from django_front_sms.sending.validation import draft
from tests.parallel import run_parallel

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


def test_the_position_of_a_refused_message_counts_existing_messages() -> None:
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


def test_a_bulk_send_over_the_limit_is_refused_as_a_whole() -> None:
    with pytest.raises(InvalidMessage) as caught:
        send_bulk_sms((f"+479999999{number}" for number in range(5)), "Hei")
    assert (caught.value.code, caught.value.index) == ("rate_limited", None)


def test_messages_older_than_the_period_do_not_count(clock) -> None:
    for text in ("One", "Two"):
        send_sms("+4799999999", text)
    clock.advance(3600 * 1.02)
    assert send_sms("+4799999999", "Three").pk


def test_a_repeated_idempotency_key_is_no_new_message() -> None:
    first = send_sms("+4799999999", "One", idempotency_key="a")
    send_sms("+4799999999", "Two")
    assert send_sms("+4799999999", "One", idempotency_key="a") == first


def test_each_message_over_the_limit_is_named_and_does_not_count_for_others() -> None:
    send_sms("+4799999999", "One")
    numbers = ["+4799999999", "+4799999999", "+4791234567", "+4791234568", "+4791234569"]
    drafts = [draft(get_settings(), number, "Two") for number in numbers]

    reasons = limits.refused(drafts, get_settings())

    assert [*reasons] == [1, 4]
    assert "to this number" in reasons[1] and "from this account" in reasons[4]


@pytest.mark.parametrize("written", ["5", "5/w", "/h", "0/h", "-1/h", "5 / h", "", "5m/d", "s/d"])
def test_the_error_of_an_invalid_limit_shows_the_format(written: str) -> None:
    with pytest.raises(ValueError, match="5/h"):
        Limit.parse(written)


def test_no_period_contains_more_messages_than_the_limit(settings, clock) -> None:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RATE_LIMITS": {"per_recipient": "2/h"}}
    sent: list[float] = []
    for _ in range(400):
        clock.advance(61)
        try:
            send_sms("+4799999999", f"Hei {clock.ran}")
        except InvalidMessage:
            continue
        sent.append(clock.ran)
    assert len(sent) >= 2 * 6  # two an hour, for nearly seven hours
    assert all(later - earlier >= 3600 for earlier, later in zip(sent, sent[2:], strict=False))


def test_a_limit_may_count_segments(settings) -> None:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RATE_LIMITS": {"per_account": "5s/d"}}
    send_sms("+4799999999", "x" * 300)  # two segments
    with pytest.raises(InvalidMessage, match="5 SMS per day"):
        send_sms("+4799999998", "x" * 600)  # four
    send_sms("+4799999998", "x" * 400)  # three
    assert RateCounter.objects.get().limit == "per_account"


def test_numbers_of_other_countries_have_a_limit_of_their_own(settings) -> None:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RATE_LIMITS": {"international": "1/d"}}
    send_sms("+4799999999", "Hei"), send_sms("+4799999998", "Hei"), send_sms("+46701234567", "Hei")
    with pytest.raises(InvalidMessage, match="other countries"):
        send_sms("+4520123456", "Hei")
    assert send_sms("+4799999997", "Hei").pk


def test_a_message_that_was_not_stored_does_not_count() -> None:
    for _ in range(3):
        with pytest.raises(RuntimeError), transaction.atomic():
            send_sms("+4799999999", "Hei")
            raise RuntimeError
    assert send_sms("+4799999999", "Hei").pk


def test_no_counter_contains_the_number_and_the_sweep_removes_old_counters(clock) -> None:
    send_sms("+4799999999", "Hei")
    assert RateCounter.objects.count() == 2
    assert "99999999" not in str(list(RateCounter.objects.values()))
    clock.advance(3600 * 1.03)
    sweep()
    assert [row.limit for row in RateCounter.objects.all()] == ["per_account"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", ["per_recipient", "per_account", "international"])
@pytest.mark.parametrize("is_known", [False, True])
def test_callers_at_the_same_moment_get_exactly_as_many_as_the_limit_allows(settings, limit, is_known, hints) -> None:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RATE_LIMITS": {limit: "5/h"}}
    if is_known:
        send_sms("+4520123456", "The row is there")

    def send() -> bool:
        try:
            return bool(send_sms("+4520123456", "Hei").pk)
        except InvalidMessage as error:
            assert error.code == "rate_limited"
            return False

    assert sum(run_parallel(*[send] * 12)) == 5 - is_known
    assert OutboundMessage.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_callers_with_overlapping_lists_do_not_deadlock(settings, hints) -> None:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RATE_LIMITS": {"per_recipient": "3/h"}}
    numbers = [f"+47999999{n:02}" for n in range(20)]

    def send(order: list[str]) -> bool:
        try:
            return bool(send_many_sms([{"to": number, "text": "Hei"} for number in order]))
        except InvalidMessage:
            return False

    works = [lambda order=order: send(order) for order in (numbers, numbers[::-1], numbers[5:], numbers[:15])]
    assert sum(run_parallel(*works)) >= 3
    assert all(OutboundMessage.objects.filter(recipient=number).count() <= 3 for number in numbers)


@pytest.mark.django_db(transaction=True)
def test_callers_with_older_snapshots_do_not_exceed_the_limit(settings, hints) -> None:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RATE_LIMITS": {"per_account": "5/h"}}

    def send() -> bool:
        try:
            with transaction.atomic():
                OutboundMessage.objects.count()  # REPEATABLE READ takes its snapshot here
                return bool(send_sms("+4799999999", "Hei").pk)
        except (InvalidMessage, OperationalError):  # a database may refuse to write what changed since it was read
            return False

    assert sum(run_parallel(*[send] * 12)) <= 5
    while OutboundMessage.objects.count() < 5:
        assert send()
    assert not send()
