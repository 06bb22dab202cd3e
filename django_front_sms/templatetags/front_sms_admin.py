"""Template tags of this app's admin pages."""

from typing import Any

from django import template

from django_front_sms.admin import paused
from django_front_sms.admin.badges import icon
from django_front_sms.admin.index import in_order, with_unanswered

register = template.Library()


@register.inclusion_tag("admin/front_sms/paused.html", takes_context=True)
def paused_strip(context: dict[str, Any]) -> dict[str, Any]:
    """The strip about accounts whose sending is paused."""
    request = context["request"]
    shown = {"paused": paused.strip(request), "icon": icon("pause"), "next": request.path}
    return {**shown, "csrf_token": context.get("csrf_token")}


@register.simple_tag(takes_context=True)
def app_list_in_order(context: dict[str, Any]) -> list[dict[str, Any]]:
    """The apps of an index: this app's models in order, and beside *Conversations* how many are unanswered."""
    return with_unanswered(context["request"], in_order(context.get("app_list") or []))
