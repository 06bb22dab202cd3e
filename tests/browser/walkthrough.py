"""The first steps of a new user with `make demo`, in the admin and on the page of simulated phones.

`test_walkthrough.py` takes these steps, and so does `docs/screenshots/walkthrough.py` for the documentation.
"""

from collections.abc import Callable
from typing import Any

from tests.browser.demo import ROOT, Demo

SAMPLE = ROOT / "django_front_sms" / "simulator" / "static" / "sample.jpg"
KARI = "+4799999999"
HANG_TIMEOUT = 60_000  # milliseconds until something must have come

Shoot = Callable[[Any, str], None]


def walk_through(demo: Demo, staff: Any, phones: Any, shoot: Shoot) -> None:
    """Take the steps in the tabs `staff` (the admin) and `phones`. `shoot(tab, name)` takes a screenshot."""
    log_in(demo, staff)
    text_from_the_admin(demo, staff)
    phones.goto(demo.phones)
    kari = read_it_on_the_phone(phones)
    reply_with_a_picture(kari)
    shoot(phones, "walkthrough-1-reply")
    see_it_in_the_conversation(staff)
    shoot(staff, "walkthrough-2-conversation")
    switch_the_phone_off_and_see_the_waiting(staff, kari)
    shoot(phones, "walkthrough-3-phone-off")
    shoot(staff, "walkthrough-4-waiting")
    switch_it_on_again(staff, kari)
    park_the_queue(phones, kari)
    shoot(phones, "walkthrough-5-parked")
    restart_it(staff, phones)
    shoot(staff, "walkthrough-6-restarted")


def log_in(demo: Demo, staff: Any) -> None:
    staff.goto(demo.admin)
    staff.get_by_label("Username").fill("demo")
    staff.get_by_label("Password").fill("demo")
    staff.keyboard.press("Enter")
    staff.get_by_role("link", name="Conversations").first.click()


def text_from_the_admin(demo: Demo, staff: Any) -> None:
    """Send a text with the composer, and open the conversation."""
    staff.get_by_text("Nobody has written yet.").wait_for()
    staff.get_by_role("link", name="Write message").first.click()
    staff.locator("#id_to").fill("999 99 999")
    staff.locator("#id_text").fill("Hei Kari! Kan du sende oss et bilde av henvisningen?")
    staff.get_by_role("button", name="Review and send").click()
    staff.get_by_role("button", name="Send to 1 number").click()
    staff.get_by_role("link", name="Conversation", exact=True).click()
    bubble(staff, "Hei Kari!").get_by_text("delivered").wait_for()
    staff.evaluate("window.stillHere = true")


def read_it_on_the_phone(phones: Any) -> Any:
    kari = phones.get_by_role("region", name=f"Phone {KARI}")
    arrived = kari.locator(".bubble.in").filter(has_text="Hei Kari!")
    arrived.get_by_text("delivered").wait_for()
    assert "26114123450000" in arrived.inner_text()
    return kari


def reply_with_a_picture(kari: Any) -> None:
    kari.get_by_label("Text").fill("Her er den 😊")
    kari.get_by_label("Picture").set_input_files(SAMPLE)
    kari.get_by_role("button", name="Send", exact=True).click()
    kari.get_by_text("accepted by the site").wait_for()


def see_it_in_the_conversation(staff: Any) -> None:
    reply = bubble(staff, "Her er den 😊")
    reply.wait_for()
    staff.wait_for_function("document.querySelector('.fs-balloon img')?.naturalWidth === 480")
    assert reply.locator("img").get_attribute("alt") == "sample.jpg"


def switch_the_phone_off_and_see_the_waiting(staff: Any, kari: Any) -> None:
    kari.get_by_role("button", name="On").click()
    kari.get_by_role("button", name="On", pressed=False).wait_for()
    staff.get_by_role("textbox", name="Your message").fill("Takk, den er fin. Vi sees torsdag!")
    staff.keyboard.press("Control+Enter")
    kari.get_by_text("at the operator, waits for the phone").wait_for()
    bubble(staff, "Vi sees torsdag!").get_by_text("at the operator").wait_for()


def switch_it_on_again(staff: Any, kari: Any) -> None:
    kari.get_by_role("button", name="On").click()
    kari.get_by_role("button", name="On", pressed=True).wait_for()
    bubble(staff, "Vi sees torsdag!").get_by_text("delivered").wait_for()


def park_the_queue(phones: Any, kari: Any) -> None:
    phones.get_by_text("Chaos and switches").click()
    phones.get_by_label("Retry delay").fill("0.2")
    phones.get_by_label("Site cut off").check()
    kari.get_by_label("Text").fill("Må jeg ta med noe?")
    kari.get_by_role("button", name="Send", exact=True).click()
    phones.locator(".mail").get_by_text("Må jeg ta med noe?").wait_for()


def restart_it(staff: Any, phones: Any) -> None:
    phones.get_by_label("Site cut off").uncheck()
    phones.locator(".mail").get_by_role("link", name="Restart the queue").click()
    bubble(staff, "Må jeg ta med noe?").wait_for()
    assert phones.locator(".mail").count() == 0
    assert staff.evaluate("window.stillHere"), "the conversation was reloaded"


def bubble(staff: Any, text: str) -> Any:
    return staff.locator(".fs-message").filter(has_text=text)
