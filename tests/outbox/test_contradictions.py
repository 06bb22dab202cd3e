"""Statuses that contradict one another: the message is delivered, and staff can see that Front said both."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.utils import timezone

from django_front_sms.models import DeliveryStatus
from django_front_sms.outbox import fold_statuses
from django_front_sms.states import State
from tests.factories import DeliveryStatusFactory, OutboundMessageFactory, at

pytestmark = pytest.mark.django_db


def push(*values: int, apart: bool) -> None:
    for value in values:
        DeliveryStatusFactory(
            message=None,
            status=value,
            received_at=at(0),
            gateway_id=145099,
            process_at=timezone.now() - timedelta(minutes=1),
        )
        if apart:
            fold_statuses()
    fold_statuses()


def flagged() -> set[int | None]:
    return set(DeliveryStatus.objects.exclude(problem="").values_list("status", flat=True))


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("order", list(permutations([4, 5, -1])))
def test_contradictory_statuses_are_flagged_in_any_order(order, apart):
    sms = OutboundMessageFactory(state=State.SENT, gateway_id=145099, sent_at=timezone.now())
    push(*order, apart=apart)
    sms.refresh_from_db()
    assert sms.state == State.DELIVERED
    assert flagged() and flagged() <= {4, 5}


@pytest.mark.parametrize("values", [(-1, 4), (-1, 5), (4, 4), (5, -1), (77, 4)])
def test_statuses_that_do_not_contradict_each_other_are_not_flagged(values):
    OutboundMessageFactory(state=State.SENT, gateway_id=145099, sent_at=timezone.now())
    push(*values, apart=False)
    assert flagged() == set()
