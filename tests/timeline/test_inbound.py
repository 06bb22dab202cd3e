"""The timeline of an inbound message."""

import pytest

from django_front_sms.timeline import of_inbound
from tests.factories import InboundMessageFactory, MmsFileFactory, OutboundMessageFactory, at

pytestmark = pytest.mark.django_db


def test_an_inbound_message_tells_how_it_came_and_what_it_answers():
    answered = OutboundMessageFactory(retried=True)
    sms = InboundMessageFactory(in_reply_to=answered, problem="keyword is missing")
    MmsFileFactory(message=sms, name="image01.jpg", content_type="image/jpeg", content=b"\xff\xd8\xff")
    OutboundMessageFactory(reply_to=sms, created_at=at(50))

    entries = {entry.kind: entry for entry in of_inbound(sms)}

    assert list(entries) == ["sent", "received", "problem", "reply", "answer"]
    assert entries["received"].detail == "It has 1 file."
    assert entries["received"].technical == "Over the JSON API."
    assert entries["problem"].detail == "keyword is missing"
    assert entries["reply"].ref == f"out:{answered.pk}"


def test_an_inbound_message_that_no_worker_saw_yet_says_so():
    assert of_inbound(InboundMessageFactory(process_at=at(1)))[-1].kind == "waiting"
