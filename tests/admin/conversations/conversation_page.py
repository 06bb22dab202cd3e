"""Requests to the page of a conversation, and what the page contains."""

import json
import re

from django.urls import reverse

from django_front_sms.models import OutboundMessage

LIST = "/admin/front_sms/conversation/"

BOTH = ("view_outboundmessage", "view_inboundmessage")


def address(row) -> str:
    return reverse(f"admin:front_sms_conversation_{'out' if isinstance(row, OutboundMessage) else 'in'}", args=[row.pk])


def page_content(browser, row, **query) -> str:
    answer = browser.get(address(row), query)
    assert answer.status_code == 200
    return answer.content.decode()


def bubbles(content: str) -> list[str]:
    """The texts of the bubbles, without markup."""
    pieces = re.findall(r'<div class="fs-balloon">(.*?)</div>\s*<p class="fs-meta">', content, re.S)
    return [" ".join(re.sub("<[^>]*>", " ", piece).split()) for piece in pieces]


def reply_fields(content: str) -> dict[str, str]:
    """The hidden fields of the reply form."""
    return dict(re.findall(r'<input type="hidden" name="(key|answering)" value="([^"]*)"', content))


def answer(browser, row, text: str, *, script: bool = False, **fields):
    headers = {"Accept": "application/json"} if script else {}
    return browser.post(
        address(row), {**reply_fields(page_content(browser, row)), "text": text, **fields}, headers=headers
    )


def updates(browser, row, content: str) -> dict | None:
    """The response to the request that an open page makes every few seconds."""
    seen = re.findall(r'data-name="(\w+)" data-version="(\w+)"', content)
    version = re.search(r'name="answering"[^>]*data-version="([^"]*)"', content)
    query = {"part": "updates", "seen": ",".join(map(".".join, seen)), "box": version[1] if version else ""}
    reply = browser.get(address(row), query)
    return json.loads(reply.content) if reply.status_code == 200 else None
