"""The page of a conversation: its messages, their states, and MMS files."""

import re

import pytest

from django_front_sms.models import InboundMessage
from django_front_sms.states import State
from tests.admin.conversations.conversation_page import LIST, address, bubbles, page_content
from tests.admin.conversations.conversation_rows import OLA, inbound, mms_message, outbound
from tests.factories import AccountStateFactory, at

pytestmark = pytest.mark.django_db


def test_messages_in_both_directions_are_ordered_by_time_and_aligned_by_direction(reader):
    outbound(text="first", seconds=1), inbound(text="second", seconds=2)
    last = outbound(text="third", seconds=3)

    content = page_content(reader, last)

    assert bubbles(content) == ["first", "second", "third"]
    assert re.findall(r"fs-message (fs-\w+)", content) == ["fs-ours", "fs-theirs", "fs-ours"]


def test_a_conversation_is_found_by_any_of_its_messages(reader):
    rows = [outbound(text="first", seconds=1), inbound(text="second", seconds=2)]

    assert bubbles(page_content(reader, rows[0])) == bubbles(page_content(reader, rows[1])) == ["first", "second"]


def test_a_missing_message_and_one_without_a_sender_have_no_conversation(reader):
    for page in (
        f"{LIST}out/7/",
        f"{LIST}in/7/",
        f"{LIST}out/99999999999999999999/",
        address(inbound("")),
        address(outbound("")),
    ):
        assert reader.get(page).status_code == 404


def test_markup_in_messages_is_escaped(reader):
    evil = '<script>alert("1")</script><img src=x onerror=alert(2)>'
    inbound(evil, text=evil), outbound(text=evil)

    for content in (
        reader.get(LIST).content.decode(),
        *(page_content(reader, row) for row in InboundMessage.objects.all()),
    ):
        assert "<script>alert" not in content and "<img src=x" not in content and "&lt;script&gt;alert" in content


def test_every_state_is_shown_in_words_with_its_reason(reader):
    outbound(state=State.DELIVERED, text="a")
    outbound(state=State.REJECTED, text="b", error_code=1)
    outbound(state=State.UNCONFIRMED, text="c")
    outbound(state=State.QUEUED, text="d")
    last = outbound(state=State.EXPIRED, text="e")

    content = page_content(reader, last)

    for words in ("delivered", "rejected", "unconfirmed", "queued", "expired", "correct the number"):
        assert words in content
    assert "a person must decide" in content and "Waits for its turn" in content


def test_a_paused_account_is_the_reason_and_is_shown_above_the_reply_form(writer):
    sms = outbound(state=State.QUEUED)
    AccountStateFactory(paused=True)

    content = page_content(writer, sms)

    assert "Waits: sending is paused" in content and "Sending is paused. 1 message waits." in content


def test_the_author_and_the_number_of_segments_are_shown(reader, django_user_model):
    sms = outbound(created_by=django_user_model.objects.create(username="ola.nordmann"), segments=3)

    content = page_content(reader, sms)

    assert "by ola.nordmann" in content and "3 SMS" in content


def test_a_message_that_arrived_late_shows_when_it_was_written(reader):
    late = inbound(seconds=7200, sent_at=at(0))
    swift = inbound(OLA, seconds=60, sent_at=at(0))

    assert "written 03/02/2026 13:00" in page_content(reader, late) and "written 0" not in page_content(reader, swift)


def test_earlier_messages_are_available_as_a_page_and_as_a_fragment(reader):
    rows = [outbound(text=f"text {n}.", seconds=n) for n in range(45)]
    content = page_content(reader, rows[0])
    earlier = re.search(r'href="([^"]*before=([^"]*))" data-earlier', content)

    assert bubbles(content) == [f"text {n}." for n in range(5, 45)]
    assert bubbles(reader.get(earlier[1]).content.decode()) == [f"text {n}." for n in range(5)]
    piece = page_content(reader, rows[0], part="older", before=earlier[2])
    assert bubbles(piece) == [f"text {n}." for n in range(5)] and "<html" not in piece


def test_each_day_is_named_once(reader):
    outbound(seconds=0), outbound(seconds=60)
    last = outbound(seconds=86_400)

    assert re.findall(r'data-day="([^"]*)"', page_content(reader, last)) == ["2026-03-02", "2026-03-03"]


def test_an_mms_shows_verified_pictures_and_links_to_the_other_files(writer):
    content = page_content(writer, mms_message("Blåbær"))

    assert re.findall(r'<img src="[^"]*" alt="([^"]*)"', content) == ["a.png"]
    assert re.findall(r"download>([^<]*)<", content) == ["a.png", "t.txt", "b.pdf", "fake.jpg"]
    assert content.index("a.png") < content.rindex("Blåbær") < content.index("b.pdf")


def test_the_text_of_an_mms_is_shown_once_after_its_subject(writer):
    content = page_content(writer, mms_message("Fra skogen", "Blåbær"))

    (words,) = bubbles(content)
    assert words.count("Blåbær") == 1 and words.startswith("Fra skogen")


def test_without_permission_to_view_files_only_the_text_of_an_mms_is_shown(reader):
    content = page_content(reader, mms_message("Blåbær"))

    assert content.count("Blåbær") >= 1 and "<img" not in content and "download>" not in content
    assert "You have no permission to view MMS files." in content
