"""The number of queries for a timeline."""

import pytest
from django.contrib.auth.models import User

from django_front_sms.models import Decision, OutboundMessage
from django_front_sms.timeline import of_outbound
from tests.factories import (
    DeliveryStatusFactory,
    EventFactory,
    InboundMessageFactory,
    OutboundMessageFactory,
    SendAttemptFactory,
    at,
)

pytestmark = pytest.mark.django_db


def test_the_number_of_queries_does_not_depend_on_the_number_of_entries(
    django_assert_num_queries, django_assert_max_num_queries
):
    user = User.objects.create(username="kari")
    sms = OutboundMessageFactory(retried=True, created_by=user)
    for number in range(3, 13):
        SendAttemptFactory(message=sms, number=number, claimed_at=at(number), error_code=0)
        DeliveryStatusFactory(message=sms, status=-1, received_at=at(number))
        Decision.objects.create(message=sms, action=Decision.Action.CANCEL, by=user, at=at(number))
        InboundMessageFactory(in_reply_to=sms)
        EventFactory(subject=f"out:{sms.pk}", failed=True)
    sms = OutboundMessage.objects.get(pk=sms.pk)

    with django_assert_max_num_queries(6):
        assert len(of_outbound(sms)) > 50


def test_prefetched_rows_are_not_read_again(django_assert_num_queries):
    OutboundMessageFactory(retried=True)
    relations = ("send_attempts", "statuses", "decisions", "replies")
    sms = OutboundMessage.objects.select_related("created_by").prefetch_related(*relations).get()

    with django_assert_num_queries(1):  # the events
        assert len(of_outbound(sms)) == 6
