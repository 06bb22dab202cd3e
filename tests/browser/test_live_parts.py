"""Pages that update themselves in a browser, in English and bokmål."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import ngettext

from django_front_sms.models import AccountState, OutboundMessage
from django_front_sms.states import State
from tests.browser.accessibility import faults
from tests.factories import AccountStateFactory, BulkSendFactory, InboundMessageFactory, OutboundMessageFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DASHBOARD = "/admin/front_sms/dashboard/"
LIST = "/admin/front_sms/outboundmessage/"
LOOK = """hidden => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""
WORDS = {
    "en": {
        "delivered": "delivered",
        "stop": "Stop the message",
        "lost": "No connection: what you see may be old",
        "out": "You are logged out. Reload the page.",
        "count": "Conversations (1 unanswered)",
        "waits": "1 conversation waits for an answer",
        "paused": "Sending is paused. 1 message waits.",
        "resume": "Resume sending",
        "nothing": "Nothing needs attention.",
        "last": "Last message in",
    },
    "nb": {
        "delivered": "levert",
        "stop": "Stopp meldingen",
        "lost": "Ingen forbindelse: det du ser, kan være gammelt",
        "out": "Du er logget ut. Last siden på nytt.",
        "count": "Samtaler (1 ubesvart)",
        "waits": "1 samtale venter på svar",
        "paused": "Sendingen er satt på pause. 1 melding venter.",
        "resume": "Gjenoppta sendingen",
        "nothing": "Ingenting å følge opp.",
        "last": "Siste melding inn",
    },
}


@pytest.fixture(params=["en", "nb"])
def words(request) -> dict[str, str]:
    """Texts of the screens in one of the languages."""
    return {"locale": request.param, **WORDS[request.param]}


@pytest.fixture
def kari(transactional_db) -> User:
    return User.objects.create_superuser("kari")


def change(row: Any) -> str:
    return reverse(f"admin:front_sms_{row._meta.model_name}_change", args=[row.pk])


def mark(page: Any) -> None:
    """Set a variable that a reload would remove."""
    page.evaluate("window.stillHere = true")


def is_the_same_page(page: Any) -> bool:
    return page.evaluate("window.stillHere === true")


def requests_of(page: Any) -> list[str]:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


def test_a_message_page_updates_until_the_final_state(kari, page_of, words):
    sms = OutboundMessageFactory(recipient="+4799999999")
    page = page_of(kari, locale=words["locale"])
    page.goto(change(sms))
    mark(page)
    page.get_by_role("button", name=words["stop"]).focus()
    page.locator("details.fs-technical summary").click()
    page.get_by_role("button", name=words["stop"]).focus()

    OutboundMessage.objects.filter(pk=sms.pk).update(state=State.DELIVERED, gateway_id=5, delivered_at=timezone.now())

    page.locator("#fs-state").get_by_text(words["delivered"], exact=True).wait_for()
    assert page.get_by_role("button", name=words["stop"]).count() == 0
    assert page.locator("details.fs-technical").get_attribute("open") is not None
    asked = requests_of(page)
    page.wait_for_timeout(4000)
    assert asked == [] and is_the_same_page(page)


def test_a_list_shows_new_states_and_keeps_ticked_rows(kari, page_of, words):
    first, second = OutboundMessageFactory(), OutboundMessageFactory()
    page = page_of(kari, locale=words["locale"])
    page.goto(LIST)
    mark(page)
    page.locator(f"input.action-select[value='{second.pk}']").check()

    OutboundMessage.objects.filter(pk=first.pk).update(state=State.DELIVERED, delivered_at=timezone.now())

    page.locator(f"#fs-state-{first.pk}").get_by_text(words["delivered"], exact=True).wait_for()
    assert page.locator(f"input.action-select[value='{second.pk}']").is_checked()
    assert is_the_same_page(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_list_announces_new_rows_without_moving_those_it_shows(kari, page_of, words, width):
    OutboundMessageFactory.create_batch(3, delivered=True)
    page = page_of(kari, locale=words["locale"], width=width)
    page.goto(f"{LIST}?account=default")
    mark(page)
    first = page.locator("#result_list tbody tr").first
    place = first.bounding_box()

    with translation.override(words["locale"]):
        one, two = (
            ngettext("%(n)s new message. Show it", "%(n)s new messages. Show them", n) % {"n": n} for n in (1, 2)
        )
    for line in (one, two):
        OutboundMessageFactory(delivered=True)
        page.get_by_role("status").get_by_role("link", name=line, exact=True).wait_for()
    assert first.bounding_box() == place and is_the_same_page(page)
    page.context.set_offline(True)
    page.get_by_text(words["lost"]).wait_for()
    page.context.set_offline(False)
    page.get_by_role("link", name=two).press("Enter")

    page.locator("#result_list tbody tr").nth(4).wait_for()
    assert "account=default" in page.url and not is_the_same_page(page)
    assert page.get_by_role("link", name=two).count() == 0


def test_a_bulk_page_updates_its_counts(kari, page_of, words):
    bulk = BulkSendFactory(sender="x", text="Hei", recipients=1)
    sms = OutboundMessageFactory(bulk=bulk)
    page = page_of(kari, locale=words["locale"])
    page.goto(change(bulk))
    mark(page)

    OutboundMessage.objects.filter(pk=sms.pk).update(state=State.DELIVERED, delivered_at=timezone.now())

    page.locator("#fs-fields").get_by_text(words["delivered"], exact=True).wait_for()
    assert is_the_same_page(page)


def test_a_new_inbound_message_is_shown_on_the_dashboard_the_index_and_the_tab(kari, page_of, words):
    AccountStateFactory(clock=timezone.now())
    page = page_of(kari, locale=words["locale"])
    page.goto(DASHBOARD)
    page.get_by_text(words["nothing"], exact=True).wait_for()
    mark(page)

    InboundMessageFactory(sender="+4799999999", text="Er det åpent?", received_at=timezone.now())
    page.evaluate(LOOK, False)  # as somebody who comes back to the tab

    page.get_by_role("heading", name=words["waits"]).wait_for()
    assert page.get_by_text(words["last"]).is_visible() and is_the_same_page(page)
    page.goto("/admin/")
    assert page.get_by_role("link", name=words["count"]).is_visible()
    page.goto(DASHBOARD)
    page.get_by_role("link", name="+47 99 99 99 99").click()
    page.locator("#fs-tabs .fs-number-of").get_by_text("1").wait_for()


def test_a_paused_account_is_shown_and_can_be_resumed_on_every_page(kari, page_of, words):
    sms = OutboundMessageFactory()
    account = AccountStateFactory(paused=True, clock=timezone.now())
    page = page_of(kari, locale=words["locale"])

    for address in ("/admin/", LIST, f"{LIST}add/", change(sms), DASHBOARD, "/admin/front_sms/conversation/"):
        page.goto(address)
        assert page.get_by_text(words["paused"]).is_visible(), address
    page.get_by_role("button", name=words["resume"]).click()
    page.get_by_role("button", name=words["resume"]).click()
    page.wait_for_url("**/conversation/")

    assert AccountState.objects.get(pk=account.pk).paused_at is None
    assert page.get_by_text(words["paused"]).count() == 0


def test_a_notice_is_shown_while_the_browser_is_offline(kari, page_of, words):
    sms = OutboundMessageFactory()
    page = page_of(kari, locale=words["locale"])
    page.goto(change(sms))

    page.context.set_offline(True)
    page.get_by_text(words["lost"]).wait_for()
    page.context.set_offline(False)

    page.wait_for_function("document.querySelector('[data-live]').textContent === ''")


def test_after_logout_a_notice_is_shown_and_requests_stop(kari, page_of, words):
    page = page_of(kari, locale=words["locale"])
    page.goto(change(OutboundMessageFactory()))

    Session.objects.all().delete()
    page.get_by_text(words["out"]).wait_for()
    asked = requests_of(page)
    page.wait_for_timeout(4000)

    assert asked == []


def test_a_hidden_page_sends_no_requests(kari, page_of):
    page = page_of(kari)
    page.goto(change(OutboundMessageFactory()))
    asked = requests_of(page)

    page.evaluate(LOOK, True)
    page.wait_for_timeout(4000)
    assert asked == []
    page.evaluate(LOOK, False)
    page.wait_for_timeout(500)
    assert any("part=live" in url for url in asked)


def test_without_scripts_the_pages_show_the_same_after_a_reload(kari, page_of):
    page = page_of(kari, scripts=False)
    sms = OutboundMessageFactory()
    page.goto(change(sms))

    page.get_by_role("button", name="Stop the message").click()
    page.get_by_role("button", name="Stop the message").click()
    page.locator("#fs-state").get_by_text("stopped", exact=True).wait_for()

    assert OutboundMessage.objects.get(pk=sms.pk).state == State.CANCELLED


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_waiting_messages_have_no_serious_accessibility_fault_and_are_not_too_wide(kari, page_of, theme, width):
    AccountStateFactory(paused=True, clock=timezone.now())
    InboundMessageFactory(sender="+4799999999", text="Donaudampfschifffahrtsgesellschaft" * 5)
    sms = OutboundMessageFactory()
    page = page_of(kari, theme=theme, width=width)

    for address in ("/admin/", "/admin/front_sms/", LIST, change(sms), DASHBOARD, "/admin/front_sms/conversation/"):
        page.goto(address)
        assert faults(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
