"""The index of the app, and of the whole admin."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.urls import path

from django_front_sms.admin.index import OrderedAdminSite, in_order
from tests import urls
from tests.factories import AccountStateFactory, InboundMessageFactory, OutboundMessageFactory

pytestmark = pytest.mark.django_db

DAILY = ["Conversation", "Write", "OutboundMessage", "Dashboard", "SavedText", "OptOut", "InboundMessage", "BulkSend"]
PAGES = ["/admin/", "/admin/front_sms/"]


def content(client, page: str) -> str:
    return client.get(page).content.decode().partition('id="content"')[2]


@pytest.mark.parametrize("page", PAGES)
def test_everyday_pages_come_first_and_technical_pages_last(admin_client, page):
    shown = content(admin_client, page)

    places = [shown.index(f'id="front_sms-{name.lower()}"') for name in DAILY]
    assert places == sorted(places)
    assert places[-1] < shown.index("Front SMS: technical") < shown.index("/admin/front_sms/event/")
    assert '<a href="/admin/front_sms/outboundmessage/add/">Write message</a>' in shown


@pytest.mark.parametrize("page", PAGES)
def test_the_link_to_write_is_hidden_without_permission(viewer, page):
    assert "Write message" not in content(viewer, page)


@pytest.mark.parametrize("page", PAGES)
def test_the_index_says_how_many_conversations_wait_for_an_answer(viewer, login, page):
    assert "unanswered" not in content(viewer, page)
    for number in ("+4799999999", "+4799999998"):
        InboundMessageFactory(sender=number)

    assert ">Conversations (2 unanswered)</a>" in content(viewer, page)
    assert "unanswered" not in content(login("view_inboundmessage"), page)


def test_only_conversations_of_the_users_accounts_are_counted(viewer, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNT_ACCESS": "tests.admin.test_index.only_default"}
    InboundMessageFactory(sender="+4799999999")
    InboundMessageFactory(sender="+4799999998", account="other")

    assert "(1 unanswered)" in content(viewer, "/admin/")


def only_default(user: User) -> list[str]:
    return ["default"]


def test_the_count_of_many_conversations_is_limited(viewer, monkeypatch):
    monkeypatch.setattr("django_front_sms.admin.conversations.threads.MOST_COUNTED", 3)
    for number in range(4):
        InboundMessageFactory(sender=f"+479999999{number}")

    assert "(2+ unanswered)" in content(viewer, "/admin/")


@pytest.mark.parametrize("page", PAGES)
def test_the_index_says_that_an_account_is_paused_and_how_many_messages_wait(viewer, boss, page):
    assert "fs-strip" not in content(viewer, page)
    OutboundMessageFactory(), OutboundMessageFactory(), OutboundMessageFactory(delivered=True)
    AccountStateFactory(paused=True)

    assert "Sending is paused. 2 messages wait." in content(viewer, page)
    assert "Resume sending" in content(boss, page) and "Resume sending" not in content(viewer, page)


def test_users_without_permissions_for_sms_see_nothing_about_it(client):
    client.force_login(User.objects.create(username="ola", is_staff=True))
    AccountStateFactory(paused=True)

    assert "fs-strip" not in content(client, "/admin/")


def test_an_index_costs_no_more_than_twelve_queries(boss, django_assert_max_num_queries):
    AccountStateFactory(paused=True)
    InboundMessageFactory()
    for page in PAGES:
        boss.get(page)
        with django_assert_max_num_queries(12):
            boss.get(page)


def test_ordered_admin_site_has_the_same_order_on_its_index(admin_user: User):
    site = OrderedAdminSite(name="ordered")
    for model, model_admin in admin.site._registry.items():
        site.register(model, type(model_admin))
    request = RequestFactory().get("/")
    request.user = admin_user

    apps = site.get_app_list(request)
    ours = [app for app in apps if app["app_label"] == "front_sms"]

    assert [app["name"] for app in ours] == ["Front SMS", "Front SMS: technical"]
    assert [model["object_name"] for model in ours[0]["models"]] == DAILY
    assert "Event" in [model["object_name"] for model in ours[1]["models"]]
    assert any(app["app_label"] == "auth" for app in apps)
    assert in_order(apps) == apps


def sidebar(client, page: str) -> list[str]:
    """The names in the sidebar of a page, with those of other apps."""
    shown = client.get(page).content.decode().partition('id="nav-sidebar"')[2].partition("</nav>")[0]
    return re.findall(r'<th scope="row"[^>]*>\s*<a [^>]*>([^<]*)</a>', shown)


@pytest.mark.parametrize("site", ["admin", "office"])
def test_the_sidebar_of_a_plain_admin_site_has_the_same_names_in_the_same_order(admin_client, site, request):
    if site == "office":
        request.getfixturevalue("office")
    row = OutboundMessageFactory()
    pages = [f"front_sms/{name}/" for name in ("dashboard", "conversation", "event", "savedtext")]
    rows = f"front_sms/outboundmessage/{row.pk}"
    pages += ["front_sms/outboundmessage/add/", f"{rows}/change/", f"{rows}/history/", "front_sms/savedtext/add/"]
    daily = ["Conversations", "Write message", "Sent messages", "Dashboard", "Saved texts", "Opt-outs"]
    daily += ["Inbound messages", "Bulk sends"]

    for page in pages:
        names = [name for name in sidebar(admin_client, f"/{site}/{page}") if name not in ("Groups", "Users")]
        assert names[:8] == daily, page
        assert names[8:] == ["Events", "Counter gaps", "Refused pushes", "Delivery statuses", "Accounts"], page


@pytest.fixture
def office(settings) -> None:
    """A second admin site of Django's class, at `/office/`."""
    settings.ROOT_URLCONF = __name__


def office_urls() -> list:
    site = admin.AdminSite(name="office")
    for model, model_admin in admin.site._registry.items():
        site.register(model, type(model_admin))
    return [*urls.urlpatterns, path("office/", site.urls)]


urlpatterns = office_urls()


def test_a_row_without_an_address_to_add_by_has_no_permission_for_it(admin_user: User):
    """django-grappelli makes a link of `add_url` by the permission alone."""
    request = RequestFactory().get("/")
    request.user = admin_user
    apps = in_order(admin.site.get_app_list(request))
    rows = {row["object_name"]: row for app in apps if app["app_label"] == "front_sms" for row in app["models"]}

    assert rows["Write"]["admin_url"].endswith("/outboundmessage/add/")
    for name in ("Write", "OutboundMessage"):
        assert (rows[name]["add_url"], rows[name]["perms"]["add"]) == (None, False)
    assert [name for name, row in rows.items() if row["perms"]["add"] and not row["add_url"]] == []


@pytest.mark.parametrize(
    ("page", "current"),
    [
        ("outboundmessage/", "Sent messages"),
        ("outboundmessage/add/", "Write message"),
        ("conversation/", "Conversations"),
    ],
)
def test_one_row_of_the_sidebar_is_the_current_one(admin_client, page, current):
    OutboundMessageFactory()
    shown = admin_client.get(f"/admin/front_sms/{page}").content.decode()

    assert re.findall(r'aria-current="page">([^<(]*)', shown.partition('id="content"')[0]) == [current]


def test_a_sites_own_index_template_is_kept():
    site = admin.AdminSite(name="own")
    site.index_template = "own.html"
    for model, model_admin in admin.site._registry.items():
        site.register(model, type(model_admin))

    assert site.index_template == "own.html"
    assert re.fullmatch("admin/front_sms/.*", str(admin.site.index_template))
