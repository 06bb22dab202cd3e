"""The number of queries of the dashboard."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.admin.dashboard.alert_rows import create_rows_for_every_alert
from tests.admin.dashboard.dashboard_page import dashboard
from tests.factories import EventFactory, OutboundMessageFactory

pytestmark = pytest.mark.django_db


def test_the_dashboard_takes_at_most_twelve_queries_however_much_is_wrong(boss, django_assert_max_num_queries):
    create_rows_for_every_alert()

    with django_assert_max_num_queries(12):
        dashboard(boss)


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(boss):
    create_rows_for_every_alert()
    with CaptureQueriesContext(connection) as few:
        dashboard(boss)
    for _ in range(20):
        OutboundMessageFactory(unconfirmed=True)
        EventFactory(subject="out:1", failed=True)
    with CaptureQueriesContext(connection) as many:
        dashboard(boss)

    assert len(many) == len(few)
