"""Permissions of the dashboard."""

import pytest

from tests.admin.dashboard.alert_rows import create_rows_for_every_alert
from tests.admin.dashboard.dashboard_page import URL, cards

pytestmark = pytest.mark.django_db


def test_the_dashboard_requires_permission_to_view_outbound_messages(viewer, login):
    assert viewer.get(URL).status_code == 200
    assert login("view_inboundmessage").get(URL).status_code == 403


@pytest.mark.parametrize("page", ["/admin/", "/admin/front_sms/", "/admin/front_sms/outboundmessage/"])
def test_every_page_links_to_the_dashboard(viewer, login, page):
    assert f'href="{URL}"' in viewer.get(page).content.decode()
    assert f'href="{URL}"' not in login("view_inboundmessage").get(page).content.decode()


def test_each_card_requires_permission_to_view_its_rows(login, viewer):
    create_rows_for_every_alert()

    assert cards(viewer) == [
        "unanswered",
        "overdue",
        "unconfirmed",
        "gaps",
        "too_large",
        "events",
        "unreadable_inbound",
        "unreadable_statuses",
        "without_status",
    ]
    assert cards(login("view_outboundmessage")) == ["overdue", "unconfirmed", "without_status"]


def test_the_dashboard_is_read_only(boss):
    for method in (boss.put, boss.delete, boss.patch):
        assert method(URL).status_code in (200, 405)
    assert boss.get(f"{URL}add/").status_code == boss.get(f"{URL}1/change/").status_code == 404
