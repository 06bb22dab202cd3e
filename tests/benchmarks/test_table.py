"""The table that `make bench` fills for sending from it."""

import pytest

from benchmarks.measurements import table
from django_front_sms.models import OutboundMessage, SendAttempt

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


def test_a_filled_table_has_final_messages_with_their_attempts() -> None:
    table.fill(20)
    assert OutboundMessage.objects.delivered().count() == SendAttempt.objects.count() == 20
    assert OutboundMessage.objects.filter(sensitive=False, send_attempts__outcome="answered").count() == 20
