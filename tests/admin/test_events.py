"""The list of events."""

import pytest

from tests.factories import EventFactory

pytestmark = pytest.mark.django_db


def test_events_are_ordered_by_time_and_can_be_filtered_by_failure(viewer):
    failed = EventFactory(subject="out:1", failed=True)
    fine = EventFactory(subject="out:2")

    def listed(**filters):
        return list(viewer.get("/admin/front_sms/event/", filters).context["cl"].result_list)

    assert listed() == [fine, failed]
    assert listed(failed__exact="1") == [failed]
