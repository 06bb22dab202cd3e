"""Messages of a conversation, and what its page contains."""

import json
import re

from django.urls import reverse

from django_front_sms.models import OutboundMessage
from tests.factories import InboundMessageFactory, MmsFileFactory, OutboundMessageFactory, at
from tests.inbox.pictures import png

LIST = "/admin/front_sms/conversation/"
BOTH = ("view_outboundmessage", "view_inboundmessage")
KARI, OLA = "+4799999999", "+4799999998"
PSK = "26114123450000"


def outbound(number: str = KARI, seconds: float = 0, text: str = "ours", **fields):
    return OutboundMessageFactory(recipient=number, created_at=at(seconds), text=text, **{"sender": PSK, **fields})


def inbound(number: str = KARI, seconds: float = 0, text: str = "theirs", **fields):
    return InboundMessageFactory(
        sender=number, received_at=at(seconds), text=text, **{"sent_at": at(seconds), **fields}
    )


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


def mms_message(*texts: str):
    row = inbound(text="\n".join(texts))
    MmsFileFactory(
        message=row,
        name="smil.xml",
        content_type="text/xml;Name=smil.xml",
        content=b'<smil><par><img src="a.png"/><text src="t.txt"/></par></smil>',
        position=0,
    )
    MmsFileFactory(message=row, name="a.png", content_type="image/png", content=png(), position=1)
    MmsFileFactory(
        message=row, name="t.txt", content_type="text/plain;Charset=UTF-8", content="Blåbær".encode(), position=2
    )
    MmsFileFactory(message=row, name="b.pdf", content_type="application/pdf", content=b"%PDF", position=3)
    MmsFileFactory(message=row, name="fake.jpg", content_type="image/jpeg", content=b"<script>", position=4)
    return row
