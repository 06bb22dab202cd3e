"""Updates of an open conversation page: new and changed messages."""

import pytest

from django_front_sms.models import OptOut, OutboundMessage
from django_front_sms.states import State
from tests.admin.conversations.conversation_page import LIST, address, bubbles, page_content, updates
from tests.admin.conversations.conversation_rows import KARI, PSK, inbound, outbound
from tests.factories import AccountStateFactory, MmsFileFactory, OptOutFactory, at
from tests.inbox.pictures import KINDS

pytestmark = pytest.mark.django_db


def test_without_changes_the_update_is_empty(writer):
    sms = outbound()
    content = page_content(writer, sms)

    assert updates(writer, sms, content) is None


def test_a_new_message_is_sent_with_its_position(writer):
    sms = outbound(seconds=1)
    content = page_content(writer, sms)
    new = inbound(seconds=2, text="Svar")

    fresh = updates(writer, sms, content)["bubbles"]

    assert [(each["name"], each["after"]) for each in fresh] == [(f"i{new.pk}", f"o{sms.pk}")]
    assert bubbles(fresh[0]["html"]) == ["Svar"]


def test_a_message_that_was_committed_late_is_sent_too(writer):
    first, late, last = outbound(seconds=1), outbound(seconds=2, text="late"), outbound(seconds=3)
    content = page_content(writer, last).replace(f'data-name="o{late.pk}"', "")

    (fresh,) = updates(writer, last, content)["bubbles"]

    assert (fresh["name"], fresh["after"]) == (f"o{late.pk}", f"o{first.pk}")


@pytest.mark.parametrize(
    "change",
    [
        {"state": State.SENT, "gateway_id": 5, "next_at": None},
        {"state": State.REJECTED, "error_code": 1, "next_at": None},
        {"waits_for": "retry", "next_at": at(10**9)},
    ],
)
def test_a_changed_message_is_sent_again(writer, change):
    sms = outbound(state=State.QUEUED)
    outbound(state=State.DELIVERED)
    content = page_content(writer, sms)
    OutboundMessage.objects.filter(pk=sms.pk).update(**change)

    assert [each["name"] for each in updates(writer, sms, content)["bubbles"]] == [f"o{sms.pk}"]


def test_a_change_of_state_alone_is_an_update(writer):
    sms = outbound(state=State.AT_OPERATOR, gateway_id=5)
    content = page_content(writer, sms)
    OutboundMessage.objects.filter(pk=sms.pk).update(state=State.DELIVERED)

    assert "delivered" in updates(writer, sms, content)["bubbles"][0]["html"]


def test_pausing_and_resuming_an_account_updates_waiting_messages(writer):
    sms = outbound(state=State.QUEUED)
    before = page_content(writer, sms)
    memory = AccountStateFactory(paused=True)
    during = page_content(writer, sms)

    assert "paused" in updates(writer, sms, before)["bubbles"][0]["html"]
    memory.delete()
    assert "paused" not in updates(writer, sms, during)["bubbles"][0]["html"]


def test_a_file_moved_to_the_storage_is_an_update(writer):
    sms = inbound()
    kept = MmsFileFactory(message=sms, name="a.png", content_type="image/png", content=KINDS["image/png"])
    name, kept.file = kept.file.name, ""
    kept.save()
    content = page_content(writer, sms)
    kept.file = name
    kept.save()

    assert "<img" not in content and "<img" in updates(writer, sms, content)["bubbles"][0]["html"]


def test_an_opt_out_and_a_newer_message_update_the_reply_form(writer):
    sms = inbound(seconds=1)
    content = page_content(writer, sms)
    OptOutFactory(number=KARI, sender=PSK)

    assert "opted out" in updates(writer, sms, content)["box"]
    OptOut.objects.all().delete()
    newer = inbound(seconds=2)
    assert f'value="{newer.pk}"' in updates(writer, sms, content)["box"]


def test_updates_contain_no_reply_form_without_permission_to_send(reader):
    sms = inbound()
    content = page_content(reader, sms)
    inbound()

    assert "box" not in updates(reader, sms, content)


def test_malformed_versions_of_seen_messages_are_ignored(writer):
    sms = outbound()

    for seen in ("", ",", "x", "o1", ".", "o1.2.3,,", "å.å"):
        assert writer.get(address(sms), {"part": "updates", "seen": seen}).status_code == 200


def test_the_list_can_be_requested_alone(reader):
    sms = inbound()

    for page in (LIST, address(sms)):
        piece = reader.get(page, {"part": "threads"})
        parts = piece.json()["parts"]
        assert set(parts) == {"fs-paused", "fs-tabs", "fs-threads"} and "theirs" in parts["fs-threads"]["html"]
        assert '<span class="fs-number-of">1</span>' in parts["fs-tabs"]["html"]
        assert "no-store" in piece.headers["Cache-Control"]
        seen = ",".join(f"{name}.{part['version']}" for name, part in parts.items())
        assert reader.get(page, {"part": "threads", "seen": seen}).status_code == 204
    assert 'aria-current="page"' in parts["fs-threads"]["html"]
