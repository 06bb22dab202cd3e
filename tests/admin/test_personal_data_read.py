"""Every page that shows texts or numbers sends a signal, for sites that must record who reads them."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, resolve, reverse
from django.utils import timezone

from django_front_sms.models import CounterGap, InboundMessage, MmsFile, OutboundMessage, RefusedPush, SavedText
from django_front_sms.signals import personal_data_read
from tests.admin.composer.composer_requests import review
from tests.factories import (
    AccountStateFactory,
    BulkSendFactory,
    DeliveryStatusFactory,
    EventFactory,
    InboundMessageFactory,
    MmsFileFactory,
    OptOutFactory,
    OutboundMessageFactory,
)
from tests.sites.crawl import staff

pytestmark = pytest.mark.django_db

Row = tuple[type[Model], int]
SCREENS = [screen for model, screen in admin.site._registry.items() if model._meta.app_label == "front_sms"]


@pytest.fixture
def read():
    """The keys that were read, by model."""
    seen = defaultdict(list)

    def note(sender, user, model, pks, **kwargs):
        assert user.is_authenticated and sender is model
        seen[model] += pks

    personal_data_read.connect(note)
    yield seen
    personal_data_read.disconnect(note)


def test_lists_and_pages_of_messages_send_the_signal(boss, read):
    sent, received = OutboundMessageFactory(), InboundMessageFactory()
    for row in (sent, received):
        name = row._meta.model_name
        boss.get(reverse(f"admin:front_sms_{name}_changelist"))
        boss.get(reverse(f"admin:front_sms_{name}_change", args=[row.pk]))
    assert read == {OutboundMessage: [sent.pk] * 2, InboundMessage: [received.pk] * 2}


def test_a_conversation_sends_the_signal_for_both_directions(boss, read):
    sent, received = OutboundMessageFactory(), InboundMessageFactory()
    boss.get(reverse("admin:front_sms_conversation_out", args=[sent.pk]))
    assert read == {OutboundMessage: [sent.pk], InboundMessage: [received.pk]}


def test_a_conversation_sends_the_signal_for_those_beside_it_too(boss, read):
    sent, others = OutboundMessageFactory(), InboundMessageFactory(sender="+4799999998")
    boss.get(reverse("admin:front_sms_conversation_out", args=[sent.pk]))
    assert read == {OutboundMessage: [sent.pk], InboundMessage: [others.pk]}


@pytest.mark.parametrize("part", ["", "threads"])
def test_the_list_of_conversations_sends_the_signal_for_the_messages_that_it_shows(boss, read, part):
    OutboundMessageFactory(recipient="+4799999998")
    latest = OutboundMessageFactory(recipient="+4799999998")
    received = InboundMessageFactory(sender="+4799999997")
    boss.get(reverse("admin:front_sms_conversation_changelist"), {"part": part})
    assert read == {OutboundMessage: [latest.pk], InboundMessage: [received.pk]}


def test_an_export_sends_the_signal(login, read):
    sent = OutboundMessageFactory()
    exporter = login("view_outboundmessage", "export_outboundmessage")
    address = reverse("admin:front_sms_outboundmessage_export")
    assert b"".join(exporter.post(address, {"format": "comma"}).streaming_content)
    assert read == {OutboundMessage: [sent.pk]}


def test_rows_whose_action_was_refused_are_named_and_signalled(boss, read):
    sent = OutboundMessageFactory(delivered=True)
    chosen = {"action": "cancel", "_selected_action": [sent.pk], "confirmed": "yes"}
    boss.post(reverse("admin:front_sms_outboundmessage_changelist"), chosen)
    assert read == {OutboundMessage: [sent.pk]}


# Every page: whatever shows the number or the text of a row reports that row


@pytest.fixture
def marks() -> dict[Row, list[str]]:
    """A row of every kind, and the numbers and words that no other row has."""
    now = timezone.now()
    found: dict[Row, list[str]] = {}

    def add(row: Any, *words: str) -> None:
        found[type(row), row.pk] = [word.removeprefix("+47") for word in words]

    for n, fields in enumerate([{"unconfirmed": True}, {}, {"delivered": True}], 1):
        ours = OutboundMessageFactory(recipient=f"+4791111{n:03}", text=f"outbound-{n}", created_at=now, **fields)
        add(ours, ours.recipient, ours.text)
        theirs = InboundMessageFactory(sender=f"+4792222{n:03}", text=f"inbound-{n}", problem="time")
        add(theirs, theirs.sender, theirs.text)
    MmsFileFactory(message=theirs)
    add(BulkSendFactory(text="to-everybody"), "to-everybody")
    add(OptOutFactory(number="+4793333001"), "+4793333001")
    add(DeliveryStatusFactory(message=None, raw=b"phonenr=4794444001"), "94444001")
    add(EventFactory(failed=True, traceback="ValueError: traceback-1"), "traceback-1")
    AccountStateFactory(clock=now)
    SavedText.objects.create(name="closed", text="Closed today")
    CounterGap.objects.create(account="default", first=1, last=3, shown_at=now)
    RefusedPush.objects.create(account="default", purpose="inbound", limit=1)
    return found


class WatchedClient:
    """Fails at a response that shows a row of `marks` without a signal."""

    def __init__(self, browser: Client, marks: dict[Row, list[str]], read: dict[type[Model], list[int]]) -> None:
        self._browser, self._marks, self._read = browser, marks, read
        self.shown: set[Row] = set()
        self.visited: set[str] = set()

    def get(self, address: str, data: Any = None) -> Any:
        return self._checked("get", address, data)

    def post(self, address: str, data: Any = None, follow: bool = True) -> Any:  # as `review` calls it
        return self._checked("post", address, data)

    def _checked(self, method: str, address: str, data: Any) -> Any:
        self._read.clear()
        response = getattr(self._browser, method)(address, data, follow=True)
        content = response.getvalue().decode(errors="replace").replace(" ", "").replace("\xa0", "")
        shown = {row for row, words in self._marks.items() if any(word in content for word in words)}
        silent = [(model.__name__, pk) for model, pk in shown if pk not in self._read[model]]
        assert silent == [], (method, address, data)
        self.shown |= shown
        self.visited.add(resolve(urlsplit(address).path).url_name)
        return response


def addresses(screen: Any) -> Iterator[str]:
    """The addresses of all pages of an admin class, for all rows."""
    for pattern in screen.get_urls():
        if pattern.name:
            for arguments in arguments_of(pattern, screen):
                yield reverse(f"admin:{pattern.name}", kwargs=arguments)


def arguments_of(pattern: URLPattern, screen: Any) -> list[dict[str, Any]]:
    rows = screen.model._default_manager.values_list("pk", flat=True)
    match sorted(pattern.pattern.converters):
        case []:
            return [{}]
        case ["object_id"]:
            return [{"object_id": pk} for pk in rows]
        case ["name", "object_id"]:
            return [{"object_id": pk, "name": action.name} for pk in rows for action in screen.row_actions]
        case ["file_id", "message_id"]:
            return [{"file_id": file.pk, "message_id": file.message_id} for file in MmsFile.objects.all()]
        case ["pk"]:
            model = OutboundMessage if pattern.name.endswith("out") else InboundMessage
            return [{"pk": row.pk} for row in model.objects.all()]
    raise AssertionError(f"{pattern.name} has other arguments: add them here")


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.opts.model_name)
def test_every_page_reports_the_rows_whose_texts_or_numbers_it_shows(screen, marks, read):
    client = WatchedClient(staff("superuser"), marks, read)
    parts = ("", "live", "threads", "updates", "older", "texts")

    for address in addresses(screen):
        for part in parts:
            client.get(address, {"part": part, "ids": "1,2,3", "after": "0"} if part else None)
        if not address.endswith("/delete/"):
            client.post(address, {"format": "comma", "text": "x" * 2000})
    rows = [pk for model, pk in marks if model is screen.model]
    for name in ("delete_selected", "export_ticked", *(each.name for each in getattr(screen, "row_actions", ()))):
        client.post(
            reverse(f"admin:front_sms_{screen.opts.model_name}_changelist"), {"action": name, "_selected_action": rows}
        )

    assert client.visited == {pattern.name for pattern in screen.get_urls() if pattern.name}
    assert client.shown >= {row for row in marks if row[0] is screen.model}


def test_the_composer_reports_the_messages_that_had_the_same_text(marks, read):
    client = WatchedClient(staff("superuser"), marks, read)

    review(client, "+4791111002", "outbound-2")

    assert len(client.shown) == 1


@pytest.mark.parametrize("page", ["/admin/", "/admin/front_sms/"])
def test_an_index_shows_no_number_and_no_text(marks, read, page):
    client = WatchedClient(staff("superuser"), marks, read)

    client.get(page)

    assert client.shown == set() and read == {}
