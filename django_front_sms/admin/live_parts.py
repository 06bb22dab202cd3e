"""Parts of a page that are updated automatically.

A template marks them with the tag `live`. The script `live.js` requests the page again with `part=live`, and the
version of each part in `seen`; the response has the parts that changed, or no content.
"""

import re

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import SimpleTemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from django_front_sms.admin.request_values import values_of
from django_front_sms.db.digest import digest

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')  # differs each time


def is_asked(request: HttpRequest) -> bool:
    """Whether the request is from the script, for the parts of a page."""
    return request.GET.get("part") == "live"


def version(html: str) -> str:
    return digest(_TOKEN.sub("", html))[:12]


def part(name: str, html: SafeString) -> SafeString:
    """`html` as a part of a page with the id `name`."""
    tag = '<div class="fs-live-part" id="{}" data-version="{}">{}</div>'
    return format_html(tag, name, version(html), html)


def record(request: HttpRequest, name: str, html: str) -> None:
    """Keep a part that was rendered for `answer`."""
    values_of(request).setdefault("live", {})[name] = html


def answer(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The parts of a page instead of the page; other responses, such as redirects, unchanged.

    `is_final` in the template's context means that the page will not change any more.
    """
    if not isinstance(response, SimpleTemplateResponse) or response.status_code != 200:
        return response
    # The template extends this where it is given: nobody sees the header and sidebar around the parts.
    response.context_data = {**(response.context_data or {}), "live_base": "admin/front_sms/live_parts.html"}
    response.render()
    parts: dict[str, str] = values_of(request).get("live", {})
    seen = dict(pair.rsplit(".", 1) for pair in request.GET.get("seen", "").split(",") if "." in pair)
    versions = {name: version(html) for name, html in parts.items()}
    changed = {
        name: {"html": parts[name], "version": shown} for name, shown in versions.items() if seen.get(name) != shown
    }
    is_final = bool(response.context_data.get("is_final"))
    found: HttpResponse = HttpResponse(status=204)
    if changed or is_final:
        found = JsonResponse({"parts": changed, "final": is_final})
    found.headers["Cache-Control"] = "private, no-store"
    return found
