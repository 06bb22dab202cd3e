"""The admin in a browser: with the keyboard, on a phone, and with a dark theme."""

import io

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from django_front_sms.models import Decision, OutboundMessage
from django_front_sms.states import State
from tests.factories import InboundMessageFactory, MmsFileFactory, OutboundMessageFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/admin/front_sms/outboundmessage/"
CONTRASTS = """
() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
    const luminance = color => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
            .map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    return [...document.querySelectorAll(".fs-badge")].map(badge => {
        const style = getComputedStyle(badge);
        const [dark, light] = [luminance(style.color), luminance(style.backgroundColor)].sort((a, b) => a - b);
        return [badge.innerText, (light + 0.05) / (dark + 0.05)];
    });
}
"""


@pytest.fixture
def kari(transactional_db) -> User:
    return User.objects.create_superuser("kari")


def change(row) -> str:
    return reverse(f"admin:front_sms_{row._meta.model_name}_change", args=[row.pk])


def picture() -> bytes:
    image = pytest.importorskip("PIL.Image")
    content = io.BytesIO()
    image.new("RGB", (40, 30), "green").save(content, "PNG")
    return content.getvalue()


def test_a_decision_is_possible_with_the_keyboard(kari, page_of):
    sms = OutboundMessageFactory(unconfirmed=True)
    page = page_of(kari)
    page.goto(change(sms))

    page.get_by_role("button", name="Send anyway").focus()
    page.keyboard.press("Enter")
    page.get_by_text("If it was sent already, the recipient gets it twice").wait_for()
    page.get_by_role("button", name="Send anyway").focus()
    page.keyboard.press("Enter")
    page.get_by_text("queued to be sent again").wait_for()

    assert OutboundMessage.objects.get(pk=sms.pk).state == State.QUEUED
    assert Decision.objects.get().by == kari


def test_cancelling_the_confirmation_returns_and_sends_nothing(kari, page_of):
    sms = OutboundMessageFactory(retried=True)
    page = page_of(kari)
    page.goto(change(sms))

    page.get_by_role("button", name="Send once more").click()
    page.get_by_role("link", name="No, take me back").click()
    page.wait_for_url(f"**{change(sms)}")

    assert OutboundMessage.objects.count() == 1


def test_a_number_is_searched_for_and_its_message_opened(kari, page_of):
    sms = OutboundMessageFactory(retried=True, recipient="+4799999999")
    OutboundMessageFactory(recipient="+4791234567")
    page = page_of(kari)
    page.goto(LIST)

    page.locator("#searchbar").fill("999 99 999")
    page.keyboard.press("Enter")
    page.get_by_text("1 result").wait_for()
    page.get_by_role("link", name="+4799999999").click()

    timeline = page.get_by_role("region", name="What happened")
    timeline.get_by_role("listitem").nth(5).wait_for()
    timeline.get_by_role("link", name="The recipient answered").click()
    page.wait_for_url(f"**{change(sms.replies.get())}")


def test_a_file_is_saved_under_the_senders_name_and_its_picture_is_shown(kari, page_of):
    sms = InboundMessageFactory()
    MmsFileFactory(message=sms, name="image01.png", content_type="image/png;Name=image01.png", content=picture())
    page = page_of(kari)
    page.goto(change(sms))

    page.wait_for_function("document.querySelector('.fs-files img').naturalWidth === 40")
    with page.expect_download() as download:
        page.get_by_role("link", name="image01.png").click()

    assert download.value.suggested_filename == "image01.png"


def test_scripts_in_messages_are_not_executed(kari, page_of):
    evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
    sms = InboundMessageFactory(text=evil, sender=evil, keyword=evil, problem=evil, raw=evil.encode())
    page = page_of(kari)

    for address in ("/admin/front_sms/inboundmessage/", change(sms)):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert page.get_by_text("onerror").count() > 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_state_can_be_read_in_the_light_and_in_the_dark(kari, page_of, theme):
    for state in State:
        OutboundMessageFactory(state=state)
    page = page_of(kari, theme=theme)
    page.goto(LIST)

    contrasts = dict(page.evaluate(CONTRASTS))

    assert len(contrasts) == len(State)
    assert {words: ratio for words, ratio in contrasts.items() if ratio < 4.5} == {}  # WCAG 2.1, 1.4.3


def test_no_page_is_wider_than_a_phone(kari, page_of):
    sms = OutboundMessageFactory(retried=True, text="x" * 300, sender="26114123450000")
    mms = InboundMessageFactory(
        text="Donaudampfschifffahrtsgesellschaft" * 5, recipient="26114123450000", problem="y" * 300
    )
    MmsFileFactory(message=mms, name="z" * 200 + ".png", content_type="image/png", content=picture())
    page = page_of(kari, width=390)

    for address in (
        LIST,
        "/admin/front_sms/inboundmessage/",
        change(sms),
        change(OutboundMessageFactory(unconfirmed=True)),
        change(mms),
    ):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        assert page.evaluate("(document.querySelector('.results') || document.body).scrollWidth") <= 390, address
