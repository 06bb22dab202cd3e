"""The list of conversations: search, filters, pages and links."""

import re

import pytest
from django.urls import reverse

from tests.admin.conversations.conversation_page import LIST, address
from tests.admin.conversations.conversation_rows import KARI, OLA, inbound, outbound

pytestmark = pytest.mark.django_db


def test_the_list_shows_and_links_the_latest_message_of_each_conversation(reader):
    outbound(KARI, 1), outbound(OLA, 2, "Husk timen")
    latest = inbound(KARI, 3, "Kommer straks")

    content = reader.get(LIST).content.decode()

    assert content.index("Kommer straks") < content.index("Husk timen")
    assert content.count('class="fs-thread-link') == 2 and f'href="{address(latest)}"' in content


@pytest.mark.parametrize("written", ["999 99 999", "+4799999999", "0047 99999999", "99999999"])
def test_a_conversation_is_found_by_any_spelling_of_its_number(reader, written):
    outbound(KARI), outbound("+4791234567", text="somebody else")

    content = reader.get(LIST, {"q": written}).content.decode()

    assert "+47 99 99 99 99" in content and "somebody else" not in content


def test_names_and_short_codes_are_found_too(reader):
    inbound("Vipps 24", text="one"), inbound("26114", text="two"), inbound(KARI, text="three")

    assert "one" in (found := reader.get(LIST, {"q": "Vipps 24"}).content.decode()) and "three" not in found
    assert "two" in (found := reader.get(LIST, {"q": "26114"}).content.decode()) and "three" not in found


def test_a_conversation_is_unanswered_when_its_latest_message_is_inbound(reader):
    inbound(KARI, 1, "Er dere der?"), inbound(OLA, 2, "Takk"), outbound(OLA, 3, "Bare hyggelig")

    content = reader.get(LIST, {"show": "unanswered"}).content.decode()

    assert "Er dere der?" in content and "hyggelig" not in content


def test_older_conversations_are_on_the_next_page(reader):
    for n in range(35):
        outbound(f"+479999{n:04}", n, f"text {n}.")
    first = reader.get(LIST).content.decode()
    older = re.search(r'href="([^"]*threads_before=[^"]*)"', first)

    second = reader.get(older[1].replace("&amp;", "&")).content.decode()

    assert "text 34." in first and "text 4." not in first
    assert "text 4." in second and "text 5." not in second and "To the newest" in second


@pytest.mark.parametrize("query", [{"threads_before": "x"}, {"threads_before": "1-2-3"}])
def test_a_broken_cursor_is_not_found(reader, query):
    assert reader.get(LIST, query).status_code == 404
    assert reader.get(address(outbound()), {"before": "x"}).status_code == 404


@pytest.mark.parametrize("query", ["q=%00", "account=%00", "part=threads&q=%00", "show=%00"])
def test_nul_characters_are_left_out_of_a_search(reader, query):
    assert reader.get(f"{LIST}?{query}").status_code == 200
    assert reader.get(f"{address(outbound())}?{query}").status_code == 200
    assert reader.get(f"{LIST}with/?number=%00&account=%00").status_code == 302


def test_an_empty_list_says_so(reader):
    assert "Nobody has written yet." in reader.get(LIST).content.decode()
    assert "There are no messages with" in reader.get(LIST, {"q": "999"}).content.decode()
    assert "No conversation waits for an answer." in reader.get(LIST, {"show": "unanswered"}).content.decode()


def test_a_conversation_is_reached_by_number_and_account_from_elsewhere(reader):
    sms = inbound(KARI)

    found = reader.get(f"{LIST}with/", {"number": KARI, "account": "default"})
    unknown = reader.get(f"{LIST}with/", {"number": "+4790000000"}, follow=True)
    nothing = reader.get(f"{LIST}with/", follow=True)

    assert found.headers["Location"] == address(sms)
    assert "Nobody with this number" in unknown.content.decode()
    assert "Nobody with this number" in nothing.content.decode()


def test_the_pages_of_messages_lead_to_their_conversation(reader, login):
    ours, theirs, unknown = outbound(), inbound(), inbound("", problem="not JSON")

    for row in (ours, theirs, unknown):
        page = reverse(f"admin:front_sms_{row._meta.model_name}_change", args=[row.pk])
        assert (f'href="{address(row)}"' in reader.get(page).content.decode()) is (row is not unknown)
    page = reverse("admin:front_sms_outboundmessage_change", args=[ours.pk])
    assert address(ours) not in login("view_outboundmessage").get(page).content.decode()
