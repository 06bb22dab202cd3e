"""The day of a receptionist by keyboard alone: English and bokmål, light and dark, on a wide screen and on a phone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone, translation
from django.utils.translation import gettext, ngettext

from django_front_sms.contacts import Contacts
from django_front_sms.models import AccountState, OutboundMessage
from django_front_sms.states import State
from tests.factories import AccountStateFactory, InboundMessageFactory, OutboundMessageFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KARI, OLA = "+4790000026", "+4790000034"
NAMES = {KARI: "Kari Nordmann", OLA: "Ola Nordmann"}
LIST = "/admin/front_sms/outboundmessage/"
CONVERSATIONS = "/admin/front_sms/conversation/"


class Patients(Contacts):
    def labels(self, numbers):
        return {number: NAMES[number] for number in numbers if number in NAMES}

    def search(self, text):
        return [number for number, name in NAMES.items() if text.lower() in name.lower()]


@dataclass
class Keyboard:
    """A tab that is used by its keyboard only."""

    tab: Any

    def press(self, role: str, name: str, exact: bool = True) -> None:
        """Press Enter on a button or a link."""
        element = self.tab.get_by_role(role, name=name, exact=exact).first
        element.focus()
        assert element.evaluate("element => element === document.activeElement"), name
        self.tab.keyboard.press("Enter")

    def type(self, field: Any, text: str) -> None:
        """Type into a field, in place of what is there."""
        field.focus()
        self.tab.keyboard.press("Control+A")
        self.tab.keyboard.insert_text(text)

    def sees(self, text: str) -> None:
        self.tab.get_by_text(text).first.wait_for()

    def field(self, label: str) -> Any:
        return self.tab.get_by_label(label, exact=True)

    def open_composer(self) -> None:
        self.tab.goto(LIST)
        self.press("link", gettext("Write message"), exact=False)
        self.field(gettext("To")).wait_for()

    def review_and_send(self, count: int) -> None:
        self.press("button", gettext("Review and send"))
        self.press("button", ngettext("Send to %(n)s number", "Send to %(n)s numbers", count) % {"n": count})
        self.sees(ngettext("%(n)s message is queued.", "%(n)s messages are queued.", count) % {"n": count})

    def index_counts(self, count: int) -> None:
        """Check the number of unanswered conversations on the index, which is left out if it is 0."""
        self.tab.goto("/admin/")
        name = gettext("Conversations")
        if count:
            words = ngettext("%(name)s (%(n)s unanswered)", "%(name)s (%(n)s unanswered)", count)
            name = words % {"name": name, "n": count}
        self.tab.locator("#content").get_by_role("link", name=name, exact=True).wait_for()


@pytest.fixture
def receptionist(transactional_db, settings) -> User:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "CONTACTS": f"{__name__}.Patients"}
    AccountStateFactory(clock=timezone.now())
    return User.objects.create_superuser("receptionist")


@pytest.fixture(params=[("en", "light", 1280), ("nb", "dark", 1280), ("en", "dark", 390), ("nb", "light", 390)])
def keyboard(request, receptionist, page_of) -> Iterator[Keyboard]:
    locale, theme, width = request.param
    with translation.override(locale):
        yield Keyboard(page_of(receptionist, locale=locale, theme=theme, width=width))


def log_in_elsewhere(keyboard: Keyboard, user: User, live_server: Any, settings: Any) -> None:
    """Log in as in another tab of the same browser."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    keyboard.tab.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])


def texts() -> list[tuple[str, str]]:
    return list(OutboundMessage.objects.order_by("pk").values_list("recipient", "text"))


def test_a_day_of_a_receptionist(keyboard, receptionist, live_server, settings):
    # A patient is found by name.
    old = OutboundMessageFactory(recipient=KARI, state=State.DELIVERED, text="Velkommen")
    keyboard.tab.goto(CONVERSATIONS)
    keyboard.type(keyboard.tab.locator("#fs-find"), "nordmann")
    keyboard.tab.keyboard.press("Enter")
    keyboard.sees("Kari Nordmann")
    keyboard.press("link", "Kari Nordmann", exact=False)
    keyboard.tab.locator(".fs-message").filter(has_text="Velkommen").wait_for()

    # Thirty pasted numbers get one text.
    many = [f"+4790001{n:03}" for n in range(30)]
    keyboard.open_composer()
    keyboard.type(keyboard.field(gettext("To")), "\n".join(many))
    keyboard.type(keyboard.field(gettext("Text")), "Vi stenger kl. 15 i dag")
    keyboard.review_and_send(30)
    assert texts()[1:] == [(number, "Vi stenger kl. 15 i dag") for number in many]

    # A table gives each row a text of its own.
    OutboundMessage.objects.exclude(pk=old.pk).delete()
    keyboard.open_composer()
    summary = keyboard.tab.get_by_text(gettext("A table, with a text of its own for each row"))
    summary.focus()
    keyboard.tab.keyboard.press("Enter")
    keyboard.type(keyboard.tab.locator("[name=table]"), "number;name;time\n90000026;Kari;10.30\n90000034;Ola;11.00")
    keyboard.type(keyboard.field(gettext("Text")), "Hei {name}, kl. {time}. Passer det?")
    keyboard.review_and_send(2)
    assert texts()[1:] == [(KARI, "Hei Kari, kl. 10.30. Passer det?"), (OLA, "Hei Ola, kl. 11.00. Passer det?")]

    # Two answers wait. The first is answered, and the second is dealt with by phone.
    for number in (KARI, OLA):
        InboundMessageFactory(sender=number, text=f"Kan jeg komme senere? {NAMES[number]}", received_at=timezone.now())
    keyboard.index_counts(2)
    keyboard.tab.goto(CONVERSATIONS)
    keyboard.press("link", "Kari Nordmann", exact=False)
    reply = keyboard.field(gettext("Your message"))
    reply.wait_for()
    keyboard.type(reply, "Ja, kom kl. 12")
    keyboard.tab.keyboard.press("Control+Enter")
    keyboard.tab.locator(".fs-message").filter(has_text="Ja, kom kl. 12").wait_for()
    keyboard.index_counts(1)
    keyboard.tab.goto(CONVERSATIONS)
    keyboard.press("link", "Ola Nordmann", exact=False)
    keyboard.press("button", gettext("Mark as handled"))
    keyboard.press("button", gettext("Undo"))
    keyboard.press("button", gettext("Mark as handled"))
    keyboard.tab.get_by_role("button", name=gettext("Undo")).wait_for()
    keyboard.index_counts(0)

    # The session ends while a text is written; nothing typed is lost.
    keyboard.open_composer()
    keyboard.type(keyboard.field(gettext("To")), OLA)
    keyboard.type(keyboard.field(gettext("Text")), "Vi ringer deg i morgen")
    Session.objects.all().delete()
    keyboard.press("button", gettext("Review and send"))
    lost = "You are logged out. Log in in another tab, and press the button again. What you wrote is still here."
    keyboard.sees(gettext(lost))
    log_in_elsewhere(keyboard, receptionist, live_server, settings)
    keyboard.review_and_send(1)
    assert texts()[-1] == (OLA, "Vi ringer deg i morgen")

    # Front refuses the account. Its messages wait, and go on once somebody resumes it.
    AccountState.objects.update(paused_at=timezone.now(), pause_code=5)
    keyboard.tab.goto(LIST)
    keyboard.sees(gettext("Sending is paused"))
    for _ in range(2):  # on the strip, and on the page that asks
        keyboard.press("button", gettext("Resume sending"))
        keyboard.tab.wait_for_load_state()
    keyboard.tab.wait_for_url(f"**{LIST}")
    assert keyboard.tab.get_by_text(gettext("Sending is paused")).count() == 0
    assert AccountState.objects.get().paused_at is None
