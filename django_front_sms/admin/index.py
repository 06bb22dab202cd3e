"""The order of this app's models on the index of the admin: what staff use each day first, then the technical ones."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext as _

FIRST = ("Conversation", "OutboundMessage", "InboundMessage", "Dashboard", "SavedText", "OptOut", "BulkSend")


def split(models: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The models of an app as `AdminSite.get_app_list` gives them: those of `FIRST` in its order, and the others."""
    daily = [model for name in FIRST for model in models if model["object_name"] == name]
    return daily, [model for model in models if model["object_name"] not in FIRST]


class OrderedAdminSite(AdminSite):
    """An admin site whose index has this app's models in the order of `FIRST`, and the others under a heading.

    Use it as the `default_site` of an `AdminConfig`, or as a base class.
    """

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps: list[Any] = []
        for app in super().get_app_list(request, app_label):
            daily, technical = split(app["models"]) if app["app_label"] == "front_sms" else (app["models"], [])
            apps += [{**app, "models": daily}] if daily else []
            if technical:
                name = _("%(app)s: technical") % {"app": app["name"]}
                apps.append({**app, "name": name, "models": technical})
        return apps
