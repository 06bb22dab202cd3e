"""The number of queries of the conversation pages."""

import pytest

from django_front_sms.conversations import pages
from django_front_sms.models import InboundMessage, OutboundMessage
from django_front_sms.states import State
from tests.admin.conversations.conversation_page import LIST, address
from tests.admin.conversations.conversation_rows import KARI, OLA, inbound, outbound
from tests.factories import DeliveryStatusFactory, MmsFileFactory, SendAttemptFactory, at

pytestmark = pytest.mark.django_db


def fill(n: int) -> None:
    for second in range(n):
        SendAttemptFactory(
            message=outbound(KARI, second, state=State.DELIVERED, gateway_id=second), number=1, claimed_at=at(second)
        )
        DeliveryStatusFactory(message=OutboundMessage.objects.latest("pk"), status=4, received_at=at(second))
        MmsFileFactory(message=inbound(KARI, second), name="a.txt", content_type="text/plain", content=b"a")
        (
            outbound(f"+479999{second:04}", second),
            MmsFileFactory(
                message=inbound(f"+479998{second:04}", second), name="a.txt", content_type="text/plain", content=b"a"
            ),
        )


@pytest.mark.parametrize("part", [None, "updates", "threads"])
def test_the_number_of_queries_does_not_depend_on_the_number_of_messages(writer, django_assert_max_num_queries, part):
    query = {"part": part} if part else {}
    fill(1)
    sms = outbound()
    writer.get(address(sms), query)
    with django_assert_max_num_queries(20) as first:
        writer.get(address(sms), query)
    fill(15)
    with django_assert_max_num_queries(len(first)) as many:
        writer.get(address(sms), query)
    assert not any('"raw"' in query["sql"] or "`raw`" in query["sql"] for query in many.captured_queries)


@pytest.mark.parametrize("wrote", ["both", "we", "they"])
def test_a_conversation_takes_at_most_twelve_queries(writer, django_assert_max_num_queries, wrote):
    fill(3)
    if wrote != "they":
        answered = [outbound(OLA, 100 + n, text=str(n)) for n in range(50)]
    if wrote != "we":
        MmsFileFactory(
            message=inbound(OLA, 200, in_reply_to=answered[0] if wrote == "both" else None),
            name="a.txt",
            content_type="text/plain",
            content=b"a",
        )
    row = (InboundMessage if wrote == "they" else OutboundMessage).objects.latest("pk")
    writer.get(address(row))

    for _ in range(2):
        with django_assert_max_num_queries(12):
            writer.get(address(row))


def test_the_number_of_queries_of_the_list_is_constant(reader, django_assert_max_num_queries, monkeypatch):
    fill(1)
    reader.get(LIST)
    with django_assert_max_num_queries(12) as first:
        reader.get(LIST)
    fill(15)
    with django_assert_max_num_queries(len(first)):
        reader.get(LIST)
    assert pages.CHUNK >= 100  # one chunk of each table fills a page of people
