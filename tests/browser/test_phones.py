"""The demo in a browser: the clinic and the admin in one tab, the phones in another."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.demo import ROOT, Demo, running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SAMPLE = ROOT / "django_front_sms" / "simulator" / "static" / "sample.jpg"
KARI, OLA = "+4799999999", "+4799999998"
HANG_TIMEOUT = 30_000  # milliseconds until something must have come


@pytest.fixture
def demo() -> Iterator[Demo]:
    with running() as demo:
        yield demo


@pytest.fixture
def tabs(chromium: Any, demo: Demo) -> Iterator[tuple[Any, Any]]:
    """The clinic's tab, logged in, and the phones'. No script may fail."""
    complaints: list[str] = []
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en")
    context.set_default_timeout(HANG_TIMEOUT)
    clinic, phones = context.new_page(), context.new_page()
    for tab in (clinic, phones):
        tab.on("pageerror", lambda error: complaints.append(str(error)))
    clinic.goto(demo.clinic)
    clinic.get_by_role("link", name="log in").first.click()
    clinic.get_by_label("Username").fill("demo")
    clinic.get_by_label("Password").fill("demo")
    clinic.keyboard.press("Enter")
    clinic.get_by_role("button", name="Remind Kari Nordmann").wait_for()
    phones.goto(demo.phones)
    yield clinic, phones
    assert complaints == []


def phone(phones: Any, number: str) -> Any:
    return phones.get_by_role("region", name=f"Phone {number}")


def write(phones: Any, number: str, text: str) -> None:
    """Send a text to the clinic from a phone that is not on the page yet."""
    other = phones.get_by_role("region", name="Another phone")
    other.get_by_label("From").fill(number)
    other.get_by_role("textbox", name="Text").fill(text)
    other.get_by_role("button", name="Send", exact=True).click()


def open_message(clinic: Any, demo: Demo, model: str, text: str) -> None:
    clinic.goto(f"{demo.admin}front_sms/{model}/")
    row = clinic.locator("#result_list tbody tr").filter(has_text=text).first
    row.locator("th a, td a").first.click()


def test_a_message_is_read_and_answered_with_a_picture(demo: Demo, tabs: tuple[Any, Any]) -> None:
    clinic, phones = tabs
    clinic.get_by_role("button", name="Remind Kari Nordmann").click()

    kari = phone(phones, KARI)
    bubble = kari.locator(".bubble.in").filter(has_text="Hei Kari Nordmann!")
    bubble.get_by_text("delivered").wait_for()
    assert "26114123450000" in bubble.inner_text()
    assert "1 SMS" in bubble.inner_text()

    kari.get_by_label("Text").fill("Ja, og her er henvisningen")
    kari.get_by_label("Picture").set_input_files(SAMPLE)
    kari.get_by_role("button", name="Send", exact=True).click()
    kari.get_by_text("accepted by the site").wait_for()
    kari.locator(".bubble.in").filter(has_text="Takk! Vi sees.").wait_for()

    open_message(clinic, demo, "inboundmessage", "her er henvisningen")
    picture = clinic.locator(".fs-files img")
    picture.wait_for()
    clinic.get_by_role("link", name="sample.jpg").wait_for()
    clinic.wait_for_function("image => image.naturalWidth === 480", arg=picture.element_handle())
    open_message(clinic, demo, "outboundmessage", "Hei Kari Nordmann!")
    clinic.get_by_text("The recipient answered").wait_for()
    clinic.goto(demo.clinic)
    clinic.get_by_role("row", name=re.compile("Kari Nordmann.*Confirmed")).wait_for()


def test_a_phone_that_is_off_receives_its_message_when_it_is_on(demo: Demo, tabs: tuple[Any, Any]) -> None:
    clinic, phones = tabs
    write(phones, OLA, "Hei")
    ola = phone(phones, OLA)
    ola.get_by_role("button", name="On").click()
    ola.get_by_role("button", name="On", pressed=False).wait_for()
    clinic.get_by_role("button", name="Remind Ola Nordmann").click()
    ola.get_by_text("at the operator, waits for the phone").wait_for()

    open_message(clinic, demo, "outboundmessage", "Hei Ola Nordmann!")
    badges = clinic.locator(".fs-badge")
    badges.filter(has_text="at the operator").first.wait_for()
    assert badges.filter(has_text="delivered").count() == 0

    ola.get_by_role("button", name="On").click()
    ola.locator(".bubble.in").get_by_text("delivered").wait_for()
    assert ola.get_by_text("waits for the phone").count() == 0
    clinic.wait_for_function(
        "async () => { const page = await fetch(location.href); return /fs-badge[^>]*>[^<]*(<[^>]*>[^<]*)*?delivered/"
        ".test(await page.text()); }"
    )


def test_a_parked_queue_is_restarted_by_the_link_in_the_mail(demo: Demo, tabs: tuple[Any, Any]) -> None:
    clinic, phones = tabs
    phones.get_by_text("Chaos and switches").click()
    phones.get_by_label("Retry delay").fill("0.2")
    phones.get_by_label("Site cut off").check()
    write(phones, OLA, "Er dere der?")
    mail = phones.locator(".mail")
    mail.get_by_text("Er dere der?").wait_for()
    assert "tried 3×" in mail.inner_text()
    assert phones.locator(".exchange[data-kind=inbound]").count() == 3

    phones.get_by_label("Site cut off").uncheck()
    mail.get_by_role("link", name="Restart the queue").click()
    phone(phones, OLA).get_by_text("accepted by the site").wait_for()
    assert phones.locator(".mail").count() == 0
    last = phones.locator(".exchange[data-kind=inbound]").first
    last.locator("summary").click()
    assert "HTTP/1.1 200 OK" in last.inner_text()
    assert "Er dere der?" in last.inner_text()

    open_message(clinic, demo, "inboundmessage", "Er dere der?")
    clinic.get_by_text("Er dere der?").first.wait_for()
