"""The cards of the dashboard, and their buttons."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from django_front_sms import outbox
from django_front_sms.models import AccountState, DeliveryStatus, Event
from django_front_sms.states import State
from tests.admin.dashboard.alert_rows import create_rows_for_every_alert, question
from tests.admin.dashboard.dashboard_page import URL, cards, dashboard
from tests.factories import AccountStateFactory, EventFactory, OutboundMessageFactory

pytestmark = pytest.mark.django_db


def test_the_dashboard_says_when_nothing_needs_attention(viewer):
    OutboundMessageFactory(state=State.DELIVERED, created_at=timezone.now())

    assert cards(viewer) == []
    assert "Nothing needs attention." in dashboard(viewer).content.decode()


def test_a_stale_worker_is_the_first_card(viewer):
    OutboundMessageFactory(unconfirmed=True)
    assert cards(viewer) == ["unconfirmed"]

    AccountStateFactory(clock=timezone.now() - timedelta(minutes=3))
    assert cards(viewer) == ["worker", "unconfirmed"]


def test_the_dashboard_says_how_to_start_a_worker_when_none_has_run(viewer, worker):
    worker.delete()

    assert cards(viewer) == ["worker"]


def buttons(browser, key: str) -> list[str]:
    (card,) = (card for card in dashboard(browser).context["cards"] if card.key == key)
    return [action.name for line in card.lines for action, _address in line.actions]


@pytest.mark.parametrize(
    ("key", "permission", "names"),
    [
        ("unconfirmed", "decide_outboundmessage", {"mark_sent", "send_anyway", "give_up"}),
        ("events", "redeliver_event", {"deliver_again"}),
    ],
)
def test_a_button_requires_the_permission_of_its_action(login, viewer, key, permission, names):
    create_rows_for_every_alert()
    view = ("view_outboundmessage", "view_accountstate", "view_event")

    assert set(buttons(login(*view, permission), key)) == names
    assert buttons(viewer, key) == []


@pytest.mark.parametrize(
    ("name", "state", "given_up"),
    [("mark_sent", State.SENT, False), ("send_anyway", State.QUEUED, False), ("give_up", State.UNCONFIRMED, True)],
)
def test_a_decision_redirects_to_the_dashboard_and_removes_the_message_from_it(boss, name, state, given_up):
    sms = OutboundMessageFactory(unconfirmed=True)
    address = reverse("admin:front_sms_outboundmessage_action", args=[sms.pk, name])
    assert f'action="{address}"' in dashboard(boss).content.decode()

    asked = boss.post(address, {"next": URL}).content.decode()
    assert f'name="next" value="{URL}"' in asked and f'<a href="{URL}" class="button cancel-link">' in asked
    answer = boss.post(address, {"next": URL, "confirmed": "once"})

    assert answer.status_code == 302 and answer.headers["Location"] == URL
    sms.refresh_from_db()
    assert (sms.state, sms.given_up) == (state, given_up)
    assert cards(boss) == []


def test_many_unknown_statuses_are_one_line(viewer, clock):
    long_ago = timezone.now() - timedelta(days=2)
    pushes = (
        DeliveryStatus(account="default", gateway_id=n, status=4, received_at=long_ago, process_at=long_ago)
        for n in range(300)
    )
    DeliveryStatus.objects.bulk_create(pushes)
    outbox.fold_statuses()

    (card,) = [card for card in dashboard(viewer).context["cards"] if card.key == "unreadable_statuses"]
    assert "300" in card.title and card.lines == []


def test_the_dashboard_shows_the_error_of_a_failed_action(boss):
    sms = OutboundMessageFactory(state=State.DELIVERED)
    address = reverse("admin:front_sms_outboundmessage_action", args=[sms.pk, "give_up"])

    answer = boss.post(address, {"next": URL, "confirmed": "once"}, follow=True)

    assert answer.redirect_chain[-1][0] == URL
    assert "only an unconfirmed one can be decided on" in answer.content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil"])
def test_a_redirect_never_leads_to_another_site(boss, elsewhere):
    sms = OutboundMessageFactory(unconfirmed=True)
    address = reverse("admin:front_sms_outboundmessage_action", args=[sms.pk, "give_up"])

    assert "evil" not in boss.post(address, {"next": elsewhere}).content.decode()
    answer = boss.post(address, {"next": elsewhere, "confirmed": "once"})

    assert answer.headers["Location"] == reverse("admin:front_sms_outboundmessage_change", args=[sms.pk])


def test_an_account_is_resumed_and_an_event_delivered_from_the_dashboard(boss):
    account, failed = AccountStateFactory(paused=True), EventFactory(subject="out:1", failed=True)

    for row, name in ((account, "resume"), (failed, "deliver_again")):
        address = reverse(f"admin:front_sms_{row._meta.model_name}_action", args=[row.pk, name])
        assert f'action="{address}"' in dashboard(boss).content.decode()
        boss.post(address, {"next": URL, "confirmed": "once"})

    assert AccountState.objects.get().paused_at is None
    assert Event.objects.get(pk=failed.pk).next_at is not None


def test_a_failed_event_is_shown_by_what_it_is_about_without_names_of_errors(viewer):
    EventFactory(subject="out:1", failed=True, traceback="Traceback\nValueError: 99999999 Kari")

    content = dashboard(viewer).content.decode()

    assert "message #1" in content
    assert "ValueError" not in content and "Kari" not in content


def test_at_most_five_rows_are_shown_with_a_link_to_all(viewer):
    rows = [OutboundMessageFactory(unconfirmed=True) for _ in range(7)]
    (card,) = dashboard(viewer).context["cards"]

    assert [line.url.split("/")[-3] for line in card.lines] == [str(row.pk) for row in rows[:5]]
    assert card.more[1] == "See all 7"


def test_every_link_of_the_dashboard_lists_the_counted_rows(viewer):
    create_rows_for_every_alert()
    found = {
        card.key: [row.pk for row in viewer.get(card.more[0]).context["cl"].result_list]
        for card in dashboard(viewer).context["cards"]
        if card.more
    }

    assert {key: len(rows) for key, rows in found.items()} == {
        "overdue": 1,
        "unconfirmed": 7,
        "gaps": 7,
        "too_large": 7,
        "events": 7,
        "unreadable_inbound": 1,
        "unreadable_statuses": 1,
        "without_status": 1,
    }
    (refusal,) = dashboard(viewer).context["refusals"]
    assert len(viewer.get(refusal["url"]).context["cl"].result_list) == 1


def test_a_refusal_without_an_error_code_has_a_link_too(viewer):
    OutboundMessageFactory(state=State.REJECTED, created_at=timezone.now(), error_code=None)
    OutboundMessageFactory(state=State.REJECTED, created_at=timezone.now(), error_code=12)
    (own,) = (row for row in dashboard(viewer).context["refusals"] if row["code"] is None)

    assert len(viewer.get(own["url"]).context["cl"].result_list) == 1


@pytest.mark.parametrize(
    ("hours", "value", "asks"), [(0, "just now", False), (4.5, "4 hours ago", False), (49, "2 days ago", True)]
)
def test_the_time_of_the_last_inbound_message_is_shown_with_a_hint_after_a_long_silence(viewer, hours, value, asks):
    question("+4799999999", hours)

    (tile,) = (tile for tile in dashboard(viewer).context["tiles"] if tile.name == "Last message in")

    assert tile.value.replace("\xa0", " ") == value
    assert ("Has Front's queue stopped?" in tile.note) is asks


def test_a_paused_account_is_shown_above_the_cards(viewer, boss):
    OutboundMessageFactory()
    AccountStateFactory(paused=True)

    content = dashboard(boss).content.decode()

    assert "Sending is paused. 1 message waits." in content and "Resume sending" in content
    assert "Resume sending" not in dashboard(viewer).content.decode()


def test_the_reasons_say_that_only_the_latest_refusals_are_counted(viewer, monkeypatch):
    OutboundMessageFactory.create_batch(2, state=State.REJECTED, error_code=1, created_at=timezone.now())
    assert dashboard(viewer).context["refusals_title"] == "Rejected in the last seven days, by reason"

    monkeypatch.setattr("django_front_sms.monitoring.statistics.MOST_REFUSALS", 2)
    assert dashboard(viewer).context["refusals_title"] == "The latest 2 rejected messages, by reason"
