"""No screen has a serious accessibility fault (axe-core): in light and dark themes and on a phone."""

import pytest
from django.contrib.auth.models import User

from tests.browser.accessibility import faults
from tests.browser.screens import change, screens
from tests.factories import OutboundMessageFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def kari(transactional_db) -> User:
    return User.objects.create_superuser("kari")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_no_screen_has_a_serious_fault(kari, page_of, theme, width):
    page = page_of(kari, theme=theme, width=width)

    found: dict[str, list[str]] = {}  # a fault, and the screens that have it
    for name, address in screens().items():
        page.goto(address)
        assert page.locator("h1").count(), name
        for fault in faults(page):
            found.setdefault(fault, []).append(name)

    assert not found, "\n\n".join(f"{fault}\n  on {', '.join(names)}" for fault, names in found.items())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_confirmation_page_has_no_faults(kari, page_of, theme):
    page = page_of(kari, theme=theme)
    page.goto(change(OutboundMessageFactory(unconfirmed=True)))
    page.get_by_role("button", name="Send anyway").click()
    page.get_by_text("the recipient gets it twice").wait_for()

    assert faults(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_composer_and_its_review_page_have_no_faults(kari, page_of, theme):
    page = page_of(kari, theme=theme)
    page.goto("/admin/front_sms/outboundmessage/add/")
    page.get_by_label("To", exact=True).fill("99999999\n12\n+4791234567")
    page.get_by_label("Text", exact=True).fill("Hei «Kari» – kl. 10 😊")
    page.get_by_text("12", exact=True).wait_for()
    written = faults(page)
    page.get_by_label("To", exact=True).fill("99999999")
    page.get_by_role("button", name="Review and send").click()
    page.get_by_role("button", name="Send to 1 number").wait_for()

    assert written == [] and faults(page) == []


def test_axe_finds_an_existing_fault(kari, page_of):
    page = page_of(kari)
    page.goto("/admin/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"/x.png\"><button></button>')")

    assert {fault.partition(":")[0] for fault in faults(page)} >= {"image-alt", "button-name"}
