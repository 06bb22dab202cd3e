"""The factories for sites' tests make rows as the engine leaves them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_front_sms.models import DeliveryStatus, InboundMessage, OutboundMessage, SendAttempt
from django_front_sms.states import ACCEPTED, State
from django_front_sms.testing.factories import (
    BulkSendFactory,
    DeliveryStatusFactory,
    InboundMessageFactory,
    MmsFileFactory,
    OptOutFactory,
    OutboundMessageFactory,
    SendAttemptFactory,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_trait_with_the_rows_that_belong_to_it(state: State) -> None:
    message = OutboundMessageFactory(**{state.value: True})
    message.refresh_from_db()
    message.full_clean()
    assert message.state == state
    assert message.attempts == message.send_attempts.count()
    assert (message.gateway_id is not None) == (state in ACCEPTED)
    assert (message.sent_at is not None) == (state in ACCEPTED)
    assert (message.next_at is not None) == (state == State.QUEUED)
    assert (message.lease_until is not None) == (state == State.SENDING)
    assert message.timeline()


@pytest.mark.parametrize(
    ("state", "statuses"),
    [("sent", []), ("at_operator", [-1]), ("delivered", [-1, 4]), ("undelivered", [-1, 5])],
)
def test_an_accepted_message_has_the_statuses_that_led_to_its_state(state: str, statuses: list[int]) -> None:
    message = OutboundMessageFactory(**{state: True})
    rows = list(message.statuses.order_by("pk"))
    assert [row.status for row in rows] == statuses
    assert {row.gateway_id for row in rows} <= {message.gateway_id}
    attempt = message.send_attempts.get()
    assert (attempt.error_code, attempt.gateway_id) == (0, message.gateway_id)


def test_a_field_alone_adds_no_rows() -> None:
    OutboundMessageFactory(state=State.DELIVERED)
    assert not SendAttempt.objects.exists() and not DeliveryStatus.objects.exists()


def test_times_follow_from_the_time_of_creation() -> None:
    created = timezone.now() - timedelta(days=3)
    message = OutboundMessageFactory(delivered=True, created_at=created)
    attempt = message.send_attempts.get()
    times = [created, attempt.claimed_at, message.sent_at, message.delivered_at]
    assert times == sorted(times) and message.delivered_at - created < timedelta(minutes=1)


def test_a_duplicate_points_at_an_equal_message() -> None:
    message = OutboundMessageFactory(duplicate=True, text="Hei")
    twin = message.duplicate_of
    assert twin is not None and twin.state == State.SENT
    assert (twin.recipient, twin.sender, twin.text) == (message.recipient, message.sender, "Hei")


def test_two_messages_are_no_twins(front_sms) -> None:
    OutboundMessageFactory.create_batch(3)
    assert len(front_sms.outbox) == 3


def test_a_queued_message_is_sent_by_the_engine(front_sms) -> None:
    message = OutboundMessageFactory(text="Hei")
    assert [sms.text for sms in front_sms.outbox] == ["Hei"]
    message.refresh_from_db()
    assert message.state == State.SENT


def test_an_attempt_is_the_next_one_of_its_message() -> None:
    message = OutboundMessageFactory()
    SendAttemptFactory(message=message, ambiguous=True)
    SendAttemptFactory(message=message, accepted=True)
    numbers = message.send_attempts.values_list("number", "outcome")
    assert list(numbers) == [(1, "ambiguous"), (2, "answered")]


@pytest.mark.parametrize("outcome", SendAttempt.Outcome)
def test_every_outcome_has_a_trait(outcome: str) -> None:
    assert SendAttemptFactory(**{outcome: True}).outcome == outcome


def test_a_status_may_belong_to_no_known_message() -> None:
    status = DeliveryStatusFactory(message=None, gateway_id=7, undelivered=True)
    assert (status.account, status.gateway_id, status.status, bytes(status.raw)) == (
        "default", 7, 5, b"status=5&origid=7",
    )  # fmt: skip
    assert not OutboundMessage.objects.exists()


def test_an_inbound_message_has_its_keyword_and_may_be_a_reply() -> None:
    reply = InboundMessageFactory(text="ja takk", reply=True)
    assert reply.keyword == "JA"
    question = reply.in_reply_to
    assert question is not None
    assert (question.recipient, question.sender) == (reply.sender, reply.recipient)
    assert question.sent_at is not None and question.sent_at < reply.received_at


def test_an_mms_has_a_file_in_storage() -> None:
    mms = InboundMessageFactory(mms=True)
    picture = mms.files.get()
    with picture.file.open() as file:
        assert len(file.read()) == picture.size
    note = MmsFileFactory(message=mms, content=b"Hei", name="note.txt", content_type="text/plain")
    assert (note.position, note.size) == (1, 3)


def test_an_unreadable_message_says_what_is_wrong() -> None:
    InboundMessageFactory(unreadable=True)
    assert InboundMessage.objects.exclude(problem="").count() == 1


def test_a_bulk_send_has_messages_without_ids() -> None:
    bulk = BulkSendFactory(messages=3)
    bulk.refresh_from_db()
    assert bulk.recipients == bulk.messages.filter(gateway_id=None, state=State.SENT).count() == 3


def test_an_opt_out_may_come_from_a_message() -> None:
    assert OptOutFactory().sender == ""
    opt_out = OptOutFactory(by_message=True)
    message = opt_out.message
    assert message is not None
    assert (message.sender, message.recipient, message.keyword) == (opt_out.number, opt_out.sender, "STOP")


def test_a_row_can_be_built_without_a_database_row() -> None:
    assert OutboundMessageFactory.build(text="Hei").pk is None
    assert not OutboundMessage.objects.exists()
