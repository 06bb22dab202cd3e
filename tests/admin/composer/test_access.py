"""Permissions of the composer."""

import re

from django_front_sms import sending
from django_front_sms.models import BulkSend, OutboundMessage, SavedText
from tests.admin.composer.composer_requests import ADD, LIST, THREE, errors, messages_after, review, send
from tests.factories import NUMBER, OptOutFactory


def test_ignoring_opt_outs_requires_its_permission(writer, login):
    OptOutFactory(number=NUMBER)
    assert "ignore_opt_out" not in writer.get(ADD).content.decode()
    assert errors(review(writer, ignore_opt_out="on"))

    chief = login("view_outboundmessage", "add_outboundmessage", "ignore_opt_out_outboundmessage")
    assert "opted out" in review(chief).content.decode()
    send(chief, ignore_opt_out="on")
    assert OutboundMessage.objects.get().ignore_opt_out


def test_without_permission_there_is_no_button_and_no_page(viewer):
    assert "Write message" not in viewer.get(LIST).content.decode()
    assert viewer.get(ADD).status_code == 403
    assert review(viewer).status_code == 403
    assert viewer.post(f"{ADD}check/", {"to": NUMBER}).status_code == 403


def test_bulk_requires_its_own_permission(login):
    clerk = login("view_outboundmessage", "add_outboundmessage")

    assert "Bulk" not in clerk.get(ADD).content.decode()
    assert [*errors(review(clerk, THREE, how="bulk"))] == ["how"]
    assert not BulkSend.objects.exists()


def test_without_permission_to_view_messages_the_composer_stays_on_its_page(login):
    clerk = login("add_outboundmessage")
    answer = send(clerk)

    assert answer.url == ADD and "1 message is queued" in messages_after(clerk, answer)


def test_the_button_leads_to_the_page(writer):
    assert re.search(rf'href="{ADD}"[^>]*>\s*Write message', writer.get(LIST).content.decode())


def test_adding_a_bulk_send_opens_the_composer(writer, login):
    answer = writer.get("/admin/front_sms/bulksend/add/")

    assert writer.get(answer.url).context["form"]["how"].value() == "bulk"
    clerk = login("view_bulksend", "add_outboundmessage")
    assert "/bulksend/add/" not in clerk.get("/admin/front_sms/bulksend/").content.decode()


def test_a_draft_is_seen_by_its_user_alone(writer, login):
    review(writer)
    other = login("view_outboundmessage", "add_outboundmessage")

    assert other.get(f"{ADD}?draft=page-1&step=edit").context["form"]["text"].value() is None


def test_without_permission_to_view_messages_only_own_equal_texts_are_shown(writer, login):
    clerk = login("add_outboundmessage")
    sending.send_sms(NUMBER, "Hei på deg")
    send(writer, key="page-1")
    assert review(clerk, key="page-2").context["earlier"] == []

    send(clerk, key="page-2")
    earlier = review(clerk, key="page-3").context["earlier"]
    assert [each.message for each in earlier] == [OutboundMessage.objects.latest("pk")]
    assert earlier[0].message.created_by.username != "staff0"


def test_saved_texts_require_the_permission_to_view_them(writer, login):
    SavedText.objects.create(name="Time", text="Velkommen til time")
    assert writer.get(ADD).context["saved_texts"] == []
    assert "Velkommen til time" not in writer.get(ADD).content.decode()

    chief = login("add_outboundmessage", "view_savedtext")
    assert "Velkommen til time" in chief.get(ADD).content.decode()
