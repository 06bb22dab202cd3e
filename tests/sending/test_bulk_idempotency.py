"""A bulk send, or a message sent again, that is asked for twice by one idempotency key."""

import pytest

from django_front_sms import send_bulk_sms, send_sms, sending
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import BulkSend, OutboundMessage
from tests.factories import OptOutFactory

NUMBERS = ["+4799999999", "+4799999998"]

pytestmark = pytest.mark.django_db


def test_the_same_key_gives_the_same_bulk_send() -> None:
    first = send_bulk_sms(NUMBERS, "Test", idempotency_key="a")
    again = send_bulk_sms([*reversed(NUMBERS), "0047 99 99 99 99"], "Test", idempotency_key="a")
    assert again.pk == first.pk
    assert OutboundMessage.objects.count() == 2


def test_without_a_key_each_call_sends() -> None:
    send_bulk_sms(NUMBERS, "Test", idempotency_key="")
    send_bulk_sms(NUMBERS, "Test")
    assert BulkSend.objects.count() == 2


@pytest.mark.parametrize("other", [{"text": "B"}, {"to": NUMBERS[:1]}, {"sender": "B"}])
def test_the_same_key_with_another_bulk_send_is_refused(other: dict) -> None:
    send_bulk_sms(NUMBERS, "Test", idempotency_key="a")
    with pytest.raises(InvalidMessage) as raised:
        send_bulk_sms(**{"to": NUMBERS, "text": "Test", "idempotency_key": "a", **other})
    assert (raised.value.code, raised.value.index) == ("idempotency_mismatch", None)
    assert BulkSend.objects.count() == 1


def test_a_later_opt_out_does_not_change_the_identity_of_a_bulk_send() -> None:
    first = send_bulk_sms(NUMBERS, "Test", idempotency_key="a")
    OptOutFactory(number=NUMBERS[0])
    assert send_bulk_sms(NUMBERS, "Test", idempotency_key="a").pk == first.pk


def test_a_key_stored_by_a_concurrent_call_returns_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    first = send_bulk_sms(NUMBERS, "Test", idempotency_key="a")
    look, looks = sending.bulk._earlier, []

    def blind_at_first(bulk: BulkSend, *, latest: bool = False) -> BulkSend | None:
        looks.append(bulk)
        return None if len(looks) == 1 else look(bulk)

    monkeypatch.setattr(sending.bulk, "_earlier", blind_at_first)
    assert send_bulk_sms(NUMBERS, "Test", idempotency_key="a").pk == first.pk
    assert OutboundMessage.objects.count() == 2


def test_sending_again_by_the_same_key_sends_once() -> None:
    message = send_sms(NUMBERS[0], "Test")
    message.cancel()
    first = message.resend(idempotency_key="again")
    assert message.resend(idempotency_key="again").pk == first.pk
    assert OutboundMessage.objects.count() == 2
