"""Inbound messages in the admin: search, and files, which are served safely."""

from html import unescape

import pytest
from django.urls import reverse

from django_front_sms import optouts, send_sms
from django_front_sms.downloads import safe_name
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import MmsFile, OptOut
from tests.factories import InboundMessageFactory, MmsFileFactory, OutboundMessageFactory
from tests.inbox.pictures import KINDS, png

pytestmark = pytest.mark.django_db

LIST = "/admin/front_sms/inboundmessage/"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"


def page(row) -> str:
    return reverse("admin:front_sms_inboundmessage_change", args=[row.pk])


def address(kept: MmsFile) -> str:
    return reverse("admin:front_sms_inboundmessage_file", args=[kept.message_id, kept.pk])


def found(browser, **query) -> list[int]:
    return [row.pk for row in browser.get(LIST, query).context["cl"].result_list]


@pytest.mark.parametrize("written", ["+4799999999", "99999999", "999 99 999", "0047 999", "+47-999"])
def test_a_message_is_found_by_its_senders_number_however_written(viewer, written):
    wanted = InboundMessageFactory(sender="+4799999999")
    InboundMessageFactory(sender="+4791234567")
    InboundMessageFactory(sender="Front")

    assert found(viewer, q=written) == [wanted.pk]


@pytest.mark.parametrize("query", ["26114", "Front", "lørdag", "#999999"])
def test_a_message_is_found_by_short_code_text_sender_words_and_id(viewer, query):
    senders = {"26114": "26114", "Front": "Front"}
    wanted = InboundMessageFactory(sender=senders.get(query, "+4799999999"), text="Kan vi ta det lørdag?")
    InboundMessageFactory(sender="+4791234567", text="Hei", gateway_id=5)

    assert found(viewer, q=query) == [wanted.pk]


def test_problems_and_files_can_be_filtered_out(viewer):
    plain, broken, mms = InboundMessageFactory(), InboundMessageFactory(problem="not JSON"), InboundMessageFactory()
    MmsFileFactory(message=mms, name="a.jpg", content_type="image/jpeg", content=JPEG)

    assert found(viewer, problem="yes") == [broken.pk]
    assert found(viewer, problem="no") == [mms.pk, plain.pk]
    assert found(viewer, files="yes") == [mms.pk]
    assert found(viewer, files="no") == [broken.pk, plain.pk]


def test_the_list_shows_how_many_files_and_that_there_is_a_problem(viewer):
    mms = InboundMessageFactory(problem="a file is not Base64")
    MmsFileFactory(message=mms, name="a.jpg", content_type="image/jpeg", content=JPEG, position=0)
    MmsFileFactory(message=mms, name="b.jpg", content_type="image/jpeg", content=JPEG, position=1)

    content = viewer.get(LIST).content.decode()

    assert '2 <span class="visually-hidden">files</span>' in content and "problem</span>" in content


def test_a_reply_and_the_message_that_it_answers_link_to_each_other(viewer):
    sms = OutboundMessageFactory(retried=True)
    answer = sms.replies.get()
    outgoing = reverse("admin:front_sms_outboundmessage_change", args=[sms.pk])

    assert f'href="{outgoing}"' in viewer.get(page(answer)).content.decode()
    assert f'href="{page(answer)}"' in viewer.get(outgoing).content.decode()


def test_a_raw_push_with_any_bytes_is_shown_as_text(viewer):
    content = viewer.get(page(InboundMessageFactory(raw=b"txt=Test%20\xe6\xf8\xe5 \xff<b>"))).content.decode()

    assert r"txt=Test%20\xe6\xf8\xe5 \xff&lt;b&gt;" in content


def test_a_huge_raw_push_is_shown_in_part(viewer):
    content = viewer.get(page(InboundMessageFactory(raw=b"x" * 500_000))).content.decode()

    assert "500000 bytes in all" in content and content.count("x" * 5000) == 2


def test_raw_pushes_are_not_read_for_the_list(viewer, django_assert_max_num_queries):
    InboundMessageFactory()

    with django_assert_max_num_queries(9) as queries:
        viewer.get(LIST)

    assert not any('"raw"' in query["sql"] or "`raw`" in query["sql"] for query in queries.captured_queries)


# ---- Downloads


@pytest.mark.parametrize(
    ("name", "claimed", "content", "served"),
    [
        ("image01.jpg", "image/jpeg;Name=image01.jpg", JPEG, "application/octet-stream"),  # its first bytes alone
        ("huge.png", "image/png", png(60_000, 60_000), "application/octet-stream"),
        ("page.html", "text/html", b"<script>alert(1)</script>", "application/octet-stream"),
        ("drawing.svg", "image/svg+xml", b"<svg onload=alert(1)>", "application/octet-stream"),
        ("fake.jpg", "image/jpeg", b"<script>alert(1)</script>", "application/octet-stream"),
        ("empty", "", b"", "application/octet-stream"),
    ],
)
def test_a_file_is_served_as_a_sandboxed_attachment(boss, name, claimed, content, served):
    answer = boss.get(
        address(MmsFileFactory(message=InboundMessageFactory(), name=name, content_type=claimed, content=content))
    )

    assert b"".join(answer.streaming_content) == content
    assert answer.headers["Content-Type"] == served
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_verified_picture_may_be_shown_inline(boss, kind):
    answer = boss.get(
        address(
            MmsFileFactory(
                message=InboundMessageFactory(), name="evil.html", content_type="text/html", content=KINDS[kind]
            )
        )
    )

    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Content-Disposition"] == 'inline; filename="evil.html"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\autoexec.bat", "C__autoexec.bat"),
        ('a"; filename="evil.exe', "a_; filename=_evil.exe"),
        ("a\r\nSet-Cookie: x=1", "aSet-Cookie_ x=1"),
        ("innocent\u202egpj.exe", "innocentgpj.exe"),
        ("blåbær.jpg", "blåbær.jpg"),
        ("x" * 250 + ".jpg", "x" * 96 + ".jpg"),
        ("...", "file-7"),
        ("", "file-7"),
    ],
)
def test_the_senders_file_name_is_shown_safely(boss, name, safe):
    assert safe_name(MmsFile(pk=7, name=name)) == safe

    answer = boss.get(
        address(MmsFileFactory(message=InboundMessageFactory(), name=name, content_type="text/plain", content=b"x"))
    )

    assert answer.status_code == 200 and answer.headers["Content-Disposition"].startswith("attachment")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("codenames", [[], ["view_inboundmessage"], ["view_mmsfile"]])
def test_a_file_requires_the_permissions_for_messages_and_for_files(login, codenames):
    kept = MmsFileFactory(message=InboundMessageFactory(), name="a.jpg", content_type="image/jpeg", content=JPEG)

    assert login(*codenames).get(address(kept)).status_code == 403


def test_without_permission_to_download_there_is_a_reason_instead_of_a_link(viewer):
    kept = MmsFileFactory(message=InboundMessageFactory(), name="a.jpg", content_type="image/jpeg", content=JPEG)

    content = viewer.get(page(kept.message)).content.decode()

    assert address(kept) not in content and "You have no permission to view MMS files." in content


def test_the_storages_own_address_is_never_shown(boss):
    kept = MmsFileFactory(message=InboundMessageFactory(), name="a.jpg", content_type="image/jpeg", content=JPEG)

    content = boss.get(page(kept.message)).content.decode()

    assert address(kept) in content and kept.file.name not in content


def test_a_file_of_another_message_is_not_found(boss):
    kept, other = (
        MmsFileFactory(message=InboundMessageFactory(), name="a.jpg", content_type="image/jpeg", content=JPEG),
        InboundMessageFactory(),
    )

    assert boss.get(reverse("admin:front_sms_inboundmessage_file", args=[other.pk, kept.pk])).status_code == 404


def test_a_file_that_is_not_stored_yet_is_named_without_a_link(boss):
    sms = InboundMessageFactory()
    waiting = MmsFile.objects.create(message=sms, name="a.jpg", content_type="image/jpeg", size=3)

    content = boss.get(page(sms)).content.decode()

    assert "Not stored yet" in content and address(waiting) not in content
    assert boss.get(address(waiting)).status_code == 404


def test_a_file_that_the_storage_has_lost_is_not_found(boss):
    kept = MmsFileFactory(message=InboundMessageFactory(), name="a.jpg", content_type="image/jpeg", content=JPEG)
    kept.file.storage.delete(kept.file.name)

    assert boss.get(address(kept)).status_code == 404


def test_a_picture_is_shown_only_from_our_own_address_and_only_if_it_is_one(boss):
    kept = MmsFileFactory(
        message=InboundMessageFactory(), name="a.jpg", content_type="image/jpeg;Name=a.jpg", content=KINDS["image/jpeg"]
    )
    drawing = MmsFileFactory(
        message=kept.message, name="b.svg", content_type="image/svg+xml", content=b"<svg/>", position=1
    )
    fake = MmsFileFactory(message=kept.message, name="c.jpg", content_type="image/jpeg", content=JPEG, position=2)

    content = boss.get(page(kept.message)).content.decode()

    assert f'<img src="{address(kept)}"' in content
    assert f'<img src="{address(drawing)}"' not in content and f'<img src="{address(fake)}"' not in content


# ---- Slides


def mms(arrangement: str):
    message = InboundMessageFactory()
    MmsFileFactory(message=message, name="b.png", content_type="image/png", content=png(), position=0)
    MmsFileFactory(
        message=message,
        name="smil.xml",
        content_type="text/xml;Name=smil.xml",
        content=f"<smil><body>{arrangement}</body></smil>".encode(),
        position=1,
    )
    MmsFileFactory(
        message=message,
        name="t.txt",
        content_type="text/plain;Charset=UTF-8",
        content="Blåbær <b>".encode(),
        position=2,
    )
    return message


def test_slides_are_shown_in_their_order_and_time(boss):
    arranged = mms('<par dur="2500ms"><text src="t.txt"/></par><par><img src="b.png"/></par>')

    content = boss.get(page(arranged)).content.decode()

    order = [content.index(word) for word in ("Slide 1", "2.5 seconds", "Blåbær &lt;b&gt;", "Slide 2", "b.png")]
    assert order == sorted(order)
    assert content.index("Not shown on the phone") < content.index("smil.xml")


def test_without_an_arrangement_files_are_shown_as_they_came(boss):
    content = boss.get(page(mms("&nothing;"))).content.decode()

    assert content.index("b.png") < content.index("Blåbær") and "Slide" not in content


def test_files_are_hidden_without_permission_to_view_them(viewer):
    content = viewer.get(page(mms('<par><text src="t.txt"/></par>'))).content.decode()

    assert "Blåbær" not in content and "<img" not in content and "You have no permission" in content


# ---- Reading again


def test_a_message_with_a_problem_can_be_read_again(boss):
    broken = InboundMessageFactory(
        raw=b'{"id": 7, "text": "Hei", "to": "26114"}', text="", problem="it could not be read"
    )

    boss.post(page(broken).replace("change/", "action/read_again/"), {"confirmed": "yes"})
    broken.refresh_from_db()

    assert broken.text == "Hei" and broken.problem.startswith("from is missing")


def test_reading_again_requires_its_permission_and_a_problem(boss, viewer):
    fine, broken = InboundMessageFactory(), InboundMessageFactory(problem="it could not be read")
    path = "action/read_again/"

    assert viewer.post(page(broken).replace("change/", path)).status_code == 403
    assert path in boss.get(page(broken)).content.decode() and path not in boss.get(page(fine)).content.decode()
    assert path not in viewer.get(page(broken)).content.decode()


# ---- Perhaps an opt-out


@pytest.fixture
def perhaps(hints):
    row = InboundMessageFactory(sender="+4799999999", recipient="26114123450000", text="Stopp. Takk", opt_out_intent="")
    optouts.process_keywords([row])
    row.refresh_from_db()
    return row


def test_a_text_that_only_begins_with_stop_is_shown_as_perhaps_an_opt_out_with_one_button(perhaps, login):
    staff_user = login("view_inboundmessage", "view_outboundmessage", "add_optout")
    path = "action/opt_out/"
    assert "perhaps an opt-out" in staff_user.get(LIST).content.decode()
    content = staff_user.get(page(perhaps)).content.decode()
    assert "Perhaps an opt-out" in content and content.count(path) == 1
    conversation = reverse("admin:front_sms_conversation_in", args=[perhaps.pk])
    assert "Perhaps an opt-out" in staff_user.get(conversation).content.decode()

    staff_user.post(page(perhaps).replace("change/", path), {"confirmed": "yes"})
    row = OptOut.objects.get()
    assert (row.number, row.sender, row.account) == ("+4799999999", "26114123450000", "default")
    assert (row.message, row.created_by.username) == (perhaps, "staff0")
    with pytest.raises(InvalidMessage):
        send_sms("+4799999999", "Hei", sender="26114123450000")
    for address in (LIST, page(perhaps), conversation):
        assert "erhaps an opt-out" not in staff_user.get(address).content.decode()


def test_the_opt_out_button_requires_the_permission_to_add_opt_outs(perhaps, viewer):
    assert "action/opt_out/" not in viewer.get(page(perhaps)).content.decode()
    assert viewer.post(page(perhaps).replace("change/", "action/opt_out/"), {"confirmed": "yes"}).status_code == 403
    assert not OptOut.objects.exists()


def test_the_question_names_the_person_who_is_opted_out(perhaps, login):
    staff_user = login("view_inboundmessage", "add_optout")
    response = staff_user.post(page(perhaps).replace("change/", "action/opt_out/"))
    assert f"#{perhaps.pk} {perhaps.sender}: {perhaps.text}" in unescape(response.content.decode())


def test_opting_out_from_the_list_skips_other_messages(perhaps, login):
    staff_user = login("view_inboundmessage", "add_optout")
    other = InboundMessageFactory(sender="+4741000000", recipient="26114123450000", text="Hei")
    chosen = {"action": "opt_out", "_selected_action": [other.pk, perhaps.pk], "confirmed": "key"}
    response = staff_user.post(LIST, chosen, follow=True).content.decode()
    assert f"+4741000000 (#{other.pk}): This message does not begin like an opt-out" in response
    assert [row.number for row in OptOut.objects.all()] == ["+4799999999"]
