"""Conversations in the admin: who may see and answer them, what a bubble tells, and what is new."""

import json
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from django_front_sms.conversations import pages
from django_front_sms.models import InboundMessage, OptOut, OutboundMessage, SavedText
from django_front_sms.states import State
from tests.factories import (
    AccountStateFactory,
    DeliveryStatusFactory,
    InboundMessageFactory,
    MmsFileFactory,
    OutboundMessageFactory,
    SendAttemptFactory,
    at,
)
from tests.inbox.test_pictures import KINDS, png

pytestmark = pytest.mark.django_db

LIST = "/admin/front_sms/conversation/"
BOTH = ("view_outboundmessage", "view_inboundmessage")
KARI, OLA = "+4799999999", "+4799999998"
PSK = "26114123450000"


@pytest.fixture
def reader(login):
    return login(*BOTH)


@pytest.fixture
def writer(login):
    return login(*BOTH, "add_outboundmessage", "view_mmsfile")


def out(number: str = KARI, seconds: float = 0, text: str = "ours", **fields):
    return OutboundMessageFactory(recipient=number, created_at=at(seconds), text=text, **{"sender": PSK, **fields})


def come(number: str = KARI, seconds: float = 0, text: str = "theirs", **fields):
    return InboundMessageFactory(
        sender=number, received_at=at(seconds), text=text, **{"sent_at": at(seconds), **fields}
    )


def address(row) -> str:
    return reverse(f"admin:front_sms_conversation_{'out' if isinstance(row, OutboundMessage) else 'in'}", args=[row.pk])


def shown(browser, row, **query) -> str:
    answer = browser.get(address(row), query)
    assert answer.status_code == 200
    return answer.content.decode()


def bubbles(content: str) -> list[str]:
    """What stands in the bubbles, without their markup."""
    pieces = re.findall(r'<div class="fs-balloon">(.*?)</div>\s*<p class="fs-meta">', content, re.S)
    return [" ".join(re.sub("<[^>]*>", " ", piece).split()) for piece in pieces]


def box(content: str) -> dict[str, str]:
    """The hidden fields of the reply box."""
    return dict(re.findall(r'<input type="hidden" name="(key|answering)" value="([^"]*)"', content))


def answer(browser, row, text: str, *, script: bool = False, **fields):
    headers = {"Accept": "application/json"} if script else {}
    return browser.post(address(row), {**box(shown(browser, row)), "text": text, **fields}, headers=headers)


def news(browser, row, content: str) -> dict | None:
    """What the page asks for every few seconds, given what it shows."""
    seen = re.findall(r'data-name="(\w+)" data-version="(\w+)"', content)
    version = re.search(r'name="answering"[^>]*data-version="([^"]*)"', content)
    query = {"part": "news", "seen": ",".join(map(".".join, seen)), "box": version[1] if version else ""}
    reply = browser.get(address(row), query)
    return json.loads(reply.content) if reply.status_code == 200 else None


# ---- Who may


@pytest.mark.parametrize("codenames", [[], BOTH[:1], BOTH[1:], ["add_outboundmessage"]])
def test_conversations_are_for_those_who_may_see_messages_in_both_directions(login, codenames):
    somebody, sms = login(*codenames), out()

    for page in (LIST, address(sms), f"{LIST}with/?number=%2B4799999999", f"{LIST}?part=people"):
        assert somebody.get(page).status_code == 403
    assert somebody.get(address(sms), {"part": "news"}).status_code == 403
    assert somebody.post(address(sms), {"text": "Hei"}).status_code == 403
    assert LIST not in somebody.get("/admin/").content.decode()


def test_they_are_in_the_list_of_screens_for_those_who_may(reader):
    assert f'href="{LIST}"' in reader.get("/admin/").content.decode()


def test_a_stranger_is_sent_to_the_login(client):
    assert "/login/?next=" in client.get(LIST).headers["Location"]


def test_who_may_not_write_sees_no_box_and_is_refused(reader):
    sms = out()

    assert "<textarea" not in shown(reader, sms)
    assert reader.post(address(sms), {"text": "Hei"}).status_code == 403
    assert OutboundMessage.objects.count() == 1


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(writer, method):
    assert getattr(writer, method)(address(out())).status_code == 405


# ---- The list


def test_the_list_has_each_counterpart_with_the_latest_message_and_leads_there(reader):
    out(KARI, 1), out(OLA, 2, "Husk timen")
    latest = come(KARI, 3, "Kommer straks")

    content = reader.get(LIST).content.decode()

    assert content.index("Kommer straks") < content.index("Husk timen")
    assert content.count('class="fs-person') == 2 and f'href="{address(latest)}"' in content


@pytest.mark.parametrize("written", ["999 99 999", "+4799999999", "0047 99999999", "99999999"])
def test_somebody_is_found_by_number_however_written(reader, written):
    out(KARI), out("+4791234567", text="somebody else")

    content = reader.get(LIST, {"q": written}).content.decode()

    assert "+47 99 99 99 99" in content and "somebody else" not in content


def test_names_and_short_codes_are_found_too(reader):
    come("Vipps 24", text="one"), come("26114", text="two"), come(KARI, text="three")

    assert "one" in (found := reader.get(LIST, {"q": "Vipps 24"}).content.decode()) and "three" not in found
    assert "two" in (found := reader.get(LIST, {"q": "26114"}).content.decode()) and "three" not in found


def test_the_unanswered_are_those_who_wrote_last(reader):
    come(KARI, 1, "Er dere der?"), come(OLA, 2, "Takk"), out(OLA, 3, "Bare hyggelig")

    content = reader.get(LIST, {"show": "unanswered"}).content.decode()

    assert "Er dere der?" in content and "hyggelig" not in content


def test_older_conversations_are_on_the_next_page(reader):
    for n in range(35):
        out(f"+479999{n:04}", n, f"text {n}.")
    first = reader.get(LIST).content.decode()
    older = re.search(r'href="([^"]*people=[^"]*)"', first)

    second = reader.get(older[1].replace("&amp;", "&")).content.decode()

    assert "text 34." in first and "text 4." not in first
    assert "text 4." in second and "text 5." not in second and "To the newest" in second


@pytest.mark.parametrize("query", [{"people": "x"}, {"people": "1-2-3"}])
def test_a_broken_cursor_is_not_found(reader, query):
    assert reader.get(LIST, query).status_code == 404
    assert reader.get(address(out()), {"before": "x"}).status_code == 404


@pytest.mark.parametrize("query", ["q=%00", "account=%00", "part=people&q=%00", "show=%00"])
def test_what_no_database_can_look_for_is_left_out_of_a_search(reader, query):
    assert reader.get(f"{LIST}?{query}").status_code == 200
    assert reader.get(f"{address(out())}?{query}").status_code == 200
    assert reader.get(f"{LIST}with/?number=%00&account=%00").status_code == 302


def test_an_empty_list_says_so(reader):
    assert "Nobody has written yet." in reader.get(LIST).content.decode()
    assert "There are no messages with" in reader.get(LIST, {"q": "999"}).content.decode()
    assert "Everybody has an answer." in reader.get(LIST, {"show": "unanswered"}).content.decode()


def test_a_conversation_is_reached_by_number_and_account_from_elsewhere(reader):
    sms = come(KARI)

    found = reader.get(f"{LIST}with/", {"number": KARI, "account": "default"})
    unknown = reader.get(f"{LIST}with/", {"number": "+4790000000"}, follow=True)
    nothing = reader.get(f"{LIST}with/", follow=True)

    assert found.headers["Location"] == address(sms)
    assert "Nobody with this number" in unknown.content.decode()
    assert "Nobody with this number" in nothing.content.decode()


def test_the_pages_of_messages_lead_to_their_conversation(reader, login):
    ours, theirs, unknown = out(), come(), come("", problem="not JSON")

    for row in (ours, theirs, unknown):
        page = reverse(f"admin:front_sms_{row._meta.model_name}_change", args=[row.pk])
        assert (f'href="{address(row)}"' in reader.get(page).content.decode()) is (row is not unknown)
    page = reverse("admin:front_sms_outboundmessage_change", args=[ours.pk])
    assert address(ours) not in login("view_outboundmessage").get(page).content.decode()


# ---- The bubbles


def test_both_directions_stand_in_the_order_of_time_each_on_its_side(reader):
    out(text="first", seconds=1), come(text="second", seconds=2)
    last = out(text="third", seconds=3)

    content = shown(reader, last)

    assert bubbles(content) == ["first", "second", "third"]
    assert re.findall(r"fs-message (fs-\w+)", content) == ["fs-ours", "fs-theirs", "fs-ours"]


def test_any_message_of_a_conversation_is_its_address(reader):
    rows = [out(text="first", seconds=1), come(text="second", seconds=2)]

    assert bubbles(shown(reader, rows[0])) == bubbles(shown(reader, rows[1])) == ["first", "second"]


def test_a_message_that_is_not_there_or_came_from_nobody_has_none(reader):
    for page in (
        f"{LIST}out/7/",
        f"{LIST}in/7/",
        f"{LIST}out/99999999999999999999/",
        address(come("")),
        address(out("")),
    ):
        assert reader.get(page).status_code == 404


def test_what_a_stranger_wrote_is_text(reader):
    evil = '<script>alert("1")</script><img src=x onerror=alert(2)>'
    come(evil, text=evil), out(text=evil)

    for content in (reader.get(LIST).content.decode(), *(shown(reader, row) for row in InboundMessage.objects.all())):
        assert "<script>alert" not in content and "<img src=x" not in content and "&lt;script&gt;alert" in content


def test_every_state_is_told_in_words_and_why_it_waits_or_ended(reader):
    out(state=State.DELIVERED, text="a")
    out(state=State.REJECTED, text="b", error_code=1)
    out(state=State.UNCONFIRMED, text="c")
    out(state=State.QUEUED, text="d")
    last = out(state=State.EXPIRED, text="e")

    content = shown(reader, last)

    for words in ("delivered", "rejected", "unconfirmed", "queued", "expired", "correct the number"):
        assert words in content
    assert "a person must decide" in content and "Waits for its turn" in content


def test_a_paused_account_is_why_and_is_told_before_somebody_writes(writer):
    sms = out(state=State.QUEUED)
    AccountStateFactory(paused=True)

    content = shown(writer, sms)

    assert "Waits: sending is paused" in content and "Sending is paused. 1 message waits." in content


def test_who_wrote_and_how_many_segments_it_took_is_there(reader, django_user_model):
    sms = out(created_by=django_user_model.objects.create(username="ola.nordmann"), segments=3)

    content = shown(reader, sms)

    assert "by ola.nordmann" in content and "3 SMS" in content


def test_what_was_under_way_for_long_tells_when_it_was_written(reader):
    late = come(seconds=7200, sent_at=at(0))
    swift = come(OLA, seconds=60, sent_at=at(0))

    assert "written 03/02/2026 13:00" in shown(reader, late) and "written 0" not in shown(reader, swift)


def test_earlier_messages_are_a_page_before_as_a_whole_and_as_a_piece(reader):
    rows = [out(text=f"text {n}.", seconds=n) for n in range(45)]
    content = shown(reader, rows[0])
    earlier = re.search(r'href="([^"]*before=([^"]*))" data-earlier', content)

    assert bubbles(content) == [f"text {n}." for n in range(5, 45)]
    assert bubbles(reader.get(earlier[1]).content.decode()) == [f"text {n}." for n in range(5)]
    piece = shown(reader, rows[0], part="older", before=earlier[2])
    assert bubbles(piece) == [f"text {n}." for n in range(5)] and "<html" not in piece


def test_each_day_is_named_once(reader):
    out(seconds=0), out(seconds=60)
    last = out(seconds=86_400)

    assert re.findall(r'data-day="([^"]*)"', shown(reader, last)) == ["2026-03-02", "2026-03-03"]


# ---- MMS


def mms(*texts: str):
    row = come(text="\n".join(texts))
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


def test_an_mms_shows_verified_pictures_and_gives_the_rest_as_downloads(writer):
    content = shown(writer, mms("Blåbær"))

    assert re.findall(r'<img src="[^"]*" alt="([^"]*)"', content) == ["a.png"]
    assert re.findall(r"download>([^<]*)<", content) == ["a.png", "t.txt", "b.pdf", "fake.jpg"]
    assert content.index("a.png") < content.rindex("Blåbær") < content.index("b.pdf")


def test_the_words_of_an_mms_stand_there_once_and_its_subject_before_them(writer):
    content = shown(writer, mms("Fra skogen", "Blåbær"))

    (words,) = bubbles(content)
    assert words.count("Blåbær") == 1 and words.startswith("Fra skogen")


def test_who_may_not_see_files_reads_the_text_and_no_file(reader):
    content = shown(reader, mms("Blåbær"))

    assert content.count("Blåbær") >= 1 and "<img" not in content and "download>" not in content
    assert "You have no permission to view MMS files." in content


# ---- Answering


def test_an_answer_goes_from_the_number_that_was_written_to_and_tells_who_wrote_it(writer):
    sms = come()

    reply = answer(writer, sms, "Ja, det går fint.\r\nHilsen oss")

    (sent,) = OutboundMessage.objects.all()
    assert (sent.recipient, sent.sender, sent.reply_to) == (KARI, PSK, sms)
    assert sent.text == "Ja, det går fint.\nHilsen oss" and sent.created_by.username.startswith("staff")
    assert reply.headers["Location"] == address(sent)
    assert LogEntry.objects.get().object_id == str(sent.pk)


def test_where_they_never_wrote_it_goes_from_our_latest_sender(writer):
    out(sender="Front", seconds=1)
    latest = out(sender="Mitt Firma", seconds=2)

    assert "You write as <b>Mitt Firma</b>" in shown(writer, latest)
    answer(writer, latest, "Hei igjen")

    assert OutboundMessage.objects.get(text="Hei igjen").sender == "Mitt Firma"


def test_it_answers_what_the_page_named_although_something_newer_came(writer):
    asked = come(seconds=1, recipient="26114000000001")
    fields = box(shown(writer, asked))
    come(seconds=2, recipient="26114000000002")

    writer.post(address(asked), {**fields, "text": "Svar"})

    assert OutboundMessage.objects.get().sender == "26114000000001"


def test_another_conversations_message_cannot_be_answered_from_here(writer):
    sms, other = come(), come(OLA)

    answer(writer, sms, "Svar", answering=other.pk)

    assert not OutboundMessage.objects.filter(recipient=OLA).exists()


def test_a_double_click_sends_once(writer):
    sms = come()
    fields = {**box(shown(writer, sms)), "text": "Ja"}

    for _ in range(3):
        writer.post(address(sms), fields)

    assert OutboundMessage.objects.count() == 1


@pytest.mark.parametrize("made_up", [{"key": "\0"}, {"key": "k" * 500}, {"answering": "9" * 5000}, {"answering": "x"}])
def test_an_answer_goes_out_whatever_somebody_wrote_into_its_hidden_fields(writer, made_up):
    question = come()

    assert writer.post(address(question), {"text": "Hei", **made_up}).status_code == 302

    assert OutboundMessage.objects.get().reply_to == question


def test_another_text_from_the_same_page_is_told_and_can_be_sent_after_that(writer):
    sms = come()
    fields = box(shown(writer, sms))
    writer.post(address(sms), {**fields, "text": "Ja"})

    again = writer.post(address(sms), {**fields, "text": "Nei"}, headers={"Accept": "application/json"}).json()
    writer.post(address(sms), {**fields, "text": "Nei", "key": again["key"]})

    assert "Send this one again" in again["failure"]
    assert [*OutboundMessage.objects.order_by("pk").values_list("text", flat=True)] == ["Ja", "Nei"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 1025])
def test_what_cannot_be_sent_is_told_and_the_text_is_kept(writer, text):
    sms = come()

    page, script = answer(writer, sms, text), answer(writer, sms, text, script=True)

    assert page.status_code == 200 and f">{text}</textarea>" in page.content.decode()
    assert script.status_code == 400 and script.json()["failure"] in page.content.decode()
    assert not OutboundMessage.objects.exists()


def test_a_script_gets_the_name_of_what_was_sent_and_a_new_key(writer):
    sms = come()
    before = box(shown(writer, sms))

    reply = writer.post(address(sms), {**before, "text": "Ja"}, headers={"Accept": "application/json"}).json()

    assert reply["sent"] == f"o{OutboundMessage.objects.get().pk}" and reply["key"] not in ("", before["key"])


def test_a_name_cannot_be_answered_and_the_box_says_so(writer):
    sms = come("Vipps")

    content = shown(writer, sms)

    assert "not from a number that can be answered" in content and re.search(r"<textarea[^>]* disabled", content)
    assert answer(writer, sms, "Hei", script=True).status_code == 400
    assert not OutboundMessage.objects.exists()


def test_who_opted_out_is_left_alone_and_the_box_says_so(writer):
    sms = come(text="STOPP")
    OptOut.objects.create(number=KARI, sender=PSK)

    content = shown(writer, sms)

    assert f"They opted out of messages from {PSK}" in content and re.search(r"<textarea[^>]* disabled", content)
    assert answer(writer, sms, "Hei", script=True).status_code == 400
    assert not OutboundMessage.objects.exists()


def test_an_opt_out_from_another_sender_is_nothing_here(writer):
    sms = come()
    OptOut.objects.create(number=KARI, sender="Front")

    assert "opted out" not in shown(writer, sms)


def test_a_conversation_of_an_account_that_is_gone_can_be_read_but_not_answered(writer):
    sms = out(account="gone", text="Hei")

    content = shown(writer, sms)

    assert bubbles(content) == ["Hei"] and "no longer in the settings" in content
    assert answer(writer, sms, "Hei", script=True).status_code == 400


# ---- What is new


def test_nothing_new_is_an_empty_answer(writer):
    sms = out()
    content = shown(writer, sms)

    assert news(writer, sms, content) is None


def test_a_new_message_comes_with_its_place(writer):
    sms = out(seconds=1)
    content = shown(writer, sms)
    new = come(seconds=2, text="Svar")

    fresh = news(writer, sms, content)["bubbles"]

    assert [(each["name"], each["after"]) for each in fresh] == [(f"i{new.pk}", f"o{sms.pk}")]
    assert bubbles(fresh[0]["html"]) == ["Svar"]


def test_a_message_that_was_committed_late_comes_too(writer):
    first, late, last = out(seconds=1), out(seconds=2, text="late"), out(seconds=3)
    content = shown(writer, last).replace(f'data-name="o{late.pk}"', "")

    (fresh,) = news(writer, last, content)["bubbles"]

    assert (fresh["name"], fresh["after"]) == (f"o{late.pk}", f"o{first.pk}")


@pytest.mark.parametrize(
    "change",
    [
        {"state": State.SENT, "gateway_id": 5, "next_at": None},
        {"state": State.REJECTED, "error_code": 1, "next_at": None},
        {"waits_for": "retry", "next_at": at(10**9)},
    ],
)
def test_a_changed_message_comes_again(writer, change):
    sms = out(state=State.QUEUED)
    out(state=State.DELIVERED)
    content = shown(writer, sms)
    OutboundMessage.objects.filter(pk=sms.pk).update(**change)

    assert [each["name"] for each in news(writer, sms, content)["bubbles"]] == [f"o{sms.pk}"]


def test_a_state_alone_that_changes_is_news(writer):
    sms = out(state=State.AT_OPERATOR, gateway_id=5)
    content = shown(writer, sms)
    OutboundMessage.objects.filter(pk=sms.pk).update(state=State.DELIVERED)

    assert "delivered" in news(writer, sms, content)["bubbles"][0]["html"]


def test_a_pause_and_its_end_are_news_of_what_waits(writer):
    sms = out(state=State.QUEUED)
    before = shown(writer, sms)
    memory = AccountStateFactory(paused=True)
    during = shown(writer, sms)

    assert "paused" in news(writer, sms, before)["bubbles"][0]["html"]
    memory.delete()
    assert "paused" not in news(writer, sms, during)["bubbles"][0]["html"]


def test_a_file_that_reaches_the_storage_is_news(writer):
    sms = come()
    kept = MmsFileFactory(message=sms, name="a.png", content_type="image/png", content=KINDS["image/png"])
    name, kept.file = kept.file.name, ""
    kept.save()
    content = shown(writer, sms)
    kept.file = name
    kept.save()

    assert "<img" not in content and "<img" in news(writer, sms, content)["bubbles"][0]["html"]


def test_an_opt_out_and_a_newer_question_are_news_for_the_box(writer):
    sms = come(seconds=1)
    content = shown(writer, sms)
    OptOut.objects.create(number=KARI, sender=PSK)

    assert "opted out" in news(writer, sms, content)["box"]
    OptOut.objects.all().delete()
    newer = come(seconds=2)
    assert f'value="{newer.pk}"' in news(writer, sms, content)["box"]


def test_who_may_not_write_gets_no_box(reader):
    sms = come()
    content = shown(reader, sms)
    come()

    assert "box" not in news(reader, sms, content)


def test_nonsense_about_what_was_seen_does_no_harm(writer):
    sms = out()

    for seen in ("", ",", "x", "o1", ".", "o1.2.3,,", "å.å"):
        assert writer.get(address(sms), {"part": "news", "seen": seen}).status_code == 200


def test_the_list_alone_can_be_asked_for(reader):
    sms = come()

    for page in (LIST, address(sms)):
        piece = reader.get(page, {"part": "people"})
        parts = piece.json()["parts"]
        assert set(parts) == {"fs-paused", "fs-tabs", "fs-people"} and "theirs" in parts["fs-people"]["html"]
        assert '<span class="fs-number-of">1</span>' in parts["fs-tabs"]["html"]
        assert "no-store" in piece.headers["Cache-Control"]
        seen = ",".join(f"{name}.{part['version']}" for name, part in parts.items())
        assert reader.get(page, {"part": "people", "seen": seen}).status_code == 204
    assert 'aria-current="page"' in parts["fs-people"]["html"]


# ---- What it costs


def fill(n: int) -> None:
    for second in range(n):
        SendAttemptFactory(
            message=out(KARI, second, state=State.DELIVERED, gateway_id=second), number=1, claimed_at=at(second)
        )
        DeliveryStatusFactory(message=OutboundMessage.objects.latest("pk"), status=4, received_at=at(second))
        MmsFileFactory(message=come(KARI, second), name="a.txt", content_type="text/plain", content=b"a")
        (
            out(f"+479999{second:04}", second),
            MmsFileFactory(
                message=come(f"+479998{second:04}", second), name="a.txt", content_type="text/plain", content=b"a"
            ),
        )


@pytest.mark.parametrize("part", [None, "news", "people"])
def test_a_conversation_costs_the_same_however_much_was_written(writer, django_assert_max_num_queries, part):
    query = {"part": part} if part else {}
    fill(1)
    sms = out()
    writer.get(address(sms), query)
    with django_assert_max_num_queries(20) as first:
        writer.get(address(sms), query)
    fill(15)
    with django_assert_max_num_queries(len(first)) as many:
        writer.get(address(sms), query)
    assert not any('"raw"' in query["sql"] or "`raw`" in query["sql"] for query in many.captured_queries)


@pytest.mark.parametrize("wrote", ["both", "we", "they"])
def test_a_conversation_costs_no_more_than_twelve_queries_whoever_wrote(writer, django_assert_max_num_queries, wrote):
    fill(3)
    if wrote != "they":
        answered = [out(OLA, 100 + n, text=str(n)) for n in range(50)]
    if wrote != "we":
        MmsFileFactory(
            message=come(OLA, 200, in_reply_to=answered[0] if wrote == "both" else None),
            name="a.txt",
            content_type="text/plain",
            content=b"a",
        )
    row = (InboundMessage if wrote == "they" else OutboundMessage).objects.latest("pk")
    writer.get(address(row))

    for _ in range(2):
        with django_assert_max_num_queries(12):
            writer.get(address(row))


@pytest.mark.parametrize("within", [True, False], ids=["on the page", "further back"])
def test_the_sender_is_that_of_the_message_that_they_answered_wherever_it_is(writer, within):
    answered = out(KARI, 0, sender="Legesenter")
    for second in range(1, 3 if within else 60):
        out(KARI, second)
    row = come(KARI, 100, in_reply_to=answered)

    assert "You write as <b>Legesenter</b>" in shown(writer, row)


def test_what_they_wrote_long_ago_is_answered_where_only_we_wrote_since(writer):
    theirs = come(KARI, 0)
    for second in range(1, 60):
        row = out(KARI, second)

    assert box(shown(writer, row))["answering"] == str(theirs.pk)


def test_the_list_costs_the_same_however_many_wrote(reader, django_assert_max_num_queries, monkeypatch):
    fill(1)
    reader.get(LIST)
    with django_assert_max_num_queries(12) as first:
        reader.get(LIST)
    fill(15)
    with django_assert_max_num_queries(len(first)):
        reader.get(LIST)
    assert pages.CHUNK >= 100  # one chunk of each table fills a page of people


def test_saved_texts_are_offered_to_those_who_may_see_them(writer, login):
    SavedText.objects.create(name="Time", text="Velkommen til time")
    sms = come()
    assert writer.get(address(sms), {"part": "texts"}).json() == {"texts": []}

    chief = login(*BOTH, "add_outboundmessage", "view_savedtext")
    assert chief.get(address(sms), {"part": "texts"}).json() == {
        "texts": [{"name": "Time", "text": "Velkommen til time"}]
    }


@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}])
def test_an_answer_that_is_posted_twice_is_in_the_history_once(writer, headers):
    sms = come()
    fields = {**box(shown(writer, sms)), "text": "Ja"}
    for _ in range(2):
        assert writer.post(address(sms), fields, headers=headers).status_code in (200, 302)

    assert LogEntry.objects.get().object_id == str(OutboundMessage.objects.get().pk)
