"""Permissions of the dashboard, and `ACCOUNT_ACCESS`."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from django_front_sms.models import CounterGap, RefusedPush
from django_front_sms.monitoring import statistics
from tests.admin.dashboard.alert_rows import create_rows_for_every_alert
from tests.admin.dashboard.dashboard_page import URL, cards, dashboard
from tests.configuration import configure
from tests.factories import (
    AccountStateFactory,
    DeliveryStatusFactory,
    EventFactory,
    InboundMessageFactory,
    OutboundMessageFactory,
)

pytestmark = pytest.mark.django_db

ONLY_DEFAULT = "tests.admin.test_index.only_default"


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


# ACCOUNT_ACCESS


@pytest.fixture
def two_accounts(settings):
    configure(settings, PRICE_PER_SEGMENT=Decimal("0.50"))
    configure(settings, "other", SERVICE_ID=2)


def create_rows(account: str, count: int) -> None:
    """Rows of an account for each figure and card of the dashboard."""
    now = timezone.now()
    AccountStateFactory(account=account, clock=now)
    for n in range(count):
        times = {"account": account, "created_at": now}
        took = timedelta(seconds=count)
        OutboundMessageFactory(**times, delivered=True, sent_at=now - took, delivered_at=now, segments=count)
        OutboundMessageFactory(**times, state="undelivered")
        OutboundMessageFactory(**times, state="rejected", error_code=20 + count)
        OutboundMessageFactory(**times, unconfirmed=True)
        OutboundMessageFactory(**times, state="sent", gateway_id=n, status_missed_at=now)
        sms = OutboundMessageFactory(**times, next_at=now - timedelta(hours=count))
        EventFactory(subject=f"out:{sms.pk}", failed=True)
        InboundMessageFactory(account=account, sender=f"+4790000{count}{n:02}", problem="time", received_at=now)
        DeliveryStatusFactory(message=None, account=account, problem="id", received_at=now)
        CounterGap.objects.create(account=account, first=n, last=n, shown_at=now, announced_at=now)
        RefusedPush.objects.create(account=account, purpose="inbound", received_at=now + timedelta(hours=1))


def figures(browser: Client) -> dict[str, Any]:
    """All numbers of the dashboard: tiles, charts with their tables, refusals, and the titles and rows of the cards."""
    context = dashboard(browser).context
    return {
        "tiles": [(tile.name, tile.value) for tile in context["tiles"]],
        "charts": [(chart.key, [cells for _label, cells in chart.table]) for chart in context["charts"]],
        "stacks": [(chart.key, [boxes for _hint, boxes in chart.stacks if boxes]) for chart in context["charts"]],
        "refusals": [(row["code"], row["count"], row["part"]) for row in context["refusals"]],
        "cards": [(card.title, [(line.words, line.detail) for line in card.lines]) for card in context["cards"]],
    }


def test_figures_and_cards_leave_out_other_accounts(viewer, settings, two_accounts):
    create_rows("default", 2)
    alone = figures(viewer)
    assert {key for key, _table in alone["charts"]} == {"hours", "days", "rates", "times", "spend"}
    assert len(alone["cards"]) == 9

    create_rows("other", 3)
    assert all(figures(viewer)[name] != alone[name] for name in ("tiles", "charts", "refusals", "cards"))
    configure(settings, ACCOUNT_ACCESS=ONLY_DEFAULT)

    assert figures(viewer) == alone


def test_figures_that_were_stored_for_all_accounts_are_not_shown_to_users_of_one(
    viewer, settings, two_accounts, monkeypatch
):
    monkeypatch.setattr(statistics, "_WORTH_KEEPING", 1)
    old = timezone.now() - timedelta(days=5)
    for account, count in (("default", 1), ("other", 3)):
        OutboundMessageFactory.create_batch(count, account=account, created_at=old, delivered=True, segments=1)

    def days() -> list[list[str]]:
        return next(table for key, table in figures(viewer)["charts"] if key == "days")

    assert [cells[0] for cells in days()] == [cells[0] for cells in days()] == ["4"]
    configure(settings, ACCOUNT_ACCESS=ONLY_DEFAULT)
    assert [cells[0] for cells in days()] == [cells[0] for cells in days()] == ["1"]


def no_account(user: Any) -> list[str]:
    return []


def test_a_user_of_no_account_sees_no_figures(viewer, settings, two_accounts):
    create_rows("default", 2)
    configure(settings, ACCOUNT_ACCESS=f"{__name__}.no_account")

    found = figures(viewer)

    assert found["charts"] == found["refusals"] == found["cards"] == []
    assert found["tiles"] == [("Messages today", "0"), ("Spent", "0 kr")]
