"""Permissions and HTTP methods of the conversation pages."""

import pytest

from django_front_sms.models import OutboundMessage
from tests.admin.conversations.conversation_page import BOTH, LIST, address, page_content
from tests.admin.conversations.conversation_rows import outbound

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("codenames", [[], BOTH[:1], BOTH[1:], ["add_outboundmessage"]])
def test_conversations_require_permission_to_view_messages_in_both_directions(login, codenames):
    somebody, sms = login(*codenames), outbound()

    for page in (LIST, address(sms), f"{LIST}with/?number=%2B4799999999", f"{LIST}?part=threads"):
        assert somebody.get(page).status_code == 403
    assert somebody.get(address(sms), {"part": "updates"}).status_code == 403
    assert somebody.post(address(sms), {"text": "Hei"}).status_code == 403
    assert LIST not in somebody.get("/admin/").content.decode()


def test_the_index_lists_conversations_for_users_with_permission(reader):
    assert f'href="{LIST}"' in reader.get("/admin/").content.decode()


def test_anonymous_users_are_redirected_to_the_login(client):
    assert "/login/?next=" in client.get(LIST).headers["Location"]


def test_without_permission_to_send_there_is_no_reply_form_and_a_post_is_forbidden(reader):
    sms = outbound()

    assert "<textarea" not in page_content(reader, sms)
    assert reader.post(address(sms), {"text": "Hei"}).status_code == 403
    assert OutboundMessage.objects.count() == 1


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(writer, method):
    assert getattr(writer, method)(address(outbound())).status_code == 405
