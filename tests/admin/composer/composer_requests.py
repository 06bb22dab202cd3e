"""Requests to the composer: the form, the review page, and sending."""

import re
from typing import Any

from django.test import Client

from django_front_sms.models import OutboundMessage

ADD = "/admin/front_sms/outboundmessage/add/"
LIST = "/admin/front_sms/outboundmessage/"
THREE = "99999999\n+47 912 34 567; 0047 92 34 56 78"


def review(browser: Client, to: str = "999 99 999", text: str = "Hei på deg", **fields: Any) -> Any:
    """The review page, or the form with its errors."""
    return browser.post(ADD, {"to": to, "text": text, "how": "each", "key": "page-1", **fields}, follow=True)


def confirm(browser: Client, page: Any, **changes: Any) -> Any:
    """Click "Send" on the review page."""
    content = page.content.decode()
    assert 'name="confirmed"' in content, errors(page)
    return browser.post(ADD, {**hidden(content), **changes})


def hidden(content: str) -> dict[str, str]:
    import html

    found = re.findall(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?', content)
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def send(browser: Client, *args: Any, **fields: Any) -> Any:
    return confirm(browser, review(browser, *args, **fields))


def errors(page: Any) -> dict[str, Any]:
    return page.context["form"].errors


def messages_after(browser: Client, answer: Any) -> str:
    return " ".join(str(message) for message in browser.get(answer.url).context["messages"])


def numbers() -> list[str]:
    return [message.recipient for message in OutboundMessage.objects.order_by("pk")]
