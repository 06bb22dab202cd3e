"""The page of an outbound message, and texts that are sensitive."""

import pytest

from django_front_sms.models.outbound import HIDDEN_TEXT
from tests.factories import OutboundMessageFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/front_sms/outboundmessage/"


def test_the_timeline_comes_first_and_technical_details_are_collapsed(viewer):
    row = OutboundMessageFactory(retried=True, idempotency_key="order-7", metadata={"order": 7})

    content = viewer.get(f"{LIST}{row.pk}/change/").content.decode()
    shown, _summary, folded = content.partition('<details class="fs-card fs-technical">')

    assert "What happened" in shown and "Delivered" in shown
    for technical in ("order-7", "145099", "{&quot;order&quot;: 7}"):
        assert technical in folded.partition("</details>")[0] and technical not in shown.partition("fs-timeline-box")[0]


def test_times_on_a_page_have_the_same_format(viewer):
    row = OutboundMessageFactory(retried=True)

    content = viewer.get(f"{LIST}{row.pk}/change/").content.decode()

    assert "March 2, 2026 13:00:23" in content and "p.m." not in content


PAGES = ("{list}", "{list}{pk}/change/", "{list}{pk}/action/send_anyway/", "/admin/front_sms/dashboard/")


@pytest.mark.parametrize("page", PAGES)
def test_a_sensitive_text_is_on_no_page(admin_client, page):
    sms = OutboundMessageFactory(unconfirmed=True, text="Koden er 123456", sensitive=True)
    address = page.format(list=LIST, pk=sms.pk)

    method = admin_client.post if "action" in page else admin_client.get
    content = method(address, follow=True).content.decode()

    assert sms.recipient in content.replace(" ", "")
    assert "123456" not in content


def test_a_sensitive_text_is_not_exported(admin_client):
    OutboundMessageFactory(text="Koden er 123456", sensitive=True)
    OutboundMessageFactory(text="Hei på deg")

    answer = admin_client.post(f"{LIST}export/", {"format": "comma"})
    content = b"".join(answer.streaming_content).decode()

    assert "123456" not in content
    assert HIDDEN_TEXT in content and "Hei på deg" in content
