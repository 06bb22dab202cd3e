"""Sending with the real client to the simulator, over HTTP."""

from collections.abc import Iterator

import pytest

from django_front_sms import send_sms
from django_front_sms.gateway.client import Client
from django_front_sms.gateway.submit import Sms
from django_front_sms.models import Event, OutboundMessage
from django_front_sms.outbox import executor, sweep
from django_front_sms.simulator import Simulator
from django_front_sms.simulator.chaos import Fault, FaultKind
from django_front_sms.tasks import deliver_events, dispatch
from tests.clock import FakeClock
from tests.configuration import configure
from tests.outbox.rows import account_state, outcomes, reloaded
from tests.outbox.worker_steps import claim_one

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def simulator(settings) -> Iterator[Simulator]:
    with Simulator() as simulator:
        configure(settings, GATEWAY_URL=simulator.url)
        executor._client.cache_clear()
        yield simulator


@pytest.mark.parametrize("transport", ["json", "get"])
@pytest.mark.parametrize("text", ["Test æøå ÆØÅ", "100 % & ærlig + €uro?", "Snømann ☃ 🎄"])
def test_a_text_arrives_as_it_was_written(settings, simulator: Simulator, transport: str, text: str):
    configure(settings, TRANSPORT=transport)
    row = send_sms("+4799999999", text)
    assert dispatch() == 1
    row = reloaded(row)
    (arrived,) = simulator.network.messages.values()
    assert (arrived.text, arrived.recipient, arrived.sender) == (text, "+4799999999", "Mitt Firma")
    assert (row.state, row.gateway_id) == ("sent", arrived.id)


@pytest.mark.parametrize("transport", ["json", "get"])
@pytest.mark.parametrize(("code", "options"), [(3, {"sender": "Ukjent"}), (6, {"price": 500})])
def test_a_refusal_is_recorded_with_its_code(settings, simulator: Simulator, transport: str, code: int, options: dict):
    configure(settings, TRANSPORT=transport)
    row = send_sms("+4799999999", "Test", **options)
    dispatch()
    assert (reloaded(row).state, reloaded(row).error_code) == ("rejected", code)
    assert not simulator.network.messages


def test_a_wrong_service_id_pauses_the_account_until_it_is_corrected(settings, simulator: Simulator):
    configure(settings, SERVICE_ID=9999)
    row = send_sms("+4799999999", "Test")
    dispatch()
    assert (reloaded(row).state, account_state().pause_code) == ("queued", 7)
    configure(settings, SERVICE_ID=1234)
    dispatch()
    assert reloaded(row).state == "sent"


def test_a_twin_waits_and_is_not_refused(simulator: Simulator):
    first, second = send_sms("+4799999999", "Test"), send_sms("+4799999999", "Test")
    dispatch()
    assert (reloaded(first).state, reloaded(second).state) == ("sent", "queued")
    assert outcomes(second) == []


def test_a_message_waits_for_the_window_of_another_systems_twin(simulator: Simulator):
    """Another system sent the same: Front answers 17, and the message waits for the end of the window."""
    with Client(simulator.url) as other:
        other.send(Sms(service_id=1234, sender="Mitt Firma", recipient="+4799999999", text="Test"))
    row = send_sms("+4799999999", "Test")
    dispatch()
    assert (reloaded(row).state, reloaded(row).waits_for, reloaded(row).error_code) == ("queued", "twin", 17)


def test_without_a_listening_gateway_no_message_is_at_risk(settings):
    executor._client.cache_clear()
    row = send_sms("+4799999999", "Test")
    assert dispatch() == 1
    assert (reloaded(row).state, reloaded(row).risk_at, outcomes(row)) == ("queued", None, ["not_sent"])


@pytest.mark.parametrize("kind", [FaultKind.TRUNCATED, FaultKind.RESET, FaultKind.GARBAGE, FaultKind.ERROR])
def test_an_accepted_message_without_an_answer_is_resent_and_code_17_confirms_it(
    simulator: Simulator, clock: FakeClock, kind: FaultKind
):
    simulator.chaos.plan(Fault(kind, accepted=True))
    row = send_sms("+4799999999", "Test")
    dispatch()
    assert (reloaded(row).state, outcomes(row)) == ("queued", ["ambiguous"])
    clock.advance(5)
    dispatch()
    assert (reloaded(row).state, reloaded(row).gateway_id) == ("sent", None)
    assert len(simulator.network.messages) == 1


def test_an_expired_claim_is_rescued_and_sent_again(simulator: Simulator, clock: FakeClock):
    row = send_sms("+4799999999", "Test")
    claim_one()
    clock.advance(30)
    sweep()
    clock.advance(5)
    dispatch()
    assert reloaded(row).state == "sent"
    assert OutboundMessage.objects.get().attempts == 2


def test_receivers_get_the_state_changes(simulator: Simulator):
    send_sms("+4799999999", "Test")
    dispatch()
    deliver_events()
    assert not Event.objects.filter(next_at__isnull=False).exists()
