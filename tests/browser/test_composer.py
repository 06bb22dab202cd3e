"""The composer in a browser, and its counter compared with that of the server."""

import json
import random
import unicodedata
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from django_front_sms.gateway import gsm
from django_front_sms.gateway.typography import GSM_EQUIVALENTS, simplify
from django_front_sms.models import BulkSend, OutboundMessage
from tests.configuration import configure
from tests.factories import OptOutFactory, OutboundMessageFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ADD = "/admin/front_sms/outboundmessage/add/"
LIST = "/admin/front_sms/outboundmessage/"
TYPED = "Hei! Time kl. 10–11 hos «Legehuset». Passer det ikke… Zoë ❤"
COUNT = """
([asked, simpler]) => JSON.stringify(JSON.parse(asked).map(([text, unicode, replacement, simple]) => {
    const {SmsText} = frontSms;
    const shown = SmsText.preview(text, {unicode, replacement});
    const chars = SmsText.characters(text);
    return [
        shown.encoding, shown.segments, shown.units, shown.unitsLeft, shown.replaced, shown.text,
        chars.length, shown.foreign, simple ? SmsText.simplify(chars.join(""), simpler) : null,
    ];
}))
"""


def by_the_server(text: str, unicode: bool | None, replacement: str, simpler: bool) -> list[Any]:
    shown = gsm.preview(text, unicode=unicode, replacement=replacement)
    whole = gsm.well_formed(text)
    return [
        *(shown.encoding, shown.segments, shown.units, shown.units_left, [*shown.replaced], shown.text),
        *(len(whole), [*gsm.foreign(text)], simplify(whole) if simpler else None),
    ]


def by_the_script(tab: Any, asked: list[tuple[str, bool | None, str, bool]]) -> list[Any]:
    # As JSON in ASCII: halves of surrogate pairs come through as they are.
    counted: list[Any] = json.loads(tab.evaluate(COUNT, [json.dumps(asked), GSM_EQUIVALENTS]))
    return counted


def must_agree(tab: Any, asked: list[tuple[str, bool | None, str, bool]]) -> None:
    for start in range(0, len(asked), 1000):
        batch = asked[start : start + 1000]
        for each, counted in zip(batch, by_the_script(tab, batch), strict=True):
            assert counted == by_the_server(*each), each


@pytest.fixture
def counter(chromium) -> Any:
    """A page with only the script, without a server."""
    tab = chromium.new_page()
    tab.add_script_tag(path="django_front_sms/static/django_front_sms/composer.js")
    return tab


@pytest.fixture
def kari(transactional_db) -> User:
    return User.objects.create_superuser("kari")


PARTS = [
    gsm.BASIC,
    gsm.EXTENSION,
    gsm.EXTENSION,
    "ΔΦΓΛΩΠΨΣΘΞαβγ",
    "æøåÆØÅäöüß€[]{}~|^\\",
    "\r\n\f\t\v\x1b\0\x85\u2028",
    "".join(GSM_EQUIVALENTS),
    "😀👋🏽❤️👨‍👩‍👧‍👦🇳🇴",
    "e\u0301a\u030ao\u0308\u0327\u200d\ufe0f",
    "漢字かな한글عربيעברית",
    "\ud83d\ude0a\ud800\udfff\udc00\ufffd\uffff",
]


def any_text(chance: random.Random) -> str:
    """From pure GSM to a mixture of everything, often about as long as one, two or three SMS."""
    letters = "".join(chance.sample(PARTS, chance.choice([1, 1, 2, 3, len(PARTS)])))
    if chance.random() < 0.5:
        letters += "abc " * chance.choice([5, 50])
    edge = chance.choice([0, 3, 35, 67, 70, 134, 153, 160, 201, 306, 459, 1024])
    return "".join(chance.choice(letters) for _ in range(max(0, edge + chance.randint(-3, 3))))


def test_the_counter_and_the_server_agree_on_thousands_of_texts(counter):
    chance = random.Random(67_153)
    choices = [(unicode, replacement) for unicode in (None, True, False) for replacement in ("?", "", "€", "..")]
    must_agree(counter, [(any_text(chance), *chance.choice(choices), True) for _ in range(20_000)])


def test_script_and_server_agree_on_every_character(counter):
    points = [*range(0x3000), *range(0xD7F0, 0xE010), *range(0xF8F0, 0x10010), *range(0x3000, 0x110000, 97)]
    must_agree(counter, [(chr(point), unicode, "?", False) for point in points for unicode in (None, False)])


def test_script_and_server_agree_on_a_character_of_two_units_at_the_end_of_an_sms(counter):
    asked = []
    for double, single, lengths in (("€", "a", (150, 161)), ("😀", "漢", (64, 72)), ("\ud83d", "a", (64, 72))):
        for before in range(*lengths):
            for after in (0, 1, 60, 66, 67, 130, 150, 151, 152, 153, 154, 300):
                text = single * before + double + single * after
                asked += [(text, unicode, "€", False) for unicode in (None, False)]
                asked.append((text + double * 80, None, "?", False))
    must_agree(counter, asked)


@effort(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=400) | st.text(st.sampled_from("a€æ漢😀\ud83d\ude0a\x1bç\r\n"), max_size=400),
    unicode=st.sampled_from([None, True, False]),
    replacement=st.sampled_from(["?", "", "€", ".."]),
)
def test_segments_are_counted_equally_for_random_texts(counter, text, unicode, replacement):
    # Newer characters than Python's tables may be joined by a newer browser.
    known = all(unicodedata.category(char) != "Cn" for char in text)
    must_agree(counter, [(text, unicode, replacement, known)])


def write(tab: Any, to: str, text: str) -> None:
    tab.goto(ADD)
    tab.get_by_label("To", exact=True).fill(to)
    tab.get_by_label("Text", exact=True).press_sequentially(text)


def sentence(tab: Any) -> str:
    return str(tab.locator("[data-show=sentence]").inner_text())


def summary(tab: Any) -> str:
    return str(tab.locator("[data-show=summary]").inner_text())


def open_options(tab: Any) -> None:
    tab.get_by_text("Options", exact=True).click()


def test_a_message_is_written_shortened_reviewed_and_sent(kari, page_of, settings):
    configure(settings, PRICE_PER_SEGMENT=Decimal("0.49"))
    OptOutFactory(number="+4793456789")
    tab = page_of(kari)
    write(tab, "999 99 999\nKari 91234567\n934 56 789", TYPED)

    refused = tab.locator(".fs-refused tbody tr")
    refused.nth(0).wait_for()
    assert refused.count() == 1 and "opted out" in refused.nth(0).inner_text()
    assert sentence(tab).endswith("because of – « » … ë ❤.") or "❤" in sentence(tab)
    assert summary(tab).startswith("2 recipients")
    assert tab.locator(".fs-behind mark").all_inner_texts() == [*"–«»…ë❤"]
    assert tab.locator("[data-show=bubble]").inner_text() == TYPED

    text = tab.get_by_label("Text", exact=True)
    text.fill('Time kl. 10-11 hos "Legehuset"')
    tab.wait_for_function("document.querySelector('[data-show=summary]').textContent.includes('0.98')")
    assert summary(tab) == "2 recipients · 2 SMS · 0.98 kr"

    tab.get_by_role("button", name="Review and send").click()
    tab.get_by_role("button", name="Send to 2 numbers").click()
    tab.get_by_text("2 messages are queued").wait_for()

    assert {sms.recipient for sms in OutboundMessage.objects.all()} == {"+4799999999", "+4791234567"}
    assert {sms.text for sms in OutboundMessage.objects.all()} == {'Time kl. 10-11 hos "Legehuset"'}


def test_a_button_shortens_a_long_text(kari, page_of):
    tab = page_of(kari)
    write(tab, "99999999", "Hei «du» – " + "x" * 80)
    assert sentence(tab).startswith("2 SMS")
    tab.get_by_role("button", name="Make it 1").click()

    assert tab.get_by_label("Text", exact=True).input_value() == 'Hei "du" - ' + "x" * 80
    tab.get_by_label("Text", exact=True).press("Control+z")
    assert "«du»" in tab.get_by_label("Text", exact=True).input_value()


def test_sending_is_possible_with_the_keyboard(kari, page_of):
    tab = page_of(kari)
    tab.goto(LIST)
    tab.locator("#content-main").get_by_role("link", name="Write message").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"**{ADD}")

    for label, typed in (("To", "99999999"), ("Text", "Hei")):
        field = tab.get_by_label(label, exact=True)
        for _ in range(60):
            if field.evaluate("field => field === document.activeElement"):
                break
            tab.keyboard.press("Tab")
        tab.keyboard.type(typed)
        assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.get_by_role("button", name="Review and send").focus()
    tab.keyboard.press("Enter")
    tab.get_by_role("button", name="Send to 1 number").focus()
    tab.keyboard.press("Enter")
    tab.get_by_text("1 message is queued").wait_for()

    assert OutboundMessage.objects.get().created_by == kari


def test_a_double_click_sends_once(kari, page_of):
    tab = page_of(kari)
    write(tab, "99999999", "Hei")
    tab.get_by_role("button", name="Review and send").click()
    tab.get_by_role("button", name="Send to 1 number").dblclick()
    tab.get_by_text("1 message is queued").wait_for()

    assert OutboundMessage.objects.count() == 1


def test_going_back_from_the_review_page_keeps_the_text(kari, page_of):
    tab = page_of(kari)
    write(tab, "99999999", "Hei\npå deg")
    tab.get_by_role("button", name="Review and send").click()
    tab.get_by_role("button", name="Send to 1 number").wait_for()
    tab.get_by_role("link", name="Change it").click()
    tab.get_by_role("button", name="Review and send").wait_for()

    assert tab.get_by_label("Text", exact=True).input_value() == "Hei\npå deg"


def test_fields_that_bulk_does_not_support_are_disabled(kari, page_of):
    tab = page_of(kari)
    write(tab, "99999999\n91234567", "Hei")
    open_options(tab)
    tab.get_by_label("Bulk:").check()

    assert tab.locator("[name=scheduled_at]").is_disabled() and tab.locator("[name=priority]").is_disabled()
    tab.get_by_role("button", name="Review and send").click()
    tab.get_by_role("button", name="Send to 2 numbers").click()
    tab.get_by_text("2 messages are queued").wait_for()
    assert BulkSend.objects.get().recipients == 2


def test_quiet_hours_that_delay_the_message_are_shown_before_the_review(kari, page_of, settings):
    now = timezone.localtime()
    hours = [f"{at:%H:%M}" for at in (now - timedelta(hours=2), now + timedelta(hours=2))]
    configure(settings, QUIET_HOURS=hours)
    tab = page_of(kari)
    write(tab, "99999999", "Hei")
    notice = tab.locator("[data-show=quiet]")
    assert notice.text_content().startswith("Quiet hours: it goes out at ") and f" {hours[1]}." in notice.text_content()

    open_options(tab)
    tab.select_option("[name=priority]", "urgent")
    assert notice.text_content() == ""
    tab.get_by_label("Bulk:").check()  # has no priority
    assert f" {hours[1]}." in notice.text_content()


def test_the_phone_shows_the_sender_of_the_account_and_what_is_replaced(kari, page_of, settings):
    configure(settings, "akutt", SERVICE_ID=5, SENDER="Akutten")
    tab = page_of(kari)
    write(tab, "99999999", "Zoë")
    open_options(tab)
    tab.locator("[name=account]").select_option("akutt")
    tab.locator("[name=unicode]").select_option("gsm")

    phone = tab.get_by_role("region", name="On the phone")
    assert "Akutten" in phone.inner_text() and "Zo?" in phone.inner_text()
    tab.locator("[name=sender]").fill("26114")
    assert "26114" in phone.inner_text()


def test_the_count_is_announced_when_the_user_stops_typing(kari, page_of):
    tab = page_of(kari)
    write(tab, "99999999", "x" * 20)
    spoken = tab.locator("[data-show=spoken]")
    assert spoken.get_attribute("role") == "status"

    tab.wait_for_function("document.querySelector('[data-show=spoken]').textContent.includes('SMS')")


def test_the_text_is_counted_without_the_server(kari, page_of):
    tab = page_of(kari)
    tab.goto(ADD)
    tab.context.set_offline(True)
    tab.get_by_label("To", exact=True).fill("99999999\n91234567")
    tab.get_by_label("Text", exact=True).fill("😀" * 36)

    tab.wait_for_function("document.querySelector('[data-show=sentence]').textContent.startsWith('2 SMS')")


def test_the_composer_works_without_scripts(kari, page_of):
    tab = page_of(kari, scripts=False)
    tab.goto(ADD)
    tab.get_by_label("To", exact=True).fill("99999999\n12")
    tab.get_by_label("Text", exact=True).fill("«Hei»\ndu")
    tab.get_by_role("button", name="Review and send").click()
    assert tab.locator(".fs-refused tbody tr").count() == 1
    tab.get_by_role("button", name="Send to 1 number").click()
    tab.get_by_text("1 message is queued").wait_for()

    assert OutboundMessage.objects.get().text == "«Hei»\ndu"


def test_a_strict_content_security_policy_is_kept(kari, page_of):
    tab = page_of(kari)
    blocked: list[str] = []
    tab.on("console", lambda line: blocked.append(line.text) if "Security Policy" in line.text else None)

    def strictly(route: Any) -> None:
        answer = route.fetch(max_redirects=0)
        policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
        route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": policy})

    tab.route("**/outboundmessage/add/**", strictly)
    write(tab, "99999999\n12", TYPED)
    tab.locator(".fs-refused").wait_for()
    tab.get_by_role("button", name="Review and send").click()
    tab.get_by_role("button", name="Send to 1 number").wait_for()

    assert blocked == []


def test_without_permission_to_send_there_is_no_button_and_no_page(page_of, transactional_db):
    viewer = User.objects.create(username="viewer", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename="view_outboundmessage"))
    OutboundMessageFactory()
    tab = page_of(viewer)
    tab.goto(LIST)

    assert tab.get_by_role("link", name="Write message").count() == 0
    assert tab.goto(ADD).status == 403


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_the_composer_is_accessible_on_a_wide_screen_and_on_a_phone(kari, page_of, settings, theme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    configure(settings, "akutt", SERVICE_ID=5, PRICE_PER_SEGMENT=Decimal("0.49"))
    tab = page_of(kari, theme=theme, width=width)

    def inspect() -> None:
        found = axe.run(tab, context=".fs-composer").response["violations"]
        assert {fault["id"]: [node["html"] for node in fault["nodes"]] for fault in found} == {}
        assert tab.evaluate("document.documentElement.scrollWidth") <= width

    write(tab, "x" * 100 + "\n99999999\n12\n99999999", TYPED + "y" * 200)
    tab.locator(".fs-refused").wait_for()
    inspect()
    tab.get_by_role("button", name="Review and send").click()
    tab.get_by_role("button", name="Send to 1 number").wait_for()
    inspect()
    tab.goto(ADD)
    tab.get_by_role("button", name="Review and send").click()
    tab.locator(".errornote:not([hidden])").wait_for()
    inspect()


def test_a_session_that_ends_while_writing_loses_nothing(kari, page_of, live_server, settings):
    from django.contrib.sessions.models import Session
    from django.test import Client

    tab = page_of(kari)
    write(tab, "99999999", "Hei igjen")
    Session.objects.all().delete()
    tab.get_by_role("button", name="Review and send").click()
    tab.get_by_text("You are logged out.").wait_for()
    assert tab.get_by_label("Text", exact=True).input_value() == "Hei igjen"

    client = Client()
    client.force_login(kari)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    tab.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    tab.get_by_role("button", name="Review and send").click()
    tab.get_by_role("button", name="Send to 1 number").wait_for()
    tab.go_back()
    assert tab.get_by_label("Text", exact=True).input_value() == "Hei igjen"
