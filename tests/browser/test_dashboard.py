"""The dashboard in a browser: decisions with the keyboard, charts without colour, a phone, and a dark theme."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone

from django_front_sms.conf import get_settings
from django_front_sms.models import AccountState, Decision, Event, OutboundMessage
from django_front_sms.states import State
from tests.browser.accessibility import faults
from tests.factories import EventFactory, OutboundMessageFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE = "/admin/front_sms/dashboard/"

LABELS = """(() => {
    const name = each => each.textContent;
    const box = each => each.getBoundingClientRect();
    const cut = [], small = [], overlapping = [];
    for (const chart of document.querySelectorAll(".fs-chart:has(.fs-drawing)")) {
        const frame = box(chart);
        const labels = [...chart.querySelectorAll(".fs-scale, .fs-tick")];
        cut.push(...labels.filter(each => box(each).left < frame.left || box(each).right > frame.right).map(name));
        small.push(...labels.filter(each => box(each).height < 8).map(name));
        const ticks = labels.filter(each => each.classList.contains("fs-tick"));
        overlapping.push(...ticks.slice(1).filter((each, n) => box(each).left < box(ticks[n]).right).map(name));
    }
    return [cut, small, overlapping];
})()"""


@pytest.fixture
def kari(transactional_db) -> User:
    cache.clear()
    return User.objects.create_superuser("kari")


def a_month() -> None:
    """Messages of each state, now and in the days before."""
    now = timezone.now()
    for days in range(20):
        for n, state in enumerate((State.DELIVERED, State.DELIVERED, *State)):
            then = now - timedelta(days=days)
            OutboundMessageFactory(
                state=state,
                created_at=then,
                sent_at=then,
                delivered_at=then + timedelta(seconds=7 * n + days),
                next_at=now + timedelta(days=1) if state == State.QUEUED else None,
                error_code=12 if state == State.REJECTED else None,
                given_up=state == State.UNCONFIRMED,
            )


def trouble() -> tuple[OutboundMessage, Event, AccountState]:
    account = AccountState.objects.create(
        key=get_settings().account("default").gateway,
        account="default",
        paused_at=timezone.now(),
        pause_code=5,
        clock=timezone.now(),
    )
    sms = OutboundMessageFactory(unconfirmed=True, text="Donaudampfschifffahrtsgesellschaft" * 4)
    return sms, EventFactory(subject="out:1", failed=True, traceback="Traceback\nValueError: no"), account


def test_all_alerts_can_be_resolved_with_the_keyboard(kari, page_of):
    sms, failed, account = trouble()
    page = page_of(kari)
    page.goto("/admin/front_sms/")
    page.locator("#content").get_by_role("link", name="Dashboard").first.click()

    for name, done in (
        ("Resume sending", "was resumed"),
        ("Mark as sent", "marked as sent"),
        ("Deliver again", "is delivered again"),
    ):
        page.get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/action/**")
        page.get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{WIDE}")
        page.get_by_text(done).wait_for()

    page.get_by_text("Nothing needs attention.").wait_for()
    assert OutboundMessage.objects.get(pk=sms.pk).state == State.SENT
    assert Event.objects.get(pk=failed.pk).failed is False
    assert AccountState.objects.get(pk=account.pk).paused_at is None
    assert {decision.by for decision in Decision.objects.all()} == {kari}


def test_cancelling_the_confirmation_returns_to_the_dashboard(kari, page_of):
    trouble()
    page = page_of(kari)
    page.goto(WIDE)

    page.get_by_role("button", name="Send anyway").click()
    page.get_by_role("link", name="No, take me back").click()
    page.wait_for_url(f"**{WIDE}")

    assert not Decision.objects.exists()


def test_each_series_has_a_pattern_and_every_number_is_in_a_table(kari, page_of):
    a_month()
    page = page_of(kari)
    page.goto(WIDE)

    fills = page.evaluate("[...document.querySelectorAll('.fs-legend rect')].map(bar => bar.getAttribute('fill'))")
    assert len(set(fills)) == 6
    for fill in set(fills):
        assert page.locator(f"pattern{fill[4:-1]}").count() == 1

    chart = page.locator("figure", has_text="Messages per day")
    assert chart.locator("rect.fs-bar").count() > 6
    assert not chart.locator("table").is_visible()
    chart.locator("summary").focus()
    page.keyboard.press("Enter")
    first = chart.locator("tbody tr").first
    assert first.locator("td").all_inner_texts() == ["3", "2", "2", "1", "2", "3"]


def test_a_bar_has_a_tooltip_with_its_day_and_numbers(kari, page_of):
    a_month()
    page = page_of(kari)
    page.goto(WIDE)

    hint = page.locator("figure", has_text="Messages per day").locator("g title").last.text_content()

    assert "delivered: 3" in hint and "failed: 2" in hint


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_the_dashboard_has_no_serious_accessibility_fault(kari, page_of, width, theme):
    trouble()
    a_month()
    page = page_of(kari, width=width, theme=theme)
    page.goto(WIDE)
    for summary in page.locator("summary").all():
        summary.click()

    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("locale", ["en", "nb"])
def test_a_phone_shows_whole_charts_with_every_label(kari, page_of, locale):
    a_month()
    page = page_of(kari, width=390, locale=locale)
    page.goto(WIDE)

    cut, small, overlapping = page.evaluate(LABELS)

    assert (cut, small, overlapping) == ([], [], [])


def test_the_scale_is_on_the_left(kari, page_of):
    a_month()
    page = page_of(kari)
    page.goto(WIDE)

    left, right = page.evaluate(
        """(() => {
            const edges = name => [...document.querySelectorAll(name)].map(each => each.getBoundingClientRect());
            return [Math.max(...edges(".fs-wide .fs-scale").map(each => each.right)),
                    Math.min(...edges(".fs-wide .fs-drawing .fs-bar").map(each => each.left).filter(Boolean))];
        })()"""
    )
    assert left < right
