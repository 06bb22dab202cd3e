"""URLs of admin pages, on the admin site of the request.

A project may register the models on an `AdminSite` of its own (`AdminSite(name="office")`), beside the default one or
instead of it. `reverse("admin:…")` always returns a URL of the default site.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse


def reverse_admin(site: HttpRequest | AdminSite, page: str, *args: Any, query: Mapping[str, Any] | None = None) -> str:
    """The address of a page of this app, such as `outboundmessage_change`; empty where the site does not have it.

    `site` is an admin site, or a request to one of its pages.
    """
    name = site.name if isinstance(site, AdminSite) else current_site(site)
    try:
        return reverse(f"admin:front_sms_{page}", args=args, query=query, current_app=name)
    except NoReverseMatch:
        return ""


def site_context(site: AdminSite, request: HttpRequest) -> dict[str, Any]:
    """The context that every page of `site` has. The request is given the site's name, as Django's own pages do: themes
    make their links by it."""
    request.current_app = site.name
    return site.each_context(request)


def current_site(request: HttpRequest) -> str:
    """The name of the admin site that answers `request`, found as the template tag `url` finds it."""
    name = getattr(request, "current_app", None)
    if name is None and request.resolver_match is not None:
        name = request.resolver_match.namespace
    return name or "admin"
