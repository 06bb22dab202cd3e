"""Statuses and refused pushes, as staff see them."""

import pytest

from django_front_sms.models import RefusedPush
from django_front_sms.states import State
from tests.factories import BulkSendFactory, DeliveryStatusFactory, OutboundMessageFactory, at

pytestmark = pytest.mark.django_db

LIST = "/admin/front_sms/deliverystatus/"


def found(browser, **query) -> list[int]:
    return [row.pk for row in browser.get(LIST, query).context["cl"].result_list]


def test_statuses_of_unknown_messages_and_those_with_problems_can_be_filtered_out(viewer):
    known = DeliveryStatusFactory(
        message=OutboundMessageFactory(state=State.DELIVERED, gateway_id=1), status=4, received_at=at(1)
    )
    unknown = DeliveryStatusFactory(message=None, status=4, received_at=at(2), gateway_id=2)
    broken = DeliveryStatusFactory(message=None, status=None, received_at=at(3), problem="no origid")

    assert found(viewer, matched="yes") == [known.pk]
    assert found(viewer, matched="no") == [broken.pk, unknown.pk]
    assert found(viewer, problem="yes") == [broken.pk]


def test_a_status_is_found_by_fronts_id(viewer):
    DeliveryStatusFactory(message=None, status=4, received_at=at(1), gateway_id=145098)
    wanted = DeliveryStatusFactory(message=None, status=4, received_at=at(2), gateway_id=145099)

    assert found(viewer, q="145099") == [wanted.pk]
    assert found(viewer, q="abc") == []


def test_a_status_is_shown_in_words_and_with_its_raw_push(viewer):
    row = DeliveryStatusFactory(message=None, status=7, received_at=at(1), gateway_id=145099)

    content = viewer.get(f"{LIST}{row.pk}/change/").content.decode()

    assert "Front sent status 7, which is newer than this package" in content
    assert "status=7&amp;origid=145099" in content


def test_a_refused_push_says_what_to_do(viewer):
    row = RefusedPush.objects.create(account="default", purpose="inbound", size=30_000_000, limit=26_214_400)

    content = viewer.get(f"/admin/front_sms/refusedpush/{row.pk}/change/").content.decode()

    assert "Raise MAX_INBOUND_BYTES" in content and "28.6" in content


def test_a_bulk_send_shows_its_messages_by_state_with_links(viewer):
    bulk = BulkSendFactory(text="Hei", recipients=3)
    sent = [OutboundMessageFactory(bulk=bulk, state=State.SENT) for _ in range(2)]
    OutboundMessageFactory(bulk=bulk, state=State.REJECTED)
    OutboundMessageFactory(state=State.SENT)

    content = viewer.get(f"/admin/front_sms/bulksend/{bulk.pk}/change/").content.decode()
    link = f"/admin/front_sms/outboundmessage/?bulk__exact={bulk.pk}&state__exact=sent"

    assert link.replace("&", "&amp;") in content and "<b>2</b>" in content
    assert [row.pk for row in viewer.get(link).context["cl"].result_list] == [row.pk for row in reversed(sent)]


@pytest.mark.parametrize("beyond", ["9" * 30, "9" * 5000, "x", ""])
def test_a_bulk_send_is_found_by_its_id_and_an_impossible_id_finds_nothing(viewer, beyond):
    bulk = BulkSendFactory(text="Hei", recipients=3)
    listed = "/admin/front_sms/bulksend/"

    assert [row.pk for row in viewer.get(listed, {"q": f"#{bulk.pk}"}).context["cl"].result_list] == [bulk.pk]
    assert not viewer.get(listed, {"q": f"#{beyond}"}).context["cl"].result_list
