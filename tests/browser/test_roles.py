"""Viewers, operators and managers in a browser: each role opens every page and does what it is permitted to."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.urls import reverse

from django_front_sms.conf import get_settings
from django_front_sms.models import AccountState, Event, InboundMessage, OptOut, OutboundMessage
from django_front_sms.states import State
from tests.browser.screens import change, screens
from tests.factories import (
    AccountStateFactory,
    EventFactory,
    InboundMessageFactory,
    OptOutFactory,
    OutboundMessageFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OUTGOING = "/admin/front_sms/outboundmessage/"
RANKS = ["viewer", "operator", "manager"]
every_role = pytest.mark.parametrize("role", RANKS)


@pytest.fixture
def staff(transactional_db) -> Callable[[str], User]:
    """A user with one role and no other permissions."""

    def person(role: str) -> User:
        call_command("front_sms", "roles", verbosity=0)
        user = User.objects.create(username=role, is_staff=True)
        user.groups.add(Group.objects.get(name=f"Front SMS {role}"))
        return user

    return person


def at_least(role: str, least: str) -> bool:
    return RANKS.index(role) >= RANKS.index(least)


def our_paused_account() -> AccountState:
    account = AccountStateFactory(paused=True, pause_code=13)
    AccountState.objects.filter(pk=account.pk).update(key=get_settings().account("default").gateway)
    return account


def state_is(state: str) -> Callable[[Any], bool]:
    return lambda row: OutboundMessage.objects.get(pk=row.pk).state == state


def history_of(row: Any) -> list[LogEntry]:
    return list(LogEntry.objects.filter(object_id=row.pk, content_type__model=row._meta.model_name))


def an_unconfirmed_message() -> OutboundMessage:
    return OutboundMessageFactory(unconfirmed=True)


BROKEN = {"problem": "it could not be read", "text": "", "raw": b'{"id": 7, "text": "Hei", "to": "26114"}'}
ACTIONS = {  # label of the button -> row factory, lowest permitted role, test that it was done
    "Stop the message": (OutboundMessageFactory, "operator", state_is(State.CANCELLED)),
    "Send once more": (
        lambda: OutboundMessageFactory(delivered=True),
        "operator",
        lambda row: OutboundMessage.objects.filter(metadata={"resend_of": row.pk}).count() == 1,
    ),
    "Mark as sent": (an_unconfirmed_message, "operator", state_is(State.SENT)),
    "Send anyway": (an_unconfirmed_message, "operator", state_is(State.QUEUED)),
    "Give up": (an_unconfirmed_message, "operator", lambda row: OutboundMessage.objects.get(pk=row.pk).given_up),
    "Read again": (
        lambda: InboundMessageFactory(**BROKEN),
        "operator",
        lambda row: InboundMessage.objects.get(pk=row.pk).text == "Hei",
    ),
    "Resume sending": (
        our_paused_account,
        "manager",
        lambda row: AccountState.objects.get(pk=row.pk).paused_at is None,
    ),
    "Deliver again": (
        lambda: EventFactory(subject="out:1", failed=True, traceback="x"),
        "manager",
        lambda row: not Event.objects.get(pk=row.pk).failed,
    ),
}


@every_role
def test_every_screen_opens_without_errors(staff, page_of, role):
    page = page_of(staff(role))
    refused = {"an opt-out to write": "operator", "a message to write": "operator", "an export": "manager"}

    for name, address in screens().items():
        answer = page.goto(address)
        may = at_least(role, refused.get(name, "viewer"))
        assert answer.status == (200 if may else 403), name
        assert page.locator("h1").count() == 1, name


@every_role
def test_a_permitted_action_is_confirmed_done_and_recorded_and_others_are_not_offered(staff, page_of, role):
    person = staff(role)
    page = page_of(person)
    for button, (make, least, is_done) in ACTIONS.items():
        row = make()
        page.goto(change(row))

        if not at_least(role, least):
            assert page.get_by_role("button", name=button).count() == 0, button
            continue
        page.get_by_role("button", name=button, exact=True).click()
        page.get_by_role("link", name="No, take me back").wait_for()
        assert not is_done(row) and not history_of(row), button
        page.get_by_role("button", name=button, exact=True).dblclick()
        page.locator(".messagelist li").first.wait_for()

        assert is_done(row), button
        assert {entry.user for entry in history_of(row)} == {person}, button
        page.goto(change(row).replace("change/", "history/"))
        assert page.get_by_role("cell", name=button).count() >= 1, button


@every_role
def test_users_with_permission_send_and_reply(staff, page_of, role):
    question = InboundMessageFactory(text="Kommer du?", sender="+4799999999")
    page = page_of(staff(role))

    page.goto(reverse("admin:front_sms_conversation_in", args=[question.pk]))
    if role == "viewer":
        assert page.get_by_text("Kommer du?").count() and not page.get_by_role("textbox", name="Your message").count()
        page.goto(OUTGOING)
        assert page.get_by_role("link", name="Write message").count() == 0
        return
    page.get_by_role("textbox", name="Your message").fill("Ja")
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text(f"by {role}").wait_for()
    page.goto(OUTGOING)
    page.locator("#content-main").get_by_role("link", name="Write message").click()
    page.get_by_label("To", exact=True).fill("912 34 567")
    page.get_by_label("Text", exact=True).fill("Hei")
    page.get_by_role("button", name="Review and send").click()
    page.get_by_role("button", name="Send to 1 number").click()
    page.get_by_text("1 message is queued").wait_for()

    sent = OutboundMessage.objects.order_by("pk").values_list("text", "recipient", "created_by__username")
    assert list(sent) == [("Ja", "+4799999999", role), ("Hei", "+4791234567", role)]


@every_role
def test_users_with_permission_act_on_several_rows(staff, page_of, role):
    rows = [OutboundMessageFactory(), OutboundMessageFactory()]
    page = page_of(staff(role))
    page.goto(OUTGOING)

    if role == "viewer":
        assert page.locator("select[name=action], .action-select").count() == 0
        return
    page.get_by_label("Select all objects on this page for an action").check()
    page.locator("select[name=action]").select_option(label="Stop the message")
    page.get_by_role("button", name="Go").click()
    page.get_by_role("button", name="Stop the message", exact=True).click()
    page.get_by_text("2 messages were stopped").wait_for()

    assert {OutboundMessage.objects.get(pk=row.pk).state for row in rows} == {State.CANCELLED}


@every_role
def test_only_managers_export_search_results(staff, page_of, role):
    OutboundMessageFactory(retried=True, recipient="+4791234567", text="=1+1 æøå")
    OutboundMessageFactory()
    page = page_of(staff(role))
    page.goto(f"{OUTGOING}?q=912 34 567")

    if role != "manager":
        assert page.get_by_role("link", name="Export").count() == 0
        return
    page.get_by_role("link", name="Export").click()
    page.get_by_text("1 outgoing message", exact=True).wait_for()
    page.get_by_label("CSV with commas").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()

    content = download.value.path().read_bytes().decode("utf-8-sig")
    assert download.value.suggested_filename.startswith("sent-messages-")
    assert '"\'=1+1 æøå"' in content and content.count("+4791234567") == 1 and "+4799999999" not in content
    assert LogEntry.objects.get().change_message == "comma: q=…"


@every_role
def test_only_managers_export_ticked_rows(staff, page_of, role):
    wanted, _other = InboundMessageFactory(text="denne"), InboundMessageFactory(text="ikke denne")
    page = page_of(staff(role))
    page.goto("/admin/front_sms/inboundmessage/")

    if role != "manager":
        assert page.get_by_role("option", name="Export").count() == 0
        return
    page.locator(f".action-select[value='{wanted.pk}']").check()
    page.locator("select[name=action]").select_option(label="Export")
    page.get_by_role("button", name="Go").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()

    content = download.value.path().read_text(encoding="utf-8-sig")
    assert '"denne"' in content and "ikke denne" not in content


@every_role
def test_operators_add_opt_outs_and_managers_delete_them(staff, page_of, role):
    page = page_of(staff(role))
    opt_out = OptOutFactory(number="+4791234567")
    page.goto(change(opt_out))

    assert page.get_by_role("link", name="Delete").count() == (role == "manager")
    assert page.get_by_role("button", name="Save", exact=True).count() == 0
    if role == "viewer":
        return
    page.goto("/admin/front_sms/optout/add/")
    page.get_by_label("number").fill("999 99 999")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("+4799999999 gets no more messages from").wait_for()

    assert OptOut.objects.filter(number="+4799999999", created_by__username=role).exists()
