"""Permissions and HTTP methods of the conversation pages."""

import pytest

from django_front_sms.models import OutboundMessage
from tests.admin.conversations.helpers import BOTH, LIST, address, out, shown

pytestmark = pytest.mark.django_db


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
