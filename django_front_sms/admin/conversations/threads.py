"""The template context of the list of conversations."""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

import phonenumbers
from django.http import HttpRequest

from django_front_sms import contacts
from django_front_sms.access import accounts_of
from django_front_sms.admin.conversations.bubbles import in_short
from django_front_sms.admin.urls import reverse_admin
from django_front_sms.conf import get_settings
from django_front_sms.conversations import Message, Page, Thread, counterpart, unanswered_count
from django_front_sms.models import OutboundMessage

MOST_COUNTED = 100  # from here on, a tab shows 99+


def list_context(
    request: HttpRequest, page: Page[Thread], asked: dict[str, str], opened: Message | None, *, counts: bool
) -> dict[str, Any]:
    """The context of the list of conversations. `asked`: the filters in the query. `opened`: a message of the
    conversation that is shown beside the list. `counts`: whether to count those that are unanswered."""
    home = reverse_admin(request, "conversation_changelist")
    usable = accounts_of(request.user)
    accounts = [name for name in get_settings().accounts if usable is None or name in usable]
    shown = (opened.account, counterpart(opened)) if opened is not None else ("", "")
    names = contacts.labels([*(thread.number for thread in page.rows), *filter(None, shown[1:])])
    return {
        "rows": [_thread_context(request, thread, asked, shown, names) for thread in page.rows],
        "waiting": unanswered_in_words(usable) if counts else "",
        "opened_name": names.get(shown[1], ""),
        "asked": asked,
        "accounts": accounts if len(accounts) > 1 else [],
        **_links(home, page, asked),
    }


def unanswered_in_words(accounts: Collection[str] | None, count: int | None = None) -> str:
    """The number of conversations that wait for an answer, such as `3` or `99+`; empty if none does.

    `count`: the number up to `MOST_COUNTED`, if the caller has counted it.
    """
    if count is None:
        count = unanswered_count(accounts, most=MOST_COUNTED)
    return f"{MOST_COUNTED - 1}+" if count >= MOST_COUNTED else str(count or "")


def _links(home: str, page: Page[Thread], asked: dict[str, str]) -> dict[str, str]:
    return {
        "older": _link(home, {**asked, "threads_before": str(page.before)}) if page.before else "",
        "newest": _link(home, {**asked, "threads_before": ""}) if asked.get("threads_before") else "",
        "all": _link(home, {**asked, "show": "", "threads_before": ""}),
        "unanswered": _link(home, {**asked, "show": "unanswered", "threads_before": ""}),
    }


def _thread_context(
    request: HttpRequest,
    thread: Thread,
    asked: dict[str, str],
    shown: tuple[str, str] | None,
    names: dict[str, str],
) -> dict[str, Any]:
    direction = "out" if isinstance(thread.latest, OutboundMessage) else "in"
    address = reverse_admin(request, f"conversation_{direction}", thread.latest.pk)
    return {
        "thread": thread,
        "number": spaced(thread.number),
        "name": names.get(thread.number, ""),
        "url": _link(address, asked),
        "is_open": (thread.account, thread.number) == shown,
        **in_short(thread.latest),
    }


def spaced(number: str) -> str:
    """A number in groups of digits (`+47 999 99 999`); other senders unchanged."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _link(address: str, query: dict[str, str]) -> str:
    return f"{address}?{urlencode({key: value for key, value in query.items() if value})}".rstrip("?")
