"""Conversations in a browser: live updates, unfinished replies, and safe sending."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.urls import reverse

from django_front_sms.models import InboundMessage, OutboundMessage
from django_front_sms.states import State
from tests.browser.accessibility import faults
from tests.factories import InboundMessageFactory, MmsFileFactory, OptOutFactory, OutboundMessageFactory, at
from tests.inbox.pictures import png

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/admin/front_sms/conversation/"
KARI, OLA = "+4799999999", "+4799999998"
PSK = "26114123450000"
POLICY = "default-src 'none'; img-src 'self' data:; script-src 'self'; style-src 'self'; connect-src 'self'; "
POLICY += "form-action 'self'; base-uri 'none'"


@pytest.fixture
def boss(transactional_db) -> User:
    return User.objects.create_superuser("kari")


def out(number: str = KARI, seconds: float = 0, text: str = "ours", **fields: Any) -> OutboundMessage:
    return OutboundMessageFactory(recipient=number, created_at=at(seconds), text=text, **{"sender": PSK, **fields})


def come(number: str = KARI, seconds: float = 0, text: str = "theirs", **fields: Any) -> InboundMessage:
    return InboundMessageFactory(
        sender=number, received_at=at(seconds), text=text, **{"sent_at": at(seconds), **fields}
    )


def address(row: Any) -> str:
    return reverse(f"admin:front_sms_conversation_{'out' if isinstance(row, OutboundMessage) else 'in'}", args=[row.pk])


def bubble(page: Any, text: str) -> Any:
    return page.locator(".fs-message").filter(has_text=text)


def box(page: Any) -> Any:
    return page.get_by_role("textbox", name="Your message")


def mark(page: Any) -> None:
    """Set a variable that a reload would remove."""
    page.evaluate("window.stillHere = true")


def is_the_same_page(page: Any) -> bool:
    return page.evaluate("window.stillHere === true")


def test_a_new_message_appears_and_is_announced(boss, page_of):
    page = page_of(boss)
    page.goto(address(out(text="Kommer du?")))
    mark(page)

    come(seconds=60, text="Ja, nå!")

    bubble(page, "Ja, nå!").wait_for()
    assert page.locator("[data-announcement]").inner_text() == "New message: Ja, nå!"
    assert page.evaluate("[...document.querySelectorAll('.fs-text')].map(each => each.textContent)") == [
        "Kommer du?",
        "Ja, nå!",
    ]
    assert page.locator(".fs-day").count() == 1 and is_the_same_page(page)


def test_a_changed_state_is_shown_and_announced(boss, page_of):
    sms = out(text="Kommer du?", state=State.SENT, gateway_id=1)
    page = page_of(boss)
    page.goto(address(sms))
    mark(page)

    OutboundMessage.objects.filter(pk=sms.pk).update(state=State.DELIVERED)

    bubble(page, "Kommer du?").get_by_text("delivered").wait_for()
    assert page.locator("[data-announcement]").inner_text() == "Kommer du? is now delivered"
    assert is_the_same_page(page)


def test_the_list_shows_a_new_conversation_first_without_a_reload(boss, page_of):
    out(KARI, 0)
    page = page_of(boss)
    page.goto(LIST)
    mark(page)

    come(OLA, 60, "Hallo?")

    page.get_by_role("link", name="Hallo?").wait_for(timeout=20_000)
    assert page.locator(".fs-number").all_inner_texts() == ["+47 99 99 99 98", "+47 99 99 99 99"]
    assert is_the_same_page(page)


def test_a_reply_is_written_counted_and_sent_with_the_keyboard(boss, page_of):
    page = page_of(boss)
    page.goto(address(come(text="Er det åpent?")))
    mark(page)
    assert page.get_by_text(f"You write as {PSK}").is_visible()

    box(page).fill("Ja, til kl. 16 😊")
    assert "1 SMS" in page.locator("[data-count]").inner_text()
    page.keyboard.press("Control+Enter")

    bubble(page, "Ja, til kl. 16 😊").get_by_text("by kari").wait_for()
    page.wait_for_function("document.activeElement.id === 'fs-text' && document.activeElement.value === ''")
    sent = OutboundMessage.objects.get()
    assert (sent.sender, sent.created_by, sent.reply_to) == (PSK, boss, InboundMessage.objects.get())
    assert is_the_same_page(page)


def test_a_double_click_sends_once(boss, page_of):
    page = page_of(boss)
    page.goto(address(come()))

    box(page).fill("Ja")
    page.get_by_role("button", name="Send", exact=True).dblclick()

    bubble(page, "by kari").wait_for()
    page.wait_for_timeout(500)
    assert OutboundMessage.objects.count() == 1


def test_a_reply_that_is_retried_after_a_lost_response_is_sent_once(boss, page_of):
    page = page_of(boss)
    page.goto(address(come()))
    lost = []

    def lose(route: Any) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().status)  # it reaches the server, and the way back breaks
            route.abort()
        else:
            route.continue_()

    page.route("**/conversation/in/**", lose)
    box(page).fill("Ja")
    page.keyboard.press("Control+Enter")
    page.get_by_text("There is no connection").wait_for()
    assert box(page).input_value() == "Ja"
    page.keyboard.press("Control+Enter")

    page.wait_for_function("document.getElementById('fs-text').value === ''")
    assert lost == [200] and OutboundMessage.objects.count() == 1


def test_a_reply_that_cannot_be_sent_shows_the_error_and_keeps_the_text_in_the_browser(boss, page_of):
    page = page_of(boss)
    page.goto(address(come()))

    box(page).fill("x" * 1025)
    assert "Too long" in page.locator("[data-count]").inner_text()
    page.keyboard.press("Control+Enter")

    page.get_by_role("alert").get_by_text("at most 1024").wait_for()
    assert len(box(page).input_value()) == 1025 and not OutboundMessage.objects.exists()


def test_an_unfinished_reply_is_kept_while_messages_arrive(boss, page_of):
    page = page_of(boss)
    page.goto(address(come(text="Hei")))

    box(page).fill("Jeg skriver fortsatt")
    come(seconds=5, text="En ting til")
    bubble(page, "En ting til").wait_for()

    assert box(page).input_value() == "Jeg skriver fortsatt"
    newest = InboundMessage.objects.latest("pk").pk
    page.wait_for_function(f"document.querySelector('[name=answering]').value === '{newest}'")


def test_an_opt_out_closes_the_reply_form_without_a_reload(boss, page_of):
    page = page_of(boss)
    page.goto(address(come()))
    assert box(page).is_enabled()

    OptOutFactory(number=KARI, sender=PSK)

    page.get_by_text("They opted out").wait_for()
    assert box(page).is_disabled() and page.get_by_role("button", name="Send", exact=True).is_disabled()


def test_a_hidden_page_sends_no_requests(boss, page_of):
    page = page_of(boss)
    page.goto(address(come()))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    look = "hidden => {Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
    look += "document.dispatchEvent(new Event('visibilitychange'))}"

    page.evaluate(look, True)
    page.wait_for_timeout(4000)
    assert asked == []
    page.evaluate(look, False)
    page.wait_for_timeout(500)
    assert any("part=updates" in url for url in asked)


def test_after_logout_a_notice_is_shown_and_requests_stop(boss, page_of):
    page = page_of(boss)
    page.clock.install()
    page.goto(address(come()))

    Session.objects.all().delete()
    page.clock.fast_forward("01:00")
    page.get_by_text("You are logged out. Reload the page.").wait_for()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for("30:00")

    assert asked == []


def test_a_notice_is_shown_while_the_server_is_unavailable(boss, page_of):
    page = page_of(boss)
    page.goto(address(come()))

    page.route("**part=updates**", lambda route: route.abort())
    page.get_by_text("No connection. Trying again").wait_for()
    page.unroute("**part=updates**")
    come(seconds=5, text="Er du der?")

    bubble(page, "Er du der?").wait_for(timeout=20_000)
    assert page.get_by_text("No connection").count() == 0


def test_loading_earlier_messages_keeps_the_scroll_position(boss, page_of):
    rows = [out(seconds=n * 60, text=f"text {n}.") for n in range(60)]
    page = page_of(boss)
    page.goto(address(rows[0]))
    page.locator(".fs-scroll").evaluate("each => each.scrollTop = 0")
    before = bubble(page, "text 20.").bounding_box()["y"]
    mark(page)

    page.get_by_role("link", name="Earlier messages").click()
    bubble(page, "text 0.").wait_for(state="attached")

    assert abs(bubble(page, "text 20.").bounding_box()["y"] - before) < 40
    assert page.locator(".fs-message").count() == 60 and page.locator(".fs-day").count() == 1
    assert page.locator(".fs-message .fs-text").all_inner_texts() == [f"text {n}." for n in range(60)]
    assert is_the_same_page(page)


def test_a_new_message_shows_a_notice_without_scrolling(boss, page_of):
    rows = [out(seconds=n * 60, text=f"text {n}.") for n in range(40)]
    page = page_of(boss)
    page.goto(address(rows[0]))
    page.locator(".fs-scroll").evaluate("each => each.scrollTop = 0")

    come(seconds=9999, text="Nytt!")
    down = page.get_by_role("button", name="New messages")
    down.wait_for()
    assert page.locator(".fs-scroll").evaluate("each => each.scrollTop") < 50
    down.click()

    bubble(page, "Nytt!").wait_for()
    assert not down.is_visible()


def test_a_new_picture_is_shown(boss, page_of):
    page = page_of(boss)
    page.goto(address(out()))

    mms = come(seconds=5, text="Se!")
    MmsFileFactory(message=mms, name="a.png", content_type="image/png", content=png(40, 30))

    page.wait_for_function("document.querySelector('.fs-balloon img')?.naturalWidth === 40", timeout=20_000)


def test_conversations_work_without_scripts(boss, page_of):
    page = page_of(boss, scripts=False)
    for n in range(45):
        come(KARI, n, f"text {n}.")
    page.goto(LIST)

    page.get_by_role("link", name="+47 99 99 99 99").click()
    box(page).fill("Ja")
    page.get_by_role("button", name="Send", exact=True).click()
    bubble(page, "by kari").wait_for()
    page.get_by_role("link", name="Earlier messages").click()

    bubble(page, "text 0.").wait_for()
    assert OutboundMessage.objects.get().text == "Ja"


def test_a_strict_content_security_policy_is_kept_by_conversations(boss, page_of):
    sms = come(text="Hei")
    MmsFileFactory(message=sms, name="a.png", content_type="image/png", content=png(40, 30))
    page = page_of(boss)
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text) if "Content Security Policy" in line.text else None)

    def strictly(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": POLICY})

    page.route("**/conversation/**", strictly)
    page.goto(address(sms))
    box(page).fill("Hei")
    page.keyboard.press("Control+Enter")
    bubble(page, "by kari").wait_for()
    page.wait_for_function("document.querySelector('.fs-balloon img').naturalWidth === 40")

    assert refused == []


def test_scripts_in_messages_are_not_executed(boss, page_of):
    evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
    sms = come(evil, text=evil)
    page = page_of(boss)

    for place in (LIST, address(sms)):
        page.goto(place)
        assert page.get_by_text("onerror").count() > 0
    come(evil, 5, f"{evil} again")
    bubble(page, "again").wait_for()  # page_of fails the test where a dialog opened


def test_a_phone_shows_the_list_or_a_conversation_without_horizontal_scrolling(boss, page_of):
    sms = come(text="Donaudampfschifffahrtsgesellschaft" * 5)
    MmsFileFactory(message=sms, name="z" * 200 + ".png", content_type="image/png", content=png(900, 600))
    MmsFileFactory(message=sms, name="z" * 200 + ".pdf", content_type="application/pdf", content=b"%PDF", position=1)
    out(text="x" * 300, state=State.UNCONFIRMED, seconds=5)
    page = page_of(boss, width=390)

    page.goto(LIST)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="+47 99 99 99 99").click()
    box(page).wait_for()
    assert not page.get_by_role("searchbox", name="A number").is_visible()
    widths = "[...document.querySelectorAll('.fs-scroll, .fs-message, .fs-reply')].map(each => each.scrollWidth)"
    assert max(page.evaluate(widths)) <= 390
    assert page.locator(".fs-scroll").evaluate("each => each.scrollWidth <= each.clientWidth")
    page.get_by_role("link", name="All conversations").click()
    assert page.get_by_role("searchbox", name="A number").is_visible()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_a_conversation_has_no_serious_fault(boss, page_of, theme, width):
    for n, state in enumerate(State):
        out(seconds=n, state=state, error_code=1 if state == State.REJECTED else None)
    mms = come(seconds=50, problem="a file is not Base64")
    MmsFileFactory(message=mms, name="a.png", content_type="image/png", content=png(40, 30))
    MmsFileFactory(message=mms, name="b.pdf", content_type="application/pdf", content=b"%PDF", position=1)
    OptOutFactory(number=OLA, sender=PSK)
    page = page_of(boss, theme=theme, width=width)

    for row in (mms, come(OLA, 60, "STOPP"), come("Vipps", 61)):
        page.goto(address(row))
        assert faults(page) == []
