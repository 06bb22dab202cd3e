"""Pages that update themselves: the requests of the script, and the responses."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from django_front_sms.models import OutboundMessage
from django_front_sms.signals import personal_data_read
from django_front_sms.states import State
from tests.factories import (
    AccountStateFactory,
    BulkSendFactory,
    EventFactory,
    InboundMessageFactory,
    OutboundMessageFactory,
)

pytestmark = pytest.mark.django_db

LIST = "/admin/front_sms/outboundmessage/"
DASHBOARD = "/admin/front_sms/dashboard/"


def change(row) -> str:
    return reverse(f"admin:front_sms_{row._meta.model_name}_change", args=[row.pk])


def versions(content: str) -> dict[str, str]:
    """The parts of a page, with the version of each."""
    return dict(re.findall(r'class="fs-live-part" id="([\w-]+)" data-version="(\w+)"', content))


def seen(content: str) -> str:
    return ",".join(f"{name}.{version}" for name, version in versions(content).items())


def ask(client, page: str, content: str):
    return client.get(page, {"part": "live", "seen": seen(content)})


@pytest.fixture
def reads() -> list[tuple[str, list[int]]]:
    found: list[tuple[str, list[int]]] = []

    def note(model, pks, **_rest) -> None:
        found.append((model.__name__, sorted(pks)))

    personal_data_read.connect(note, weak=False)
    yield found
    personal_data_read.disconnect(note)


def test_a_page_on_which_nothing_changed_is_answered_without_content(boss):
    sms = OutboundMessageFactory()
    content = boss.get(change(sms)).content.decode()

    assert set(versions(content)) == {"fs-paused", "fs-to-decide", "fs-state", "fs-buttons", "fs-timeline", "fs-fields"}
    answer = ask(boss, change(sms), content)
    assert (answer.status_code, answer.content) == (204, b"") and "no-store" in answer.headers["Cache-Control"]


def test_only_changed_parts_are_returned_and_obsolete_buttons_are_removed(boss):
    sms = OutboundMessageFactory()
    content = boss.get(change(sms)).content.decode()
    assert "Stop the message" in content

    OutboundMessage.objects.filter(pk=sms.pk).update(state=State.SENT, gateway_id=7)
    answer = ask(boss, change(sms), content).json()

    assert set(answer["parts"]) >= {"fs-state", "fs-buttons"} and "fs-paused" not in answer["parts"]
    assert "sent" in answer["parts"]["fs-state"]["html"]
    assert "Stop the message" not in answer["parts"]["fs-buttons"]["html"]
    assert answer["final"] is False


@pytest.mark.parametrize(
    ("fields", "final"),
    [
        ({"state": State.DELIVERED}, True),
        ({"state": State.REJECTED}, True),
        ({"state": State.SENT, "gateway_id": 5}, False),
        ({"state": State.SENT, "gateway_id": None}, True),
        ({"state": State.AT_OPERATOR}, False),
        ({"state": State.UNCONFIRMED}, False),
        ({"state": State.UNCONFIRMED, "given_up": True}, True),
        ({"state": State.QUEUED}, False),
    ],
)
def test_the_script_stops_polling_once_the_state_is_final(viewer, fields, final):
    sms = OutboundMessageFactory(**fields)
    content = viewer.get(change(sms)).content.decode()

    assert (" data-final" in content) is final
    assert viewer.get(change(sms), {"part": "live"}).json()["final"] is final


@pytest.mark.parametrize("page", [DASHBOARD, "message"])
def test_the_script_gets_the_parts_without_a_page_around_them(viewer, page):
    address = change(OutboundMessageFactory()) if page == "message" else page
    content = viewer.get(address).content.decode()

    answer = viewer.get(address, {"part": "live"})

    assert set(versions(content)) == set(answer.json()["parts"])
    assert "admin/base.html" not in {template.name for template in answer.templates}


def test_a_pause_appears_on_an_open_page(viewer):
    sms = OutboundMessageFactory()
    content = viewer.get(change(sms)).content.decode()

    AccountStateFactory(paused=True)

    assert (
        "Sending is paused. 1 message waits." in ask(viewer, change(sms), content).json()["parts"]["fs-paused"]["html"]
    )


def test_a_bulk_send_is_final_when_all_messages_are_final(viewer):
    bulk = BulkSendFactory(sender="x", text="Hei", recipients=2)
    sms = OutboundMessageFactory(bulk=bulk)
    OutboundMessageFactory(bulk=bulk, state=State.SENT)
    content = viewer.get(change(bulk)).content.decode()

    OutboundMessage.objects.filter(pk=sms.pk).update(state=State.SENT)
    answer = ask(viewer, change(bulk), content).json()

    assert answer["final"] and "<b>2</b>" in answer["parts"]["fs-fields"]["html"]


def test_a_list_requests_only_the_states_of_its_rows(viewer, django_assert_max_num_queries):
    rows = [OutboundMessageFactory(), OutboundMessageFactory(delivered=True)]
    content = viewer.get(LIST).content.decode()
    (address,) = re.findall(r'data-live="([^"]*)"', content)
    OutboundMessage.objects.filter(pk=rows[0].pk).update(state=State.DELIVERED)

    with django_assert_max_num_queries(7):
        answer = viewer.get(f"{unescape(address)}&part=live&seen={seen(content)}").json()

    assert list(answer["parts"]) == [f"fs-state-{rows[0].pk}"] and not answer["final"]
    assert "delivered" in answer["parts"][f"fs-state-{rows[0].pk}"]["html"]
    assert rows[0].recipient not in str(answer)


def test_states_require_permission_to_view_the_messages(login, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNT_ACCESS": "tests.admin.test_index.only_default"}
    hidden = OutboundMessageFactory(account="other")
    address = reverse("admin:front_sms_outboundmessage_updates") + f"?ids={hidden.pk},x,,"

    assert login("view_inboundmessage").get(address).status_code == 403
    assert f"fs-state-{hidden.pk}" not in login("view_outboundmessage").get(address).content.decode()


def updates(client, page: str):
    """The response to the script of an open list."""
    content = client.get(page).content.decode()
    (address,) = re.findall(r'data-live="([^"]*)"', content)
    address = unescape(address)
    return lambda: client.get(f"{address}&part=live&seen={seen(content)}")


NEW = [
    ("outboundmessage", "", lambda **fields: OutboundMessageFactory(**fields)),
    ("outboundmessage", "?q=%2B4799999999", lambda **fields: OutboundMessageFactory(recipient="+4799999999", **fields)),
    ("outboundmessage", "?q=tannlegen", lambda **fields: OutboundMessageFactory(text="Hos tannlegen", **fields)),
    ("outboundmessage", "?q=tannlegen&depth=all", lambda **fields: OutboundMessageFactory(text="Tannlegen", **fields)),
    ("outboundmessage", "?state__exact=queued", lambda **fields: OutboundMessageFactory(**fields)),
    (
        "inboundmessage",
        "?problem=no&received_at=168",
        lambda **fields: InboundMessageFactory(received_at=now(), **fields),
    ),
]


@pytest.mark.parametrize(("model", "query", "make"), NEW)
def test_an_open_list_shows_the_number_of_new_rows(viewer, model, query, make):
    make()
    page = reverse(f"admin:front_sms_{model}_changelist")
    ask = updates(viewer, page + query)
    assert ask().status_code == 204

    OutboundMessageFactory(recipient="+4790000026", text="x", state=State.REJECTED)
    make(), make()
    line = ask().json()["parts"]["fs-new"]["html"]

    found = re.fullmatch(r'<a href="([^"]*)">(.*)</a>', line)
    listed = viewer.get(unescape(found[1])).context["cl"].result_count
    assert found[2] == ("3" if model == "outboundmessage" and not query else "2") + " new messages. Show them"
    assert listed == (4 if model == "outboundmessage" and not query else 3)


def test_new_rows_of_other_lists_are_called_rows(viewer):
    ask = updates(viewer, reverse("admin:front_sms_event_changelist"))
    EventFactory()

    assert "1 new row. Show it" in ask().json()["parts"]["fs-new"]["html"]


def test_new_rows_are_counted_up_to_a_hundred(viewer, monkeypatch):
    monkeypatch.setattr("django_front_sms.admin.readonly.MOST_NEW", 2)
    ask = updates(viewer, LIST)
    OutboundMessageFactory.create_batch(4)

    with CaptureQueriesContext(connection) as queries:
        assert "2+ new messages. Show them" in ask().json()["parts"]["fs-new"]["html"]
    (counted,) = [query["sql"] for query in queries if "COUNT(*)" in query["sql"]]
    assert "LIMIT 3" in counted and '"id" > ' in counted.replace("`", '"')
    assert len(queries) <= 7


@pytest.mark.parametrize("query", ["?p=2", "?o=4"])
def test_only_a_page_that_begins_with_the_newest_announces_new_rows(viewer, query, monkeypatch):
    monkeypatch.setattr("django_front_sms.admin.outbound.OutboundMessageAdmin.list_per_page", 1)
    OutboundMessageFactory.create_batch(2, delivered=True)

    content = viewer.get(LIST + query).content.decode()

    assert "data-live" not in content and "fs-new" not in content


def test_new_rows_of_other_accounts_are_not_counted(login, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNT_ACCESS": "tests.admin.test_index.only_default"}
    ask = updates(login("view_outboundmessage"), LIST)
    OutboundMessageFactory(account="other")

    assert ask().status_code == 204


def test_a_list_with_an_invalid_filter_is_updated_too(viewer):
    OutboundMessageFactory()
    address = reverse("admin:front_sms_outboundmessage_updates")

    assert viewer.get(address, {"part": "live", "after": "0", "nonsense": "1"}).status_code == 200
    assert viewer.get(address, {"part": "live", "after": "x"}).status_code == 200


def test_the_dashboard_shows_a_new_unanswered_conversation(viewer):
    AccountStateFactory()
    content = viewer.get(DASHBOARD).content.decode()
    assert ask(viewer, DASHBOARD, content).status_code == 204

    InboundMessageFactory(sender="+4799999999", text="Hallo?")
    parts = ask(viewer, DASHBOARD, content).json()["parts"]

    assert "Hallo?" in parts["fs-attention"]["html"] and "Last message in" in parts["fs-tiles"]["html"]
    assert "fs-charts" not in parts


def test_reading_is_signalled_when_something_is_shown_and_not_when_nothing_is_new(viewer, reads):
    AccountStateFactory()
    sms, theirs = OutboundMessageFactory(unconfirmed=True), InboundMessageFactory(sender="+4799999998")
    page = viewer.get(DASHBOARD).content.decode()
    assert sorted(reads) == [("InboundMessage", [theirs.pk]), ("OutboundMessage", [sms.pk])]

    ask(viewer, DASHBOARD, page)
    assert len(reads) == 2
    viewer.get(DASHBOARD, {"part": "live"})
    assert len(reads) == 4

    reads.clear()
    page = viewer.get(change(sms)).content.decode()
    ask(viewer, change(sms), page)
    assert reads == [("OutboundMessage", [sms.pk])]


def test_new_messages_of_a_conversation_are_signalled_too(login, reads):
    client = login("view_outboundmessage", "view_inboundmessage")
    sms = InboundMessageFactory(sender="+4799999999")

    client.get(reverse("admin:front_sms_conversation_in", args=[sms.pk]), {"part": "updates"})

    assert reads == [("InboundMessage", [sms.pk])]


@pytest.mark.parametrize("nonsense", ["", ",", "x", "a.b.c,", ".", "å.å"])
def test_malformed_versions_of_seen_messages_are_ignored(viewer, nonsense):
    sms = OutboundMessageFactory()
    assert viewer.get(change(sms), {"part": "live", "seen": nonsense}).status_code == 200
