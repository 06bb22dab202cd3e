"""The dashboard: what needs somebody, with the buttons that settle it, and the charts."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from django_front_sms import outbox
from django_front_sms.admin.dashboard.charts import Chart, Column, Series
from django_front_sms.contacts import Contacts
from django_front_sms.models import AccountState, CounterGap, DeliveryStatus, Event, RefusedPush
from django_front_sms.states import State
from tests.factories import (
    AccountStateFactory,
    DeliveryStatusFactory,
    EventFactory,
    InboundMessageFactory,
    OutboundMessageFactory,
)

pytestmark = pytest.mark.django_db

WIDE = "/admin/front_sms/dashboard/"


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


@pytest.fixture(autouse=True)
def worker(db):
    """A worker was seen a moment ago."""
    return AccountStateFactory(clock=timezone.now())


def dashboard(browser):
    answer = browser.get(WIDE)
    assert answer.status_code == 200
    return answer


def cards(browser) -> list[str]:
    return [card.key for card in dashboard(browser).context["cards"]]


def everything_goes_wrong() -> None:
    """One or more of each thing that needs somebody."""
    now = timezone.now()
    for _ in range(7):
        OutboundMessageFactory(unconfirmed=True)
        EventFactory(subject="out:1", failed=True, traceback="Traceback\nValueError: 99999999")
        CounterGap.objects.create(account="default", first=1, last=3, shown_at=now, announced_at=now)
        RefusedPush.objects.create(account="default", purpose="inbound", limit=1)
    AccountStateFactory(paused=True)
    AccountStateFactory(account="other", key="other")  # it was in the settings once
    OutboundMessageFactory(account="other", created_at=now)
    InboundMessageFactory(problem="no time", received_at=now, account="another")
    DeliveryStatusFactory(message=None, status=None, problem="no id", gateway_id=None, received_at=now)
    OutboundMessageFactory(state=State.SENT, gateway_id=5, status_missed_at=now, created_at=now)
    OutboundMessageFactory(state=State.REJECTED, error_code=12, created_at=now)
    OutboundMessageFactory(state=State.DELIVERED, created_at=now, sent_at=now, delivered_at=now)


# ---- Who sees it


def test_the_dashboard_is_for_those_who_may_see_outgoing_messages(viewer, login):
    assert viewer.get(WIDE).status_code == 200
    assert login("view_inboundmessage").get(WIDE).status_code == 403


@pytest.mark.parametrize("page", ["/admin/", "/admin/front_sms/", "/admin/front_sms/outboundmessage/"])
def test_every_screen_leads_to_the_dashboard(viewer, login, page):
    assert f'href="{WIDE}"' in viewer.get(page).content.decode()
    assert f'href="{WIDE}"' not in login("view_inboundmessage").get(page).content.decode()


def test_each_card_is_for_those_who_may_see_its_rows(login, viewer):
    everything_goes_wrong()

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
        assert method(WIDE).status_code in (200, 405)
    assert boss.get(f"{WIDE}add/").status_code == boss.get(f"{WIDE}1/change/").status_code == 404


# ---- What needs somebody


def test_the_dashboard_says_when_nothing_needs_attention(viewer):
    OutboundMessageFactory(state=State.DELIVERED, created_at=timezone.now())

    assert cards(viewer) == []
    assert "Nothing needs attention." in dashboard(viewer).content.decode()


def test_a_worker_that_went_silent_comes_first(viewer):
    OutboundMessageFactory(unconfirmed=True)
    assert cards(viewer) == ["unconfirmed"]

    AccountStateFactory(clock=timezone.now() - timedelta(minutes=3))
    assert cards(viewer) == ["worker", "unconfirmed"]


def test_the_dashboard_says_how_to_start_a_worker_when_none_has_run(viewer, worker):
    worker.delete()

    assert cards(viewer) == ["worker"]


def buttons(browser, key: str) -> list[str]:
    (card,) = (card for card in dashboard(browser).context["cards"] if card.key == key)
    return [act.name for line in card.lines for act, _address in line.actions]


@pytest.mark.parametrize(
    ("key", "permission", "names"),
    [
        ("unconfirmed", "decide_outboundmessage", {"mark_sent", "send_anyway", "give_up"}),
        ("events", "redeliver_event", {"deliver_again"}),
    ],
)
def test_a_button_is_for_those_who_may_press_it(login, viewer, key, permission, names):
    everything_goes_wrong()
    view = ("view_outboundmessage", "view_accountstate", "view_event")

    assert set(buttons(login(*view, permission), key)) == names
    assert buttons(viewer, key) == []


@pytest.mark.parametrize(
    ("name", "state", "given_up"),
    [("mark_sent", State.SENT, False), ("send_anyway", State.QUEUED, False), ("give_up", State.UNCONFIRMED, True)],
)
def test_a_decision_leads_back_to_the_dashboard_where_its_message_is_gone(boss, name, state, given_up):
    sms = OutboundMessageFactory(unconfirmed=True)
    address = reverse("admin:front_sms_outboundmessage_action", args=[sms.pk, name])
    assert f'action="{address}"' in dashboard(boss).content.decode()

    asked = boss.post(address, {"next": WIDE}).content.decode()
    assert f'name="next" value="{WIDE}"' in asked and f'<a href="{WIDE}" class="button cancel-link">' in asked
    answer = boss.post(address, {"next": WIDE, "confirmed": "once"})

    assert answer.status_code == 302 and answer.headers["Location"] == WIDE
    sms.refresh_from_db()
    assert (sms.state, sms.given_up) == (state, given_up)
    assert cards(boss) == []


def test_a_flood_of_unknown_statuses_is_one_line(viewer, clock):
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

    answer = boss.post(address, {"next": WIDE, "confirmed": "once"}, follow=True)

    assert answer.redirect_chain[-1][0] == WIDE
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
        boss.post(address, {"next": WIDE, "confirmed": "once"})

    assert AccountState.objects.get().paused_at is None
    assert Event.objects.get(pk=failed.pk).next_at is not None


def test_a_receivers_error_is_named_without_what_it_said(viewer):
    EventFactory(subject="out:1", failed=True, traceback="Traceback\nValueError: 99999999 Kari")

    content = dashboard(viewer).content.decode()

    assert "ValueError" in content and "Kari" not in content


def test_of_many_only_some_are_shown_and_all_are_a_click_away(viewer):
    rows = [OutboundMessageFactory(unconfirmed=True) for _ in range(7)]
    (card,) = dashboard(viewer).context["cards"]

    assert [line.url.split("/")[-3] for line in card.lines] == [str(row.pk) for row in rows[:5]]
    assert card.more[1] == "See all 7"


def test_every_link_of_the_dashboard_leads_to_what_it_says(viewer):
    everything_goes_wrong()
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


def test_a_refusal_of_our_own_has_a_link_too(viewer):
    OutboundMessageFactory(state=State.REJECTED, created_at=timezone.now(), error_code=None)
    OutboundMessageFactory(state=State.REJECTED, created_at=timezone.now(), error_code=12)
    (own,) = (row for row in dashboard(viewer).context["refusals"] if row["code"] is None)

    assert len(viewer.get(own["url"]).context["cl"].result_list) == 1


# ---- How much it asks of the database


def test_the_dashboard_takes_at_most_twelve_queries_however_much_is_wrong(boss, django_assert_max_num_queries):
    everything_goes_wrong()

    with django_assert_max_num_queries(12):
        dashboard(boss)


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(boss):
    everything_goes_wrong()
    with CaptureQueriesContext(connection) as few:
        dashboard(boss)
    for _ in range(20):
        OutboundMessageFactory(unconfirmed=True)
        EventFactory(subject="out:1", failed=True)
    with CaptureQueriesContext(connection) as many:
        dashboard(boss)

    assert len(many) == len(few)


# ---- Figures


def test_charts_show_what_was_sent_and_the_same_numbers_stand_in_tables(viewer, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "PRICE_PER_SEGMENT": Decimal("0.50")}
    now = timezone.now()
    for state in (State.DELIVERED, State.DELIVERED, State.UNDELIVERED, State.REJECTED):
        OutboundMessageFactory(state=state, created_at=now, sent_at=now, delivered_at=now, segments=3)

    answer = dashboard(viewer)

    charts = {chart.key: chart for chart in answer.context["charts"]}
    assert list(charts) == ["hours", "days", "rates", "times", "spend"]
    assert charts["hours"].table[0][1] == charts["days"].table[0][1] == ["2", "0", "0", "0", "2", "0"]
    assert charts["rates"].table[0][1] == ["66.7 %"]
    assert charts["spend"].table[0][1] == ["4.50 kr"]
    assert answer.content.decode().count('<svg class="fs-drawing"') == 5


def test_a_site_that_names_no_price_sees_no_spend(viewer):
    OutboundMessageFactory(state=State.DELIVERED, created_at=timezone.now())
    answer = dashboard(viewer)

    assert "spend" not in {chart.key for chart in answer.context["charts"]}
    assert "Spent" not in {tile.name for tile in answer.context["tiles"]}


def test_a_new_site_has_no_charts_and_says_why(viewer):
    answer = dashboard(viewer)

    assert answer.context["charts"] == []
    assert "the charts come with the first message" in answer.content.decode()


def test_drawings_hold_plain_numbers_in_any_language(viewer, settings):
    settings.USE_THOUSAND_SEPARATOR = True
    settings.FRONT_SMS = {**settings.FRONT_SMS, "PRICE_PER_SEGMENT": Decimal("2500")}
    OutboundMessageFactory(
        state=State.DELIVERED, created_at=timezone.now(), sent_at=timezone.now(), delivered_at=timezone.now()
    )

    with override("nb"):
        content = viewer.get(WIDE, headers={"Accept-Language": "nb"}).content.decode()

    charts = "".join(re.findall("<figure.*?</figure>", content, re.DOTALL))
    numbers = re.findall(r'\s(?:x|y|width|height|cx|cy|viewBox)="([^"]*)"', charts)
    assert len(numbers) > 50
    assert [each for each in numbers if not re.fullmatch(r"[0-9]+(?:\.[0-9]+)?(?: [0-9]+)*", each)] == []


def a_chart(*values: tuple[float | None, ...], **options) -> Chart:
    series = [Series("good", "delivered"), Series("bad", "failed")][: len(values[0]) if values else 2]
    columns = [Column(f"day {n}", "", each) for n, each in enumerate(values)]
    return Chart("days", "Days", series, columns, lambda value: f"{value:g}", **options)


def test_boxes_stand_on_one_another_within_the_drawing():
    chart = a_chart((30, 10), (0, 0), (1, 79))
    ((_hint, (low, high)), (_none, empty), (_last, tall)) = chart.stacks

    assert empty == []
    assert low.y + low.height == chart.bottom and high.y + high.height == low.y
    assert low.height == pytest.approx(3 * high.height, abs=3)  # whole pixels
    assert chart.rows[-1].at == tall[-1].y and chart.rows[-1].words == "80"
    assert chart.left <= low.x and tall[0].x + tall[0].width <= chart.right


def test_one_of_a_million_is_still_to_be_seen():
    ((_hint, boxes),) = a_chart((1_000_000, 1)).stacks

    assert [box.height for box in boxes][1] == 1


@pytest.mark.parametrize(
    ("value", "top"), [(0, 2), (1, 2), (2, 2), (3, 4), (9, 10), (10, 10), (11, 20), (401, 600), (1001, 2000)]
)
def test_the_scale_ends_at_a_round_number_whose_half_is_round_too(value, top):
    assert a_chart((value, 0)).highest == top


def test_a_day_without_a_rate_has_no_point_and_a_dash_in_the_table():
    chart = a_chart((1.0,), (None,), (0.0,), top=1, is_line=True)

    assert len(chart.points) == 2
    assert [cells for _label, cells in chart.table] == [["0"], ["–"], ["1"]]


def test_a_chart_without_a_value_is_no_chart():
    assert not a_chart((0, 0), (0, 0)) and not a_chart((None,), (None,)) and a_chart((0, 1))


def test_what_a_chart_draws_by_itself_is_markup_only_where_it_wrote_it():
    column = Column("<b>1</b>", "", (2.0,))
    chart = Chart("days", "Days", [Series("good", "a & b")], [column], lambda value: f"<{value:g}>")

    assert str(chart.bars).startswith("<g><title>&lt;b&gt;1&lt;/b&gt;\na &amp; b: &lt;2&gt;</title><rect ")
    assert str(chart.bars).count("<") == 6
    assert chart.table_rows == '<tr><th scope="row">&lt;b&gt;1&lt;/b&gt;</th><td>&lt;2&gt;</td></tr>'


def test_a_stack_has_a_bar_for_each_value_in_its_place():
    chart = a_chart((30, 10), (0, 0), (1, 79))
    boxes = [box for _hint, stack in chart.stacks for box in stack]

    drawn = re.findall(
        r'<rect class="fs-bar fs-(\w+)" x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)" fill="url\(#fs-(\w+)\)"/>',
        chart.bars,
    )
    assert drawn == [(box.level, str(box.x), str(box.y), str(box.width), str(box.height), box.level) for box in boxes]


def test_the_dashboard_costs_no_more_than_twelve_queries_however_much_goes_wrong(boss, django_assert_max_num_queries):
    everything_goes_wrong()
    dashboard(boss)

    with django_assert_max_num_queries(12):
        dashboard(boss)


# ---- Who waits for an answer


class Names(Contacts):
    def labels(self, numbers):
        return {number: "Kari Nordmann" for number in numbers if number == "+4799999999"}


def question(number: str, hours: float, **fields):
    return InboundMessageFactory(sender=number, received_at=timezone.now() - timedelta(hours=hours), **fields)


def test_who_waits_longest_for_an_answer_comes_first_with_the_name(viewer, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "CONTACTS": f"{__name__}.Names"}
    first = question("+4799999999", 5, text="Er det\nåpent?")
    question("+4799999998", 4, opt_out_intent="out")
    question("+4799999997", 3, text="Hallo?")
    OutboundMessageFactory(unconfirmed=True)

    card = dashboard(viewer).context["cards"][0]

    assert (card.key, card.title) == ("unanswered", "2 conversations wait for an answer")
    assert [(line.words, line.detail) for line in card.lines] == [
        ("Kari Nordmann (+47 99 99 99 99)", "Er det åpent?"),
        ("+47 99 99 99 97", "Hallo?"),
    ]
    assert card.lines[0].url == reverse("admin:front_sms_conversation_in", args=[first.pk])


def test_of_many_who_wait_five_are_shown_and_all_are_a_click_away(viewer, monkeypatch):
    monkeypatch.setattr("django_front_sms.admin.dashboard.alerts.MOST_COUNTED", 6)
    monkeypatch.setattr("django_front_sms.admin.conversations.threads.MOST_COUNTED", 6)
    for n in range(8):
        question(f"+479999999{n}", 8 - n)

    (card,) = dashboard(viewer).context["cards"]

    assert len(card.lines) == 5 and card.title == "5+ conversations wait for an answer"
    assert card.more == ("/admin/front_sms/conversation/?show=unanswered", "See all 5+")


def test_the_dashboard_hides_conversations_without_permission(login):
    question("+4799999999", 1)

    answer = dashboard(login("view_outboundmessage"))

    assert answer.context["cards"] == [] and "Last message in" not in {tile.name for tile in answer.context["tiles"]}


def test_only_conversations_of_the_users_accounts_wait(viewer, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNT_ACCESS": "tests.admin.test_index.only_default"}
    question("+4799999999", 1, account="other")

    assert cards(viewer) == []


@pytest.mark.parametrize(
    ("hours", "value", "asks"), [(0, "just now", False), (4.5, "4 hours ago", False), (49, "2 days ago", True)]
)
def test_the_time_of_the_last_inbound_message_is_shown_with_a_hint_after_a_long_silence(viewer, hours, value, asks):
    question("+4799999999", hours)

    (tile,) = (tile for tile in dashboard(viewer).context["tiles"] if tile.name == "Last message in")

    assert tile.value.replace("\xa0", " ") == value
    assert ("Has Front's queue stopped?" in tile.note) is asks


def test_a_paused_account_and_its_waiting_messages_stand_above_the_cards(viewer, boss):
    OutboundMessageFactory()
    AccountStateFactory(paused=True)

    content = dashboard(boss).content.decode()

    assert "Sending is paused. 1 message waits." in content and "Resume sending" in content
    assert "Resume sending" not in dashboard(viewer).content.decode()
