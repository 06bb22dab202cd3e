"""One text to many numbers, over HTTP against the simulator (§2.4)."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from django_front_sms import send_bulk_sms
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.gateway.client import ExchangeResult, ResultKind
from django_front_sms.gateway.submit import BulkAnswer, BulkSms
from django_front_sms.models import AccountState, BulkSend, OutboundMessage
from django_front_sms.sending import metadata as metadata_module
from django_front_sms.simulator import Simulator
from django_front_sms.tasks import dispatch


class Scripted:
    """A client that returns one result for every bulk request, and counts the requests."""

    outcome = ExchangeResult(kind=ResultKind.NOT_SENT)
    requests: ClassVar[list[BulkSms]] = []

    def __init__(self, gateway_url: str, *, timeout: float, max_connections: int) -> None: ...

    def send_bulk(self, bulk: BulkSms, *, may_write: Callable[[], bool] | None = None) -> ExchangeResult:
        self.requests.append(bulk)
        return self.outcome


@pytest.fixture
def scripted(settings) -> type[Scripted]:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "CLIENT": "tests.sending.test_bulk.Scripted"}
    Scripted.requests.clear()
    return Scripted


NUMBERS = ["+4799999999", "0047 99 99 99 98", "99999999", "+4799999997"]


@pytest.fixture
def simulator(settings) -> Iterator[Simulator]:
    with Simulator() as simulator:
        account = {**settings.FRONT_SMS["ACCOUNTS"]["default"], "GATEWAY_URL": simulator.url}
        settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNTS": {"default": account}}
        yield simulator


def states(bulk: BulkSend) -> dict[str, str]:
    return dict(OutboundMessage.objects.filter(bulk=bulk).values_list("recipient", "state"))


@pytest.mark.django_db(transaction=True)
def test_each_distinct_number_gets_one_row_and_one_sms(simulator: Simulator) -> None:
    bulk = send_bulk_sms(NUMBERS, "Test æøå ÆØÅ")
    assert bulk.recipients == 3
    dispatch()
    assert states(bulk) == {"+4799999999": "sent", "+4799999998": "sent", "+4799999997": "sent"}
    assert sorted(m.recipient for m in simulator.network.messages.values()) == [
        "+4799999997",
        "+4799999998",
        "+4799999999",
    ]
    assert not OutboundMessage.objects.filter(gateway_id__isnull=False).exists()


@pytest.mark.django_db(transaction=True)
def test_many_numbers_go_in_several_requests(simulator: Simulator) -> None:
    bulk = send_bulk_sms([f"+4741{n:06}" for n in range(450)], "Test")
    dispatch()
    assert set(states(bulk).values()) == {"sent"}
    assert len(simulator.network.messages) == 450
    assert OutboundMessage.objects.filter(bulk=bulk).exclude(attempts=1).count() == 0


@pytest.mark.django_db
def test_numbers_that_cannot_be_read_are_named_and_nothing_is_stored() -> None:
    with pytest.raises(InvalidMessage) as caught:
        send_bulk_sms(["+4799999999", "abc", "12"], "Test")
    assert (caught.value.code, caught.value.invalid) == ("invalid_recipient", ["abc", "12"])
    assert not BulkSend.objects.exists()
    assert not OutboundMessage.objects.exists()


@pytest.mark.django_db
def test_numbers_that_cannot_be_read_are_left_out_with_skip_invalid() -> None:
    assert send_bulk_sms(["+4799999999", "abc"], "Test", skip_invalid=True).recipients == 1
    with pytest.raises(InvalidMessage) as caught:
        send_bulk_sms(["abc"], "Test", skip_invalid=True)
    assert caught.value.code == "no_recipients"


@pytest.mark.django_db
def test_bulk_does_not_replace_characters() -> None:
    with pytest.raises(InvalidMessage) as caught:
        send_bulk_sms(["+4799999999"], "Test 😊", unicode=False)
    assert caught.value.code == "not_gsm"
    assert send_bulk_sms(["+4799999999"], "Test 😊").unicode is True


def answered(code: int, status: int, **lists: tuple[str, ...]) -> ExchangeResult:
    answer = BulkAnswer(errorcode=code, description="", **{"invalid": (), "duplicates": (), **lists})
    return ExchangeResult(kind=ResultKind.ANSWERED, answer=answer, http_status=status)


@pytest.mark.django_db(transaction=True)
def test_invalid_and_duplicate_numbers_of_an_accepted_request_end_by_themselves(scripted: type[Scripted]) -> None:
    scripted.outcome = answered(0, 201, invalid=("+4799999998",), duplicates=("+4799999997",))
    bulk = send_bulk_sms(NUMBERS, "Test")
    dispatch()
    assert states(bulk) == {"+4799999999": "sent", "+4799999998": "rejected", "+4799999997": "duplicate"}
    assert OutboundMessage.objects.get(recipient="+4799999998").error_code == 1
    assert len(scripted.requests) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("left_out", ["4799999998", "99999998", "0047 99999998"])
def test_a_number_that_front_leaves_out_is_recognised_in_any_form(scripted: type[Scripted], left_out: str) -> None:
    scripted.outcome = answered(0, 201, invalid=(left_out,))
    bulk = send_bulk_sms(NUMBERS, "Test")
    dispatch()
    assert states(bulk) == {"+4799999999": "sent", "+4799999998": "rejected", "+4799999997": "sent"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("lists", [{"invalid": ("+4712345678",)}, {"duplicates": ("n/a",)}])
def test_an_unknown_number_in_a_bulk_answer_leaves_every_row_unconfirmed(
    scripted: type[Scripted], lists: dict[str, tuple[str, ...]]
) -> None:
    scripted.outcome = answered(0, 201, **lists)
    bulk = send_bulk_sms(NUMBERS, "Test")
    dispatch()
    assert set(states(bulk).values()) == {"unconfirmed"}
    assert "not clearly one of the recipients" in OutboundMessage.objects.first().error_text


@pytest.mark.django_db(transaction=True)
def test_an_unclear_answer_leaves_every_row_unconfirmed_and_is_never_repeated(scripted: type[Scripted]) -> None:
    scripted.outcome = ExchangeResult(kind=ResultKind.AMBIGUOUS, detail="no answer in time", http_status=None)
    bulk = send_bulk_sms(NUMBERS, "Test")
    dispatch()
    dispatch()
    assert set(states(bulk).values()) == {"unconfirmed"}
    assert len(scripted.requests) == 1


@pytest.mark.django_db(transaction=True)
def test_a_refusal_of_the_text_rejects_every_row(scripted: type[Scripted]) -> None:
    scripted.outcome = answered(3, 400)
    bulk = send_bulk_sms(NUMBERS, "Test")
    dispatch()
    assert set(states(bulk).values()) == {"rejected"}
    assert set(OutboundMessage.objects.values_list("error_code", flat=True)) == {3}


@pytest.mark.django_db(transaction=True)
def test_a_refusal_of_the_account_pauses_it_and_keeps_every_row(scripted: type[Scripted]) -> None:
    scripted.outcome = answered(13, 403)
    bulk = send_bulk_sms(NUMBERS, "Test")
    dispatch()
    assert set(states(bulk).values()) == {"queued"}
    assert AccountState.objects.get().pause_code == 13
    assert len(scripted.requests) == 1


@pytest.mark.django_db(transaction=True)
def test_a_number_that_just_received_the_text_waits_for_the_duplicate_window(scripted: type[Scripted]) -> None:
    scripted.outcome = answered(0, 201)
    send_bulk_sms(NUMBERS[:1], "Test")
    dispatch()
    bulk = send_bulk_sms(NUMBERS, "Test")
    dispatch()
    assert states(bulk) == {"+4799999999": "queued", "+4799999998": "sent", "+4799999997": "sent"}
    assert scripted.requests[1].recipients == ("+4799999998", "+4799999997")


@pytest.mark.django_db
def test_metadata_is_checked_once_and_kept_with_each_message(hints, monkeypatch):
    checked: list[Any] = []
    monkeypatch.setattr(metadata_module, "is_storable", lambda value, *levels: checked.append(value) or True)
    bulk = send_bulk_sms([f"+479000000{n}" for n in range(10)], "Hei", metadata={"a": [1]})
    assert len([value for value in checked if value]) == 1
    assert [bulk.metadata, *bulk.messages.values_list("metadata", flat=True)] == [{"a": [1]}] * 11
