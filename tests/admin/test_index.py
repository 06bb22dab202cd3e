"""The index of the app, and of the whole admin."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory

from django_front_sms.admin.index import OrderedAdminSite

pytestmark = pytest.mark.django_db

DAILY = ["Conversation", "OutboundMessage", "InboundMessage", "Dashboard", "OptOut", "BulkSend"]


def names(app) -> list[str]:
    return [model["object_name"] for model in app["models"] if model["object_name"] != "SavedText"]


def test_what_staff_use_each_day_comes_first_and_the_rest_is_technical(admin_client):
    content = admin_client.get("/admin/front_sms/").content.decode().partition('id="content"')[2]

    places = [content.index(f"/admin/front_sms/{name.lower()}/") for name in DAILY]
    assert places == sorted(places)
    assert places[-1] < content.index("Technical") < content.index("/admin/front_sms/event/")


def test_a_site_of_that_class_has_the_same_order_on_its_first_page(admin_user: User):
    site = OrderedAdminSite(name="ordered")
    for model, model_admin in admin.site._registry.items():
        site.register(model, type(model_admin))
    request = RequestFactory().get("/")
    request.user = admin_user

    apps = site.get_app_list(request)
    ours = [app for app in apps if app["app_label"] == "front_sms"]

    assert [app["name"] for app in ours] == ["Front SMS", "Front SMS: technical"]
    assert names(ours[0]) == DAILY and "Event" in names(ours[1])
    assert any(app["app_label"] == "auth" for app in apps)
