"""`ACCOUNT_ACCESS`: a user of one account, on a site where another account has rows of every kind."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from django_front_sms.models import (
    AccountState,
    BulkSend,
    CounterGap,
    DeliveryStatus,
    Event,
    InboundMessage,
    OptOut,
    OutboundMessage,
    RefusedPush,
)
from tests.configuration import configure
from tests.sites.crawl import crawl, one_of_each, staff

pytestmark = pytest.mark.django_db

NUMBER, TEXT, ACCOUNT = "+4798765432", "Hemmelig", "secret"
MARKS = (NUMBER, "98765432", "987 65 432", TEXT, ACCOUNT, "7777777")
APP = "/admin/front_sms/"


def accounts_of(user: Any) -> list[str] | None:
    return None if user.username.startswith("all") else ["default"]


@pytest.fixture(autouse=True)
def _two_accounts(settings):
    configure(settings, ACCOUNT_ACCESS=f"{__name__}.accounts_of")
    accounts = settings.FRONT_SMS["ACCOUNTS"]
    accounts[ACCOUNT] = {**accounts["default"], "SERVICE_ID": 99, "SENDER": TEXT}


@pytest.fixture
def foreign() -> dict[str, Any]:
    """Rows of the account that the user may not see, with words that must appear on no page."""
    one_of_each("default")
    one_of_each_of_other = one_of_each(ACCOUNT)
    InboundMessage.objects.filter(in_reply_to__account=ACCOUNT).update(account=ACCOUNT)
    DeliveryStatus.objects.filter(message__account=ACCOUNT).update(account=ACCOUNT)
    OutboundMessage.objects.filter(account=ACCOUNT).update(recipient=NUMBER, text=TEXT, sender=TEXT)
    InboundMessage.objects.filter(account=ACCOUNT).update(sender=NUMBER, text=TEXT, problem=TEXT)
    BulkSend.objects.filter(account=ACCOUNT).update(text=TEXT, sender=TEXT)
    DeliveryStatus.objects.filter(account=ACCOUNT).update(gateway_id=7777777, problem=TEXT)
    CounterGap.objects.filter(account=ACCOUNT).update(first=7777777, last=7777778)
    RefusedPush.objects.filter(account=ACCOUNT).update(size=7777777)
    OptOut.objects.filter(account=ACCOUNT).update(number=NUMBER)
    Event.objects.filter(subject=f"out:{one_of_each_of_other['outboundmessage'].pk}").update(traceback=TEXT)
    one_of_each_of_other["event"] = Event.objects.get(traceback=TEXT)
    return one_of_each_of_other


@pytest.mark.parametrize("role", ["viewer", "operator", "manager", "superuser"])
def test_no_page_shows_anything_of_another_account(role, foreign):
    pages = crawl(staff(role), "/admin/")

    assert len(pages) > 40
    found = {(page, mark) for page, content in pages.items() for mark in MARKS if mark in content}
    assert not found
    for model, row in foreign.items():
        address = f"{APP}{model}/{row.pk}/change/"
        assert [page for page, content in pages.items() if address in content] == [], address


def test_a_user_of_all_accounts_sees_both(foreign):
    browser = staff("superuser")
    get_user_model().objects.update(username="all")

    pages = crawl(browser, "/admin/")

    assert all(f"{APP}{model}/{row.pk}/change/" in pages for model, row in foreign.items())


@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_the_page_of_a_foreign_row_is_as_if_there_was_none(page, foreign):
    browser = staff("superuser")

    for model, row in foreign.items():
        response = browser.get(f"{APP}{model}/{row.pk}/{page}/")
        assert response.status_code in (302, 403, 404), model
        assert response.headers.get("Location", "/admin/") == "/admin/"


def test_files_conversations_and_searches_of_another_account_are_not_found(foreign):
    browser = staff("superuser")
    inbound, sms = foreign["inboundmessage"], foreign["outboundmessage"]

    assert browser.get(f"{APP}inboundmessage/{inbound.pk}/files/{inbound.files.get().pk}/").status_code == 404
    for address in (f"in/{inbound.pk}/", f"out/{sms.pk}/", f"out/{sms.pk}/?part=updates", f"out/{sms.pk}/?part=older"):
        assert browser.get(f"{APP}conversation/{address}").status_code == 404
    assert browser.post(f"{APP}conversation/out/{sms.pk}/", {"text": "Hei"}).status_code == 404
    found = browser.get(f"{APP}conversation/with/", {"number": NUMBER, "account": ACCOUNT})
    assert found.headers["Location"] == f"{APP}conversation/"
    for query in ({"q": NUMBER}, {"account": ACCOUNT}, {"q": NUMBER, "account": ACCOUNT}, {"part": "threads"}):
        content = browser.get(f"{APP}conversation/", query).content.decode()
        assert not any(f"{way}/{row.pk}/" in content for way, row in (("in", inbound), ("out", sms)))
    for model in ("outboundmessage", "inboundmessage", "optout", "bulksend", "deliverystatus", "event"):
        terms = (NUMBER, TEXT, f"#{foreign[model].pk}", "7777777", f"out:{sms.pk}")
        for query in ({"account": ACCOUNT}, {"account__exact": ACCOUNT}, *({"q": term} for term in terms)):
            listed = browser.get(f"{APP}{model}/", query)
            if listed.status_code == 200:
                assert foreign[model] not in listed.context["cl"].result_list, (model, query)


def test_actions_and_exports_do_not_reach_rows_of_another_account(foreign):
    browser = staff("superuser")
    sms = foreign["outboundmessage"]
    actions = {"outboundmessage": "resend", "inboundmessage": "read_again", "accountstate": "resume"}

    for model, action in {**actions, "event": "deliver_again"}.items():
        row = foreign[model]
        assert browser.post(f"{APP}{model}/{row.pk}/action/{action}/", {"confirmed": "key"}).status_code == 404
        browser.post(f"{APP}{model}/", {"action": action, "_selected_action": row.pk, "confirmed": "key"})
    for data in ({}, {"_selected_action": sms.pk}):
        exported = browser.post(f"{APP}outboundmessage/export/", {"format": "comma", **data})
        assert not any(mark in exported.getvalue().decode() for mark in MARKS)
    browser.post(
        f"{APP}optout/", {"action": "delete_selected", "_selected_action": foreign["optout"].pk, "post": "yes"}
    )

    assert (
        OptOut.objects.filter(account=ACCOUNT).exists()
        and not OutboundMessage.objects.filter(state="queued", text=TEXT, idempotency_key__isnull=False).exists()
    )
    assert AccountState.objects.get(account=ACCOUNT).paused_at is not None


def test_nothing_can_be_written_or_opted_out_for_another_account(foreign):
    browser = staff("superuser")
    count = OutboundMessage.objects.count()
    written = {"to": "90012345", "text": "Hei", "how": "each", "key": "page-1", "account": ACCOUNT}

    page = browser.post(f"{APP}outboundmessage/add/", written, follow=True)
    added = browser.post(f"{APP}optout/add/", {"number": "90012345", "account": ACCOUNT, "sender": ""})

    assert page.context["form"].errors["account"] and added.context["adminform"].form.errors["account"]
    assert OutboundMessage.objects.count() == count


def test_a_user_of_no_account_gets_no_composer(settings):
    settings.FRONT_SMS["ACCOUNT_ACCESS"] = f"{__name__}.none"

    assert staff("superuser").get(f"{APP}outboundmessage/add/").status_code == 403


def none(user: Any) -> list[str]:
    return []
