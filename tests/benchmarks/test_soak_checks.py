"""The counts at the end of `make soak`: each lost row is one fault."""

from collections import Counter
from typing import Any

import pytest

from benchmarks.soak import checks
from django_front_sms.models import DeliveryStatus, OutboundMessage
from tests.factories import DeliveryStatusFactory, InboundMessageFactory, OutboundMessageFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

FRONT: dict[str, Any] = {
    "answered": 1, "kinds": ["status", "status", "inbound"], "open": 0, "given_up": 0, "refused": [], "pictures": []
}  # fmt: skip


@pytest.fixture
def inbound() -> int:
    """One message with both statuses, and one inbound message; all processed. Gives the key of the latter."""
    message = OutboundMessageFactory(state="delivered", attempts=1)
    for status in (-1, 4):
        DeliveryStatusFactory(message=message, status=status)
    return InboundMessageFactory().pk


def found(delivered: list[int], **front: object) -> dict[str, int]:
    return {what: count for what, count in checks.faults(1, {**FRONT, **front}, delivered, Counter(), 0) if count}


def test_nothing_is_wrong_where_all_is_there(inbound: int) -> None:
    assert found([inbound]) == {}
    assert checks.settled(1, 1) and not checks.settled(2, 1)


def test_a_lost_status_a_lost_event_and_a_lost_picture_are_seen(inbound: int) -> None:
    DeliveryStatus.objects.filter(status=4).delete()
    assert found([], pictures=["a"], given_up=1) == {
        "messages without exactly the two statuses": 1,
        "statuses too few or too many": 1,
        "pushes that were not delivered": 1,
        "MMS files lost, changed or doubled": 1,
        "inbound messages whose event was not delivered": 1,
    }


def test_a_message_that_was_sent_twice_or_is_left_in_the_queue_is_seen(inbound: int) -> None:
    OutboundMessage.objects.update(state="sent", attempts=2)
    assert found([inbound, inbound], answered=2) == {
        "messages that Front was not given exactly once": 1,
        "messages that are not delivered": 1,
        "messages that took more than one attempt": 1,
        "events that were delivered twice under two ids": 1,
    }
