"""This app's models on the index of the admin: those for daily use first, then the technical ones."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.apps import apps as django_apps
from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_front_sms import access
from django_front_sms.admin.conversations.threads import unanswered_in_words

FIRST = ("Conversation", "Write", "OutboundMessage", "Dashboard", "SavedText", "OptOut", "InboundMessage", "BulkSend")
TECHNICAL = ("Event", "CounterGap", "RefusedPush", "DeliveryStatus", "AccountState")

App = dict[str, Any]


def in_order(apps: list[App]) -> list[App]:
    """The apps of `AdminSite.get_app_list`, with this app in two parts: the models for daily use, and the others."""
    ours = [app for app in apps if app["app_label"] == "front_sms"]
    if not ours:
        return apps
    place = apps.index(ours[0])
    return [*apps[:place], *_parts(ours), *(app for app in apps[place:] if app not in ours)]


def _parts(ours: list[App]) -> list[App]:
    models = {model["object_name"]: model for app in ours for model in app["models"]}
    if writing := _writing(models.get("OutboundMessage")):
        models["Write"] = writing
        models["OutboundMessage"] = _without_add(models["OutboundMessage"])  # one link to the composer is enough
    daily = [models[name] for name in FIRST if name in models]
    technical = [models[name] for name in TECHNICAL if name in models]
    technical += [model for name, model in models.items() if name not in FIRST + TECHNICAL]
    name = django_apps.get_app_config("front_sms").verbose_name
    named = ((name, daily), (_("%(app)s: technical") % {"app": name}, technical))
    return [{**ours[0], "name": words, "models": some} for words, some in named if some]


def _writing(outbound: App | None) -> App | None:
    """A row that links to the composer, if the user may write messages."""
    if outbound is None or not outbound.get("add_url"):
        return None
    row = {"object_name": "Write", "name": _("Write message"), "admin_url": outbound["add_url"]}
    without_add = _without_add({**outbound, **row})
    return {**without_add, "perms": {**without_add["perms"], "change": False}, "view_only": True}


def _without_add(model: App) -> App:
    """The model, without the link to its page for adding. Some themes make that link if the user has the permission."""
    return {**model, "add_url": None, "perms": {**model.get("perms", {}), "add": False}}


def with_unanswered(request: HttpRequest, apps: Iterable[App]) -> list[App]:
    """The same apps, with the number of unanswered conversations in the name of that model."""
    shown = []
    for app in apps:
        models = app["models"]
        if app["app_label"] == "front_sms":
            models = [_named(request, model) if model["object_name"] == "Conversation" else model for model in models]
        shown.append({**app, "models": models})
    return shown


def _named(request: HttpRequest, model: App) -> App:
    count = unanswered_in_words(access.accounts_of(request.user))
    words = ngettext("%(name)s (%(n)s unanswered)", "%(name)s (%(n)s unanswered)", 1 if count == "1" else 2)
    name = words % {"name": model["name"], "n": count}
    return {**model, "name": name} if count else model


def with_one_current(path: str, apps: list[App]) -> list[App]:
    """The same apps, of which Django marks at most one model as the current one: it marks every model whose address is
    the beginning of `path`, and the composer's address begins with that of the list."""
    within = [model["admin_url"] for app in apps for model in app["models"] if (model.get("admin_url") or "-") in path]
    return [{**app, "models": [_marked(model, within) for model in app["models"]]} for app in apps]


def _marked(model: App, within: list[str]) -> App:
    address = model.get("admin_url")
    return {**model, "admin_url": f"{address}?"} if address in within and address != max(within, key=len) else model


def with_ordered_sidebar(view: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a view of the admin: the sidebar of its page has this app's models in order, whatever the admin site."""

    @wraps(view)
    def ordered(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        response = view(request, *args, **kwargs)
        context = getattr(response, "context_data", None) or {}
        if "available_apps" in context:
            context["available_apps"] = with_one_current(request.path, in_order(context["available_apps"]))
        return response

    return ordered


class OrderedAdminSite(AdminSite):
    """An admin site whose index and sidebar have this app's models in the order of `FIRST`, and the others under a
    heading.

    Use it as the `default_site` of an `AdminConfig`, or as a base class.
    """

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        return in_order(super().get_app_list(request, app_label))
