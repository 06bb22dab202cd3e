"""A crawler for the admin, rows for it to find, and the main job by hand: write, stop, reply, export, look it up."""

import html
import logging
import re
from io import StringIO
from typing import Any
from urllib.parse import urljoin

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client

from django_front_sms.models import CounterGap, OutboundMessage, RefusedPush
from tests.factories import (
    AccountStateFactory,
    BulkSendFactory,
    DeliveryStatusFactory,
    EventFactory,
    InboundMessageFactory,
    MmsFileFactory,
    OptOutFactory,
    OutboundMessageFactory,
    at,
)

logger = logging.getLogger(__name__)

ROLES = ("viewer", "operator", "manager")
_LINK = re.compile(r'(?:href|src)="([^"#]*)"')
_ANY = re.compile(r'(?:href|src|action|data-[a-z]+|value)="(/[^"#]*)"')
_UNVISITED = ("/logout/", "/static/", "/jsi18n/", "/password_change/", "/autocomplete/")


def staff(role: str, **fields: Any) -> Client:
    """A client of a member of the staff who is in the group of this role; `superuser` is in none."""
    call_command("front_sms", "roles", stdout=StringIO())
    user = get_user_model().objects.create(
        username=f"{role}{get_user_model().objects.count()}", is_staff=True, is_superuser=role == "superuser", **fields
    )
    if role != "superuser":
        user.groups.add(Group.objects.get(name=f"Front SMS {role}"))
    browser = Client(raise_request_exception=True)
    browser.force_login(user)
    return browser


def one_of_each(account: str = "default") -> dict[str, Any]:
    """A row of every model, with all that pages show beside it."""
    sms = OutboundMessageFactory(retried=True, account=account)
    OutboundMessageFactory(account=account, duplicate_of=sms, state="duplicate")
    OutboundMessageFactory(account=account)
    OutboundMessageFactory(unconfirmed=True, account=account)
    inbound = InboundMessageFactory(account=account, gateway_id=5, problem="it could not be read")
    MmsFileFactory(message=inbound, name="picture.png", content_type="image/png", content=b"\x89PNG\r\n\x1a\n")
    bulk = BulkSendFactory(account=account, sender="Mitt Firma", text="Til alle", recipients=1)
    OutboundMessageFactory(account=account, bulk=bulk, state="sent")
    EventFactory(subject=f"out:{sms.pk}", failed=True, traceback="boom")
    EventFactory(subject=f"account:{account}", kind="sending_paused")
    return {
        "outboundmessage": sms,
        "inboundmessage": inbound,
        "bulksend": bulk,
        "deliverystatus": DeliveryStatusFactory(
            message=None, status=9, received_at=at(3), gateway_id=17, problem="not known", account=account
        ),
        "accountstate": AccountStateFactory(paused=True, account=account),
        "countergap": CounterGap.objects.create(account=account, first=1, last=3, shown_at=at(0)),
        "refusedpush": RefusedPush.objects.create(account=account, purpose="inbound", size=3 * 10**7, limit=26_214_400),
        "optout": OptOutFactory(account=account, number="+4791234567", message=inbound),
        "event": EventFactory(subject="status:1", kind="status_received"),
    }


def links(content: str) -> set[str]:
    """The addresses that a page names, those that it posts to included."""
    return {html.unescape(each) for each in _ANY.findall(content)}


def crawl(browser: Client, start: str) -> dict[str, str]:
    """Open every page that is linked from `start`, and from there on; the content of each by its address.

    Fails at the first page that is not 200. From a page with a query, only links without one are followed.
    """
    waiting, seen = [start], {start: ""}
    while waiting:
        address = waiting.pop()
        response = browser.get(address, follow=True)
        assert response.status_code == 200, (response.status_code, address)
        if response.streaming:
            continue
        seen[address] = content = response.content.decode()
        for link in map(html.unescape, _LINK.findall(content)):
            target = urljoin(response.request["PATH_INFO"], link)
            follow = target.startswith(start) and not any(part in target for part in _UNVISITED)
            if follow and target not in seen and not ("?" in address and "?" in target):
                seen[target] = ""
                waiting.append(target)
    logger.info("%d pages from %s", len(seen), start)
    return seen


def work(browser: Client, root: str) -> list[str]:
    """Write a message, stop it, send it once more, reply, add an opt-out and export; the addresses led to."""
    led: list[str] = []

    def post(address: str, data: dict[str, Any], expected: int = 302) -> Any:
        response = browser.post(address, data)
        assert response.status_code == expected, (address, response.status_code)
        led.append(response.headers.get("Location", ""))
        return response

    app = f"{root}front_sms/"
    written = {"to": "90012345", "text": "Hei på deg", "how": "each", "key": "page-1"}
    asked = browser.get(post(f"{app}outboundmessage/add/", written).headers["Location"]).content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', asked))
    post(f"{app}outboundmessage/add/", {name: html.unescape(value) for name, value in hidden.items()})
    post(f"{app}outboundmessage/add/check/", {"to": "90012345"}, 200)
    sms = OutboundMessage.objects.latest("pk")
    post(f"{app}outboundmessage/{sms.pk}/action/cancel/", {}, 200)
    post(f"{app}outboundmessage/{sms.pk}/action/cancel/", {"confirmed": "key"})
    post(f"{app}outboundmessage/{sms.pk}/action/resend/", {"confirmed": "key"})
    post(f"{app}conversation/out/{sms.pk}/", {"text": "Et svar", "key": "reply-1"})
    post(f"{app}optout/add/", {"number": "90012345", "account": "default", "sender": "", "_save": "yes"})
    post(f"{app}outboundmessage/", {"action": "export_ticked", "_selected_action": sms.pk}, 200)
    post(f"{app}outboundmessage/export/", {"format": "comma", "_selected_action": sms.pk}, 200)
    led.append(browser.get(f"{app}conversation/with/", {"number": "+4790012345"}).headers["Location"])
    led.append(browser.get(f"{app}bulksend/add/").headers["Location"])
    return led
