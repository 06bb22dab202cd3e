"""Template tags of this app's admin pages."""

from typing import Any

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString

from django_front_sms.admin import live_parts, paused_accounts
from django_front_sms.admin.badges import briefly, icon
from django_front_sms.admin.index import in_order, with_unanswered

register = template.Library()


@register.inclusion_tag("admin/front_sms/paused.html", takes_context=True)
def paused_strip(context: dict[str, Any]) -> dict[str, Any]:
    """The strip about accounts whose sending is paused."""
    request = context["request"]
    shown = {"paused": paused_accounts.strip(request), "icon": icon("pause"), "next": request.path}
    return {**shown, "csrf_token": context.get("csrf_token")}


@register.simple_tag(takes_context=True)
def app_list_in_order(context: dict[str, Any]) -> list[dict[str, Any]]:
    """The apps of an index: this app's models in order, and beside *Conversations* how many are unanswered."""
    return with_unanswered(context["request"], in_order(context.get("app_list") or []))


register.filter(briefly)


class LivePart(template.Node):
    """A part of a page that `live.js` keeps up to date."""

    def __init__(self, name: FilterExpression, nodelist: NodeList) -> None:
        self.name, self.nodelist = name, nodelist

    def render(self, context: Context) -> SafeString:
        # Without spaces around it: a part with nothing to show takes no space on the page.
        name, html = str(self.name.resolve(context)), SafeString(self.nodelist.render(context).strip())
        live_parts.record(context["request"], name, html)
        return live_parts.part(name, html)


@register.tag("live")
def live_part(parser: Parser, token: Token) -> LivePart:
    """`{% live "fs-timeline" %}…{% endlive %}`: a part with this id. It needs `request` in the context."""
    _tag, name = token.split_contents()
    nodelist = parser.parse(("endlive",))
    parser.delete_first_token()
    return LivePart(parser.compile_filter(name), nodelist)
